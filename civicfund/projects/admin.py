"""Projects in the admin: to look at; a project changes on its own pages."""

from __future__ import annotations

from django.contrib import admin

from civicfund.audit.admin import ReadOnlyAdmin, ReadOnlyInline
from civicfund.people.enums import Role
from civicfund.projects.models import CostLine, Project


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
