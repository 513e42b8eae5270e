"""A place: everything about it on one page, and whole lists of what there is too much of for it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from budgeting.models import Cycle
from budgeting.selectors import awarded_in_minor, running_at
from civicfund.paging import page_asked_for
from civicfund.people.requests import HttpRequest
from civicfund.places.models import Neighborhood
from civicfund.places.selectors import related_places
from civicfund.pledges.selectors import collected_in_minor
from civicfund.pledges.selectors.lists import finished_at, live_at
from civicfund.prepared import Prepared
from civicfund.projects.models import Project
from civicfund.projects.selectors.supports import with_gathering
from civicfund.strangers import kept_for_strangers
from civicfund.town.selectors import (
    MOST_ASKED,
    MOST_BUILT,
    Work,
    asked_at,
    being_built,
    funded_at,
    how_far,
    milestones_at,
    questions_at,
    what_came_of,
)

MOST_AT_PLACE = 6
MOST_PROJECTS_AT_PLACE = 12
PER_PAGE = 50


@kept_for_strangers
@require_safe
def neighborhood(request: HttpRequest, slug: str) -> HttpResponse:
    """Everything about one place: a neighborhood's own, or all that lies in a district."""
    place = _place_called(slug)
    within = _within(place.pk)
    within_ids = [part.pk for part in within]
    around = related_places([place.pk])[place.pk]
    campaigns, campaign_count = live_at(within_ids)
    return render(
        request,
        "town/neighborhood.html",
        {
            "place": place,
            "parts": [part for part in within if part.parent_id == place.pk],
            "shapes": [part for part in within if part.boundary],
            "projects": with_gathering(_newest_at(within_ids)),
            "project_count": _listed_at.count(within_ids),
            "campaigns": campaigns,
            "campaign_count": campaign_count,
            "ended": finished_at(within_ids),
            "built": being_built(within_ids),
            "most_built": MOST_BUILT,
            "asked": asked_at(within_ids),
            "most_asked": MOST_ASKED,
            "wanting": _wanting_at(within_ids),
            "wanting_count": _lacking_at.count(within_ids),
            "running": running_at(around),
            "past": _past_at(around),
            "awarded_minor": awarded_in_minor(within_ids),
            "collected_minor": collected_in_minor(within_ids),
        },
    )


@kept_for_strangers
@require_safe
def built(request: HttpRequest, slug: str) -> HttpResponse:
    """All that is being built at a place, what is due first coming first."""
    place = _place_called(slug)
    rows = milestones_at([part.pk for part in _within(place.pk)])
    page = page_asked_for(Paginator(rows, PER_PAGE), request)
    context = {"place": place, "page": page, "built": how_far(page)}
    return render(request, "town/place_built.html", context)


@kept_for_strangers
@require_safe
def funded(request: HttpRequest, slug: str) -> HttpResponse:
    """All that won a vote or was funded at a place, and what came of it."""
    place = _place_called(slug)
    asked_for = request.GET.get("show", "")
    work = Work(asked_for) if asked_for in Work.values else None
    rows = funded_at([part.pk for part in _within(place.pk)], work)
    page = page_asked_for(Paginator(rows, PER_PAGE), request)
    context = {"place": place, "page": page, "came": what_came_of(list(page))}
    context |= {"shown": work, "works": Work}
    return render(request, "town/place_funded.html", context)


@kept_for_strangers
@require_safe
def asked(request: HttpRequest, slug: str) -> HttpResponse:
    """All that the city was asked about projects at a place, what waits coming first."""
    place = _place_called(slug)
    rows = questions_at([part.pk for part in _within(place.pk)])
    context = {"place": place, "page": page_asked_for(Paginator(rows, PER_PAGE), request)}
    return render(request, "town/place_asked.html", context)


def _place_called(slug: str) -> Neighborhood:
    place = _places.first(slug)
    if place is None:
        raise Http404("No such place.")
    return place


@Prepared
def _places(slug: str) -> QuerySet[Neighborhood]:
    return Neighborhood.objects.filter(slug=slug).select_related("parent")


@Prepared
def _within(place: int) -> QuerySet[Neighborhood]:
    return Neighborhood.objects.within(place)


@Prepared
def _newest_at(places: Collection[int]) -> QuerySet[Project]:
    there = Project.objects.listed().filter(neighborhood__in=places).with_cost()
    newest = there.defer("story", "search").order_by("-published_at", "-id")
    return newest[:MOST_PROJECTS_AT_PLACE]


@Prepared
def _listed_at(places: Collection[int]) -> QuerySet[Project]:
    return Project.objects.listed().filter(neighborhood__in=places)


@Prepared
def _wanting_at(places: Collection[int]) -> QuerySet[Project]:
    there = Project.objects.filter(neighborhood__in=places).wanting().only("title")
    return there.order_by("-pk")[:MOST_AT_PLACE]


@Prepared
def _lacking_at(places: Collection[int]) -> QuerySet[Project, Any]:
    return Project.objects.filter(neighborhood__in=places).wanting_by_index()


@Prepared
def _past_at(places: Collection[int]) -> QuerySet[Cycle]:
    return Cycle.objects.past().at(places)[:MOST_AT_PLACE]
