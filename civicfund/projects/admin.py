"""Projects in the admin: to look at; a project changes on its own pages."""

from __future__ import annotations

from django.contrib import admin

from civicfund.audit.admin import ReadOnlyAdmin, ReadOnlyInline
from civicfund.people.enums import Role
from civicfund.projects.models import CostLine, Merge, Offer, Project, Version


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
        "merged_into",
        "created_at",
        "updated_at",
    )
    list_display = ("title", "state", "category", "neighborhood", "proposer", "created_at")
    list_filter = ("state", "category")
    list_select_related = ("neighborhood", "proposer")
    search_fields = ("title",)
    ordering = ("-created_at", "-pk")
    inlines = (CostLineInline,)


@admin.register(Version)
class VersionAdmin(ReadOnlyAdmin[Version]):
    """What projects said, change by change."""

    readers = frozenset({Role.BUDGET_ADMINISTRATOR, Role.REVIEWER, Role.MODERATOR})
    list_display = ("project", "number", "at", "author", "helper", "restored", "is_public")
    list_filter = ("is_public",)
    list_select_related = ("project", "author", "helper")
    ordering = ("-pk",)


@admin.register(Offer)
class OfferAdmin(ReadOnlyAdmin[Offer]):
    """What people offered to projects."""

    readers = frozenset({Role.BUDGET_ADMINISTRATOR, Role.MODERATOR})
    list_display = ("project", "part", "by", "state", "offered_at", "decided_at")
    list_filter = ("state", "part")
    list_select_related = ("project", "by")
    ordering = ("-pk",)


@admin.register(Merge)
class MergeAdmin(ReadOnlyAdmin[Merge]):
    """Which projects became part of which, and why."""

    readers = frozenset({Role.BUDGET_ADMINISTRATOR, Role.REVIEWER, Role.MODERATOR})
    list_display = ("project", "into", "state", "asked_by", "decided_by", "by_moderator")
    list_filter = ("state", "by_moderator")
    list_select_related = ("project", "into", "asked_by", "decided_by")
    ordering = ("-pk",)
