"""What everybody sees of the town: home, places, projects, health."""

from __future__ import annotations

from django.core.cache import cache
from django.db import connection
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from budgeting.models import Cycle, Proposal
from budgeting.selectors import (
    proposals_of,
    running_now,
    supports_asked_for,
)
from civicfund.delivery.selectors import plan_of
from civicfund.people.requests import HttpRequest
from civicfund.people.selectors import residency_of
from civicfund.places.models import Neighborhood
from civicfund.places.selectors import related_places
from civicfund.pledges.selectors import campaign_of, unfinished_campaign_of
from civicfund.pledges.selectors.lists import campaigns_near, ending_soonest
from civicfund.prepared import Prepared, at_hand
from civicfund.projects.access import is_author, keeps_paper, moderates, visible_project
from civicfund.projects.enums import FileKind
from civicfund.projects.models import CoAuthor, CostLine, Project
from civicfund.projects.selectors import files_of, help_wanted, helpers_of, missing_parts
from civicfund.projects.selectors.lineage import copied_from, copies_of
from civicfund.projects.selectors.merges import asked_of, merge_of, taken_in
from civicfund.projects.selectors.moderation import files_taken_down, hiding_of, tombstone_of
from civicfund.projects.selectors.supports import supports_project, with_gathering
from civicfund.strangers import kept_for_strangers
from civicfund.town.selectors import alarms

MOST_ON_HOME = 6
MOST_RUNNING_ON_HOME = 4


@kept_for_strangers
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The town at a glance, seen from my neighborhood where I have said which it is."""
    residency = residency_of(request.user)
    near = campaigns_near(residency.neighborhood, MOST_ON_HOME) if residency else []
    running = _running(residency.neighborhood if residency else None)
    cycle = running[0] if running else None
    return render(
        request,
        "town/home.html",
        {
            "residency": residency,
            "cycle": cycle,
            "phase": cycle.phase_now if cycle else None,
            "also_running": running[1:MOST_RUNNING_ON_HOME],
            "more_running": running[MOST_RUNNING_ON_HOME:],
            "campaigns": near or ending_soonest(),
            "campaigns_are_near": bool(near),
            "projects": with_gathering(_newest()),
            "neighborhoods": _neighborhoods(),
            "finished_cycles": _finished(),
        },
    )


def _running(home: Neighborhood | None) -> list[Cycle]:
    """Votes under way: about one's own neighborhood first, then those that one may decide in; of
    two the one that closes first.
    """
    running = running_now()
    if home is None or len(running) < 2:
        return running
    around = related_places([home.pk])[home.pk]

    def distance(cycle: Cycle) -> int:
        places = {pot.place_id for pot in cycle.pots.all()}
        return 0 if home.pk in places else 1 if places.intersection(around) else 2

    return sorted(running, key=distance)


@Prepared
def _newest() -> QuerySet[Project]:
    newest = Project.objects.listed().select_related("neighborhood").with_cost()
    projects = newest.defer("story", "search", "neighborhood__boundary")
    return projects.order_by("-published_at", "-id")[:MOST_ON_HOME]


@Prepared
def _neighborhoods() -> QuerySet[Neighborhood]:
    return Neighborhood.objects.neighborhoods()


@Prepared
def _finished() -> QuerySet[Cycle]:
    return Cycle.objects.finished()[:MOST_ON_HOME]


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
    at_hand(found, "cost_lines", _cost_lines(found.pk))
    files = files_of(found)
    is_mine = found.proposer == request.user
    may_write = is_author(request.user, found)
    proposals = _public_proposals(found.pk)
    copies, more_copies = copies_of(found)
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
            "may_judge": request.user.is_staff and not may_write and moderates(request.user),
            "keeps_paper": keeps_paper(request.user, found),
            "co_authors": _co_authors(found.pk),
            "missing": missing_parts(found) if may_write else [],
            "help_wanted": help_wanted(found),
            "copied_from": copied_from(found),
            "copies": copies,
            "more_copies": more_copies,
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


@Prepared
def _cost_lines(project: int) -> QuerySet[CostLine]:
    return CostLine.objects.filter(project=project)


@Prepared
def _co_authors(project: int) -> QuerySet[CoAuthor]:
    rows = CoAuthor.objects.filter(project=project).select_related("user")
    return rows.order_by("since", "pk")


@Prepared
def _public_proposals(project: int) -> QuerySet[Proposal]:
    return proposals_of(project).filter(cycle__in=Cycle.objects.public())


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
