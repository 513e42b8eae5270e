"""The town's places in the admin."""

from __future__ import annotations

from django.contrib import admin

from civicfund.audit.admin import GuardedAdmin
from civicfund.places.models import Neighborhood


@admin.register(Neighborhood)
class NeighborhoodAdmin(GuardedAdmin[Neighborhood]):
    """Names may be corrected. How many people live where is written at a desk of its own; outlines
    decide who votes where, and are loaded.
    """

    editors = frozenset({"budget_administrator"})
    editable = ("name",)
    readers = frozenset({"reviewer", "moderator", "poll_officer", "treasurer"})
    list_display = ("name", "kind", "parent", "population")
    list_filter = ("kind",)
    list_select_related = ("parent",)
    search_fields = ("name",)
