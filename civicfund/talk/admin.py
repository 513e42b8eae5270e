"""What people say, in the admin: to look at."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from civicfund.audit.admin import ReadOnlyAdmin
from civicfund.audit.models import Event
from civicfund.people.enums import Role
from civicfund.projects.access import authored_by
from civicfund.projects.models import Project
from civicfund.talk.enums import SubjectKind
from civicfund.talk.models import Comment, Flag, Hiding, Thread
from civicfund.talk.selectors.desks import told_to_staff


def _of_others(request: HttpRequest) -> QuerySet[Comment, int]:
    """The keys of what neither the reader said nor anybody about a project that they write."""
    reader = request.user.pk or 0
    own = Project.objects.filter(authored_by(reader)).order_by().values("pk")
    threads = Thread.objects.filter(kind=SubjectKind.PROJECT, subject_id__in=own).values("pk")
    said = Comment.objects.exclude(author=reader).exclude(thread__in=threads).order_by()
    return said.values_list("pk", flat=True)


@admin.register(Comment)
class CommentAdmin(ReadOnlyAdmin[Comment]):
    """What people said; moderators act at their desk."""

    readers = frozenset({Role.MODERATOR})
    list_display = ("id", "thread", "author", "created_at", "edited_at", "deleted_at")
    list_filter = ("thread__kind", ("deleted_at", admin.EmptyFieldListFilter))
    list_select_related = ("thread", "author")
    ordering = ("-id",)
    show_full_result_count = False

    def events(self, row: Comment) -> QuerySet[Event]:
        """All but who reported it."""
        return told_to_staff(row)


@admin.register(Flag)
class FlagAdmin(ReadOnlyAdmin[Flag]):
    """What people find wrong, never who; moderators act at their desk."""

    readers = frozenset({Role.MODERATOR})
    shown = ("comment", "reason", "words", "created_at", "handled_at")
    list_display = ("id", "comment", "reason", "created_at", "handled_at")
    list_filter = ("reason", ("handled_at", admin.EmptyFieldListFilter))
    list_select_related = ("comment",)
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Flag]:
        """None of what the reader said, nor of what was said of a project that they write."""
        return super().get_queryset(request).filter(comment__in=_of_others(request))


@admin.register(Hiding)
class HidingAdmin(ReadOnlyAdmin[Hiding]):
    """What moderators hid, and what was decided on appeals."""

    readers = frozenset({Role.MODERATOR})
    list_display = ("comment", "reason", "hidden_by", "hidden_at", "outcome", "lifted_at")
    list_filter = ("reason", "outcome", ("lifted_at", admin.EmptyFieldListFilter))
    list_select_related = ("comment", "hidden_by")
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Hiding]:
        """The same of what was hidden."""
        return super().get_queryset(request).filter(comment__in=_of_others(request))
