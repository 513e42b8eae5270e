"""Projects in the admin: to look at; a project changes on its own pages.

Nobody sees more of them here than everybody does there: a draft, what was withdrawn and what was
offered and not taken are between those who write it and those who offered.
"""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from civicfund.audit.admin import ReadOnlyAdmin, ReadOnlyInline
from civicfund.audit.models import Event
from civicfund.people.enums import Role
from civicfund.projects.access import authored_by
from civicfund.projects.enums import PUBLIC_STATES, MergeState, OfferState
from civicfund.projects.models import (
    CostLine,
    Merge,
    Offer,
    Project,
    ProjectFlag,
    ProjectHiding,
    Version,
)
from civicfund.projects.selectors.moderation import told_to_staff


def _own(request: HttpRequest) -> QuerySet[Project, int]:
    """The keys of what the reader writes."""
    reader = request.user.pk or 0
    return Project.objects.filter(authored_by(reader)).order_by().values_list("pk", flat=True)


class CostLineInline(ReadOnlyInline[CostLine, Project]):
    """What the project is said to cost."""

    model = CostLine
    fields = ("position", "label", "amount_minor")


@admin.register(Project)
class ProjectAdmin(ReadOnlyAdmin[Project]):
    """What residents proposed."""

    readers = frozenset({Role.BUDGET_ADMINISTRATOR, Role.REVIEWER, Role.MODERATOR})
    shown = (
        "state",
        "title",
        "summary",
        "story",
        "category",
        "neighborhood",
        "latitude",
        "longitude",
        "address",
        "running_minor",
        "lifetime_years",
        "wanted",
        "copied_from",
        "proposer",
        "handed_in_by",
        "merged_into",
        "published_at",
        "updated_at",
    )
    list_display = ("title", "state", "category", "neighborhood", "proposer", "published_at")
    list_filter = ("state", "category")
    list_select_related = ("neighborhood", "proposer")
    search_fields = ("title",)
    ordering = ("-published_at", "-pk")
    inlines = (CostLineInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Project]:
        """Those with a public page."""
        return super().get_queryset(request).filter(state__in=PUBLIC_STATES)

    def events(self, row: Project) -> QuerySet[Event]:
        """What its pages say anyway, and what the staff did."""
        return told_to_staff(row)


@admin.register(Version)
class VersionAdmin(ReadOnlyAdmin[Version]):
    """What projects said, change by change."""

    readers = frozenset({Role.BUDGET_ADMINISTRATOR, Role.REVIEWER, Role.MODERATOR})
    list_display = ("project", "number", "at", "author", "helper", "restored")
    list_select_related = ("project", "author", "helper")
    ordering = ("-pk",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Version]:
        """Those that stand in a public history: none of a draft, none from before publication.

        What a moderator has taken down is for moderators.
        """
        rows = super().get_queryset(request)
        rows = rows.filter(is_public=True, project__state__in=PUBLIC_STATES)
        if self.holds(request, [Role.MODERATOR]):
            return rows
        return rows.filter(pk__in=Version.objects.unveiled().order_by().values("pk"))


@admin.register(Offer)
class OfferAdmin(ReadOnlyAdmin[Offer]):
    """Who made a project better; the words of an offer are for its authors."""

    readers = frozenset({Role.BUDGET_ADMINISTRATOR, Role.MODERATOR})
    shown = ("project", "part", "by", "offered_at", "decided_at")
    list_display = shown
    list_filter = ("part",)
    list_select_related = ("project", "by")
    ordering = ("-pk",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Offer]:
        """What was taken into a public project."""
        rows = super().get_queryset(request).filter(state=OfferState.ACCEPTED)
        return rows.filter(project__state__in=PUBLIC_STATES)


@admin.register(Merge)
class MergeAdmin(ReadOnlyAdmin[Merge]):
    """Which projects became part of which, and why."""

    readers = frozenset({Role.BUDGET_ADMINISTRATOR, Role.REVIEWER, Role.MODERATOR})
    list_display = ("project", "into", "state", "asked_by", "decided_by", "by_moderator")
    list_filter = ("state", "by_moderator")
    list_select_related = ("project", "into", "asked_by", "decided_by")
    ordering = ("-pk",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Merge]:
        """Of public projects; what was asked and not agreed to is between their proposers."""
        rows = super().get_queryset(request)
        rows = rows.filter(state__in=[MergeState.AGREED, MergeState.UNDONE])
        return rows.filter(project__state__in=PUBLIC_STATES, into__state__in=PUBLIC_STATES)


@admin.register(ProjectFlag)
class ProjectFlagAdmin(ReadOnlyAdmin[ProjectFlag]):
    """What people find wrong with projects, never who; moderators act at their desk."""

    readers = frozenset({Role.MODERATOR})
    shown = ("project", "reason", "other", "words", "created_at", "handled_at")
    list_display = ("id", "project", "reason", "created_at", "handled_at")
    list_filter = ("reason", ("handled_at", admin.EmptyFieldListFilter))
    list_select_related = ("project",)
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ProjectFlag]:
        """None of what the reader writes."""
        return super().get_queryset(request).exclude(project__in=_own(request))


@admin.register(ProjectHiding)
class ProjectHidingAdmin(ReadOnlyAdmin[ProjectHiding]):
    """What moderators hid, and what was decided on appeals."""

    readers = frozenset({Role.MODERATOR})
    list_display = ("project", "reason", "hidden_by", "hidden_at", "outcome", "lifted_at")
    list_filter = ("reason", "outcome", ("lifted_at", admin.EmptyFieldListFilter))
    list_select_related = ("project", "hidden_by")
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ProjectHiding]:
        """None of what the reader writes."""
        return super().get_queryset(request).exclude(project__in=_own(request))
