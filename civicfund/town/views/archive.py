"""Past cycles, for good: what was decided, what became of it, and the files that show it."""

from __future__ import annotations

from collections.abc import Iterator

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from budgeting.access import visible_cycle
from budgeting.enums import OVER_STATES
from budgeting.models import Cycle
from budgeting.selectors import board_of, paper_vote, past_cycles, phase_steps, turnout
from civicfund.audit.services import db_now
from civicfund.paging import page_asked_for
from civicfund.parsing import said_in
from civicfund.people.requests import HttpRequest
from civicfund.places.models import Neighborhood
from civicfund.places.selectors import related_places
from civicfund.strangers import kept_for_strangers
from civicfund.town.selectors import decided_in

PER_PAGE = 20


@kept_for_strangers
@require_safe
def archive(request: HttpRequest) -> HttpResponse:
    """All past cycles, or those with money for a place, for what lies in it or around it."""
    slug = said_in(request, "place")
    places = Neighborhood.objects.defer("boundary").widest_first()
    place = get_object_or_404(places, slug=slug) if slug else None
    past = past_cycles(related_places([place.pk])[place.pk] if place else None)
    page = page_asked_for(Paginator(past, PER_PAGE), request)
    context = {"page": page, "place": place, "places": places}
    return render(request, "town/archive.html", context)


@kept_for_strangers
@require_safe
def archived_cycle(request: HttpRequest, slug: str) -> HttpResponse:
    """One past cycle; 404 while it is not over."""
    cycle = visible_cycle(request.user, slug)
    if not cycle.shows_outcome and cycle.state not in OVER_STATES:
        raise Http404("It is not over.")
    context = {
        "cycle": cycle,
        "steps": phase_steps(cycle, db_now()),
        "turnout": None if cycle.is_imported else turnout(cycle),
        "decided": decided_in(cycle) if cycle.shows_outcome else [],
        "files": list(_files(cycle)),
    }
    return render(request, "town/archived_cycle.html", context)


def _files(cycle: Cycle) -> Iterator[tuple[str, Promise]]:
    """What there is to read or take away, each address with its words."""
    if cycle.shows_outcome:
        yield reverse("results", args=[cycle.slug]), _("Results, with a reason for every project")
        yield reverse("api_results", args=[cycle.slug]), _("Results as JSON")
    if board_of(cycle) is not None:
        if cycle.shows_outcome:
            yield reverse("bundle", args=[cycle.slug]), _("Everything to count it again, as a ZIP")
        yield reverse("board", args=[cycle.slug]), _("Public board")
        yield reverse("board_csv", args=[cycle.slug]), _("Public board as CSV")
    if paper_vote(cycle) is not None:
        yield reverse("paper_csv", args=[cycle.slug]), _("What became of the paper ballots, as CSV")
    yield reverse("api_cycle", args=[cycle.slug]), _("Rules, phases and proposals as JSON")
    yield reverse("calendar", args=["cycle", cycle.pk]), _("Its dates as a calendar")
    yield reverse("thread", args=["cycle", cycle.pk]), _("What was said about it")
