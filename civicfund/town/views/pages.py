"""What everybody sees of the town: home, places, projects, health."""

from __future__ import annotations

from django.core.cache import cache
from django.db import connection
from django.db.models import prefetch_related_objects
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from budgeting.models import Cycle
from budgeting.selectors import (
    awarded_in_minor,
    finished_cycles,
    past_cycles,
    proposals_of,
    running_cycles,
    supports_asked_for,
)
from civicfund.delivery.selectors import plan_of
from civicfund.people.requests import HttpRequest
from civicfund.people.selectors import residency_of
from civicfund.places.models import Neighborhood
from civicfund.places.selectors import related_places
from civicfund.pledges.selectors import (
    campaign_of,
    campaigns_near,
    collected_in_minor,
    ending_soonest,
    finished_at,
    live_at,
    unfinished_campaign_of,
)
from civicfund.projects.access import is_author, visible_project
from civicfund.projects.enums import FileKind
from civicfund.projects.models import Project
from civicfund.projects.selectors import files_of, help_wanted, helpers_of, missing_parts
from civicfund.projects.selectors.lineage import copied_from, copies_of
from civicfund.projects.selectors.merges import asked_of, merge_of, taken_in
from civicfund.projects.selectors.moderation import files_taken_down, hiding_of, tombstone_of
from civicfund.projects.selectors.supports import supports_project
from civicfund.strangers import kept_for_strangers
from civicfund.town.selectors import alarms, asked_at, being_built

MOST_ON_HOME = 6
MOST_AT_PLACE = 6
MOST_PROJECTS_AT_PLACE = 24
MOST_BUILT_AT_PLACE = 24
MOST_ASKED_AT_PLACE = 12


@kept_for_strangers
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The town at a glance, seen from my neighborhood where I have said which it is."""
    residency = residency_of(request.user)
    near = campaigns_near(residency.neighborhood, MOST_ON_HOME) if residency else []
    newest = Project.objects.listed().select_related("neighborhood").with_cost()
    projects = newest.defer("story", "search", "neighborhood__boundary")
    cycle = running_cycles().first()
    return render(
        request,
        "town/home.html",
        {
            "residency": residency,
            "cycle": cycle,
            "phase": cycle.phases.current().order_by("ends_at").last() if cycle else None,
            "campaigns": near or ending_soonest(MOST_ON_HOME),
            "campaigns_are_near": bool(near),
            "projects": projects.order_by("-published_at", "-id")[:MOST_ON_HOME],
            "neighborhoods": Neighborhood.objects.neighborhoods(),
            "finished_cycles": finished_cycles()[:MOST_ON_HOME],
        },
    )


@kept_for_strangers
@require_safe
def neighborhood(request: HttpRequest, slug: str) -> HttpResponse:
    """Everything about one place: a neighborhood's own, or all that lies in a district."""
    place = get_object_or_404(Neighborhood.objects.select_related("parent"), slug=slug)
    within = list(Neighborhood.objects.within(place))
    within_ids = [part.pk for part in within]
    around = related_places([place.pk])[place.pk]
    projects = Project.objects.listed().filter(neighborhood__in=within_ids)
    newest = projects.with_cost().defer("story", "search").order_by("-published_at", "-id")
    here = Project.objects.filter(neighborhood__in=within_ids)
    past = past_cycles(around)
    return render(
        request,
        "town/neighborhood.html",
        {
            "place": place,
            "parts": [part for part in within if part.parent_id == place.pk],
            "shapes": [part for part in within if part.boundary],
            "projects": newest[:MOST_PROJECTS_AT_PLACE],
            "project_count": projects.count(),
            "campaigns": live_at(within_ids),
            "ended": finished_at(within_ids, MOST_AT_PLACE),
            "built": being_built(within_ids, MOST_BUILT_AT_PLACE),
            "asked": asked_at(within_ids, MOST_ASKED_AT_PLACE),
            "wanting": here.wanting().only("title").order_by("-pk")[:MOST_AT_PLACE],
            "wanting_count": here.count_wanting(),
            "running": running_cycles().at(around),
            "past": past[:MOST_AT_PLACE],
            "awarded_minor": awarded_in_minor(within_ids),
            "collected_minor": collected_in_minor(within_ids),
        },
    )


@kept_for_strangers
@require_safe
def project(request: HttpRequest, pk: int) -> HttpResponse:
    """One project, whatever has become of it; of one that moderators hide, the reason."""
    try:
        found = visible_project(request.user, pk)
    except Http404:
        hiding = tombstone_of(pk)
        if hiding is None:
            raise
        return render(request, "projects/tombstone.html", {"hiding": hiding}, status=410)
    # Asked once for the costs and for what is missing.
    prefetch_related_objects([found], "cost_lines")
    files = files_of(found)
    is_mine = found.proposer == request.user
    may_write = is_author(request.user, found)
    proposals = list(proposals_of(found).filter(cycle__in=Cycle.objects.public()))
    return render(
        request,
        "town/project.html",
        {
            "project": found,
            "cost_lines": found.cost_lines.all(),
            "campaign": campaign_of(found),
            "own_campaign": unfinished_campaign_of(found) if is_mine else None,
            "proposals": proposals,
            "supports": supports_asked_for(proposals),
            "shapes": [found.neighborhood],
            "pins": [found],
            "is_mine": is_mine,
            "hiding": hiding_of(found),
            "taken_down": files_taken_down(found),
            "may_write": may_write,
            "co_authors": found.co_authors.select_related("user").order_by("since", "pk"),
            "missing": missing_parts(found) if may_write else [],
            "help_wanted": help_wanted(found),
            "copied_from": copied_from(found),
            "copies": copies_of(found),
            "pictures": [file for file in files if file.kind == FileKind.PICTURE],
            "papers": [file for file in files if file.kind == FileKind.PDF],
            "milestones": plan_of(found),
            "merge": merge_of(found),
            "asked": asked_of(request.user, found),
            "taken_in": taken_in(found),
            "supports_it": supports_project(request.user, found),
            "helpers": helpers_of(found),
        },
    )


@require_safe
def health(request: HttpRequest) -> JsonResponse:
    """Whether the database and the cache answer; 503 where one does not."""
    checks = {"database": _database_answers(), "cache": _cache_answers()}
    return JsonResponse(checks, status=200 if all(checks.values()) else 503)


@require_safe
def health_of_work(request: HttpRequest) -> JsonResponse:
    """What is late that a worker should have done, counted; 503 where anything is."""
    late = alarms()
    return JsonResponse(late, status=503 if any(late.values()) else 200)


def _database_answers() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return bool(cursor.fetchone() == (1,))


def _cache_answers() -> bool:
    cache.set("health", 1, timeout=10)
    return bool(cache.get("health") == 1)
