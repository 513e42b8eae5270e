"""What the list of campaigns can be narrowed by."""

from __future__ import annotations

import django_filters
from django.db.models import ExpressionWrapper, F, FloatField
from django.utils.translation import gettext_lazy as _

from civicfund.places.models import Neighborhood
from civicfund.places.selectors import ids_within
from civicfund.pledges.models import Campaign, CampaignQuerySet
from civicfund.pledges.models.totals import with_totals
from civicfund.projects.enums import Category
from civicfund.projects.filters import SearchFilter
from civicfund.projects.models import Project
from civicfund.projects.selectors import matching

SORTS = {
    "newest": _("Newest first"),
    "closest": _("Closest to the goal first"),
    "backers": _("Most backers first"),
}


class CampaignFilter(SearchFilter):
    """Words of the project, where it is and what it is about; and another order."""

    category = django_filters.ChoiceFilter(
        label=_("About"),
        field_name="project__category",
        choices=Category.choices,
        empty_label=_("Everything"),
    )
    sort = django_filters.ChoiceFilter(
        label=_("Order"), choices=list(SORTS.items()), empty_label=_("By date"), method="in_order"
    )

    class Meta:
        model = Campaign
        fields: list[str] = []

    def with_words(self, rows: CampaignQuerySet, name: str, words: str) -> CampaignQuerySet:
        """Of projects that the list of projects finds by these words; the order stays."""
        found = matching(Project.objects.all(), words).order_by()
        return rows.filter(project__in=found.values("pk"))

    def in_place(self, rows: CampaignQuerySet, name: str, place: Neighborhood) -> CampaignQuerySet:
        """The place and everything in it."""
        return rows.filter(project__neighborhood__in=ids_within(place.pk))

    def in_order(self, rows: CampaignQuerySet, name: str, order: str) -> CampaignQuerySet:
        """Another order than the list's own, which decides between equals."""
        own = rows.query.order_by
        if order == "newest":
            return rows.order_by(F("live_at").desc(nulls_last=True), *own)
        rows = with_totals(rows)
        if order == "backers":
            return rows.order_by(F("backers").desc(), *own)
        share = ExpressionWrapper(1.0 * F("pledged_minor") / F("goal_minor"), FloatField())
        return rows.order_by(share.desc(), *own)
