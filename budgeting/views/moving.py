"""The desk at which two administrators move a phase of an opened cycle."""

from __future__ import annotations

from functools import partial

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from budgeting.access import visible_cycle
from budgeting.forms import AgreeForm, MovePhaseForm
from budgeting.models import Cycle
from budgeting.selectors import letters_made, phase_steps
from budgeting.services.moving import movable_phases, move_phase, moves_asked, request_move
from budgeting.views.desks import Acts, Desk, back
from budgeting.views.rolls import administrators_only
from civicfund.audit.services import db_now
from civicfund.moments import moment
from civicfund.people.requests import SignedInRequest


@administrators_only
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def moving(request: SignedInRequest, slug: str) -> HttpResponseBase:
    """Ask that a phase be later, and as a second person agree to it."""
    cycle = visible_cycle(request.user, slug)
    now = db_now()
    phases = movable_phases(cycle, now)
    ask = partial(MovePhaseForm, phases=phases)
    desk = Desk(request, cycle, {**MOVING_ACTS, "ask": (ask, _ask)})
    answer = desk.act()
    if answer is not None:
        return answer
    context = desk.context() | {
        "asked": moves_asked(cycle, now),
        "letters": letters_made(cycle).exists(),
        "phases": phases,
        "steps": phase_steps(cycle, now),
    }
    return render(request, "budgeting/moving.html", context, status=desk.status)


def _ask(request: SignedInRequest, cycle: Cycle, desk: Desk) -> HttpResponse:
    given = dict(desk.given)
    request_move(cycle, given.pop("phase"), by=request.user, **given)
    words = _("Now another administrator has to agree, before the phase begins or ends.")
    return back(request, "moving", cycle, words)


def _agree(request: SignedInRequest, cycle: Cycle, desk: Desk) -> HttpResponse:
    made = move_phase(cycle, desk.given["asked"], by=request.user)
    said = {"phase": made.get_kind_display(), "end": moment(made.to_ends_at)}
    return back(request, "moving", cycle, _("“%(phase)s” now ends on %(end)s.") % said)


MOVING_ACTS: Acts = {"ask": (MovePhaseForm, _ask), "agree": (AgreeForm, _agree)}
