"""What the list of campaigns can be narrowed by."""

from __future__ import annotations

from civicfund.places.models import Neighborhood
from civicfund.pledges.models import Campaign, CampaignQuerySet
from civicfund.projects.filters import SearchFilter
from civicfund.projects.models import Project
from civicfund.projects.selectors import matching


class CampaignFilter(SearchFilter):
    """Words of the project, and where it is."""

    class Meta:
        model = Campaign
        fields: list[str] = []

    def with_words(self, rows: CampaignQuerySet, name: str, words: str) -> CampaignQuerySet:
        """Of projects that the list of projects finds by these words; the order stays."""
        found = matching(Project.objects.all(), words).order_by()
        return rows.filter(project__in=found.values("pk"))

    def in_place(self, rows: CampaignQuerySet, name: str, place: Neighborhood) -> CampaignQuerySet:
        """The place and everything in it."""
        return rows.filter(project__neighborhood__in=Neighborhood.objects.within(place))
