"""What people say, in the admin: to look at."""

from __future__ import annotations

from django.contrib import admin

from civicfund.audit.admin import ReadOnlyAdmin
from civicfund.people.enums import Role
from civicfund.talk.models import Comment


@admin.register(Comment)
class CommentAdmin(ReadOnlyAdmin[Comment]):
    """What people said; moderators act at their desk."""

    readers = frozenset({Role.MODERATOR})
    list_display = ("id", "thread", "author", "created_at", "edited_at", "deleted_at")
    list_filter = ("thread__kind", ("deleted_at", admin.EmptyFieldListFilter))
    list_select_related = ("thread", "author")
    ordering = ("-id",)
    show_full_result_count = False
