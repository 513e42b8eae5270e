"""The observers' desk: how a vote goes, without a choice, and what only they may read after it."""

from __future__ import annotations

from django.http import Http404
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from budgeting.access import visible_cycle
from budgeting.models import Cycle, Pot
from budgeting.selectors import acts_of_two, board_of, roll_batches, withheld
from budgeting.services.errors import RefusedError
from budgeting.services.observing import Row, read_withheld
from civicfund import staff
from civicfund.people.enums import Role
from civicfund.people.requests import SignedInRequest
from civicfund.spreadsheets import csv_response

observers_only = staff.only(Role.OBSERVER)


@observers_only
@require_safe
@never_cache
def observing(request: SignedInRequest, slug: str) -> HttpResponseBase:
    """Who took part, how the roll grew, what the board holds, and who agreed to what."""
    cycle = visible_cycle(request.user, slug)
    context = {
        "cycle": cycle,
        "voters": cycle.participations.count(),
        "batches": roll_batches(cycle),
        "lines": cycle.roll.count(),
        "board": board_of(cycle),
        "acts_of_two": acts_of_two(cycle),
        "withheld": withheld(cycle),
    }
    return render(request, "budgeting/observing.html", context)


@observers_only
@require_POST
@never_cache
def observed_ballots(request: SignedInRequest, slug: str, pot: int) -> HttpResponseBase:
    """The ballots of a pot with too few to publish, as a page or a file; reading is recorded."""
    cycle = visible_cycle(request.user, slug)
    try:
        rows = read_withheld(cycle, pot, by=request.user)
    except RefusedError as refusal:
        raise Http404(str(refusal)) from None
    found = cycle.pots.get(pk=pot)
    if request.POST.get("as") == "csv":
        return _file(cycle, found, rows)
    context = {"cycle": cycle, "pot": found, "rows": rows}
    return render(request, "budgeting/observed_ballots.html", context)


def _file(cycle: Cycle, pot: Pot, rows: list[Row]) -> HttpResponseBase:
    cells = ((times, "; ".join(names), " ".join(points)) for times, names, points in rows)
    header = [_("times"), _("projects"), _("points")]
    return csv_response(f"ballots-{cycle.slug}-{pot.pk}.csv", header, cells)
