"""Lists of campaigns, and what their cards show."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection

from django.db.models import BooleanField, ExpressionWrapper, F, Q, QuerySet
from django.db.models.functions import Now

from civicfund.paging import LeanPaginator
from civicfund.places.models import Neighborhood
from civicfund.pledges.enums import OPEN_CAMPAIGN, CampaignState
from civicfund.pledges.models import Campaign, CampaignQuerySet
from civicfund.pledges.models.totals import for_page
from civicfund.prepared import Prepared
from civicfund.projects.enums import ProjectState
from civicfund.projects.models import ProjectFile

PER_PAGE = 12
# On home, and on a place's page.
MOST_SHOWN = 6


def live() -> CampaignQuerySet:
    """Campaigns that take pledges now, the one that ends soonest first."""
    return Campaign.objects.live().order_by("deadline_at", "pk")


def cards_of(keys: Collection[int]) -> list[Campaign]:
    """Campaigns as cards show them, in this order; two queries, none where there are none."""
    if not keys:
        return []
    found = {campaign.pk: campaign for campaign in _rows(keys)}
    shown = defaultdict(list)
    for picture in _pictures_of(sorted({each.project_id for each in found.values()})):
        shown[picture.project_id].append(picture)
    for campaign in found.values():
        campaign.project.shown_pictures = shown[campaign.project_id]  # type: ignore[attr-defined]
    return [found[key] for key in keys if key in found]


@Prepared
def _rows(keys: Collection[int]) -> CampaignQuerySet:
    rows = for_page(Campaign.objects.filter(pk__in=keys))
    return rows.defer("project__story", "project__search", "project__neighborhood__boundary")


@Prepared
def _pictures_of(projects: Collection[int]) -> QuerySet[ProjectFile]:
    return ProjectFile.objects.pictures().filter(project__in=projects)


class CampaignList:
    """A whole list of campaigns in pages; its rows in one definite order."""

    def __init__(self, rows: Callable[[], CampaignQuerySet]) -> None:
        @Prepared
        def in_all() -> CampaignQuerySet:
            return rows()

        @Prepared
        def first() -> QuerySet[Campaign, int]:
            return rows().values_list("pk", flat=True)[:PER_PAGE]

        self.rows, self._in_all, self._first = rows, in_all, first

    def in_pages(self) -> LeanPaginator:
        """As cards show them."""
        count = self._in_all.count()
        return LeanPaginator(self.rows(), PER_PAGE, count=count, read=cards_of, first=self._first)


def in_pages(narrowed: CampaignQuerySet) -> LeanPaginator:
    """What is left of one of these lists, in its order, as cards show it."""
    return LeanPaginator(narrowed, PER_PAGE, read=cards_of)


def ending_soonest() -> list[Campaign]:
    """The first of ``live``."""
    return cards_of(_soonest())


@Prepared
def _soonest() -> QuerySet[Campaign, int]:
    return live().values_list("pk", flat=True)[:MOST_SHOWN]


def live_at(places: Collection[int]) -> tuple[list[Campaign], int]:
    """The first of ``live`` whose projects are in these places, and how many all are."""
    keys = _live_at(places)
    return cards_of(keys[:MOST_SHOWN]), len(keys)


@Prepared
def _live_at(places: Collection[int]) -> QuerySet[Campaign, int]:
    return live().filter(project__neighborhood__in=places).values_list("pk", flat=True)


def campaigns_near(neighborhood: Neighborhood, most: int) -> list[Campaign]:
    """Live campaigns of a neighborhood first, then those of its district, soonest end first."""
    near = Q(project__neighborhood=neighborhood)
    if neighborhood.parent_id is not None:
        near |= Q(project__neighborhood__parent=neighborhood.parent_id)
        near |= Q(project__neighborhood=neighborhood.parent_id)
    near |= Q(project__neighborhood__parent=neighborhood)
    elsewhere = ExpressionWrapper(
        ~Q(project__neighborhood=neighborhood), output_field=BooleanField()
    )
    nearest = live().filter(near).order_by(elsewhere, "deadline_at", "pk")
    return cards_of(list(nearest.values_list("pk", flat=True)[:most]))


def coming() -> CampaignQuerySet:
    """Approved campaigns that have not started, the first to start coming first; those that wait
    for something else than a day come last.
    """
    waiting = Campaign.objects.filter(state=CampaignState.APPROVED, deadline_at__gt=Now())
    waiting = waiting.exclude(project__state=ProjectState.HIDDEN)
    return waiting.order_by(F("starts_at").asc(nulls_last=True), "pk")


def finished() -> CampaignQuerySet:
    """Public campaigns that take no pledges any more, the latest first; of a project that
    moderators have hidden only the campaign's own page is left.
    """
    over = Campaign.objects.public().exclude(state__in=[CampaignState.APPROVED, *OPEN_CAMPAIGN])
    return over.exclude(project__state=ProjectState.HIDDEN).order_by("-deadline_at", "-pk")


def finished_at(places: Collection[int]) -> list[Campaign]:
    """The first of ``finished`` whose projects are in these places."""
    return cards_of(_finished_at(places))


@Prepared
def _finished_at(places: Collection[int]) -> QuerySet[Campaign, int]:
    there = finished().filter(project__neighborhood__in=places)
    return there.values_list("pk", flat=True)[:MOST_SHOWN]
