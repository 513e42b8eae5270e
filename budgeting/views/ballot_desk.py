"""The desk at which feasible proposals come on the ballot, and exclude each other."""

from __future__ import annotations

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from budgeting import selectors
from budgeting.access import visible_cycle
from budgeting.enums import CycleState
from budgeting.forms import GroupForm, OnBallotForm
from budgeting.models import Cycle
from budgeting.selectors import PotOfDesk
from budgeting.services.proposals import group_options, put_all_on_ballot
from budgeting.views.desks import Acts, Desk, back
from civicfund import staff
from civicfund.audit.services import db_now
from civicfund.people.enums import Role
from civicfund.people.requests import SignedInRequest


@staff.only(Role.BUDGET_ADMINISTRATOR)
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def ballot_desk(request: SignedInRequest, slug: str) -> HttpResponseBase:
    """What could come on the ballot and at which cost, what is on it, and in which groups."""
    cycle = visible_cycle(request.user, slug)
    desk = Desk(request, cycle, BALLOT_ACTS)
    answer = desk.act()
    if answer is not None:
        return answer
    starts_at = cycle.voting_starts_at
    waits = cycle.state == CycleState.OPEN and starts_at is not None and db_now() < starts_at
    pots = selectors.ballot_desk(cycle)
    context = desk.context() | {
        "pots": pots,
        "ticked": _ticked(desk, pots),
        "may_change": cycle.state == CycleState.DRAFT or waits,
    }
    return render(request, "budgeting/ballot_desk.html", context, status=desk.status)


def _ticked(desk: Desk, pots: list[PotOfDesk]) -> set[int]:
    """What is chosen of what may come: all of it, or in a pot that was just sent, what was sent."""
    sent = desk.request.POST.get("pot", "") if desk.name == "put" else ""
    chosen = desk.request.POST.getlist("proposals")
    return {
        row.proposal.pk
        for each in pots
        for row in each.feasible
        if row.may_come and (sent != str(each.pot.pk) or str(row.proposal.pk) in chosen)
    }


def _put(request: SignedInRequest, cycle: Cycle, desk: Desk) -> HttpResponse:
    made = put_all_on_ballot(cycle, list(desk.given["proposals"]), by=request.user)
    words = ngettext(
        "%(n)s project came on the ballot.", "%(n)s projects came on the ballot.", len(made)
    )
    return back(request, "ballot_desk", cycle, words % {"n": len(made)})


def _group(request: SignedInRequest, cycle: Cycle, desk: Desk) -> HttpResponse:
    group_options(cycle, list(desk.given["options"]), name=desk.given["name"], by=request.user)
    return back(request, "ballot_desk", cycle, _("Kept. The ballot says so."))


BALLOT_ACTS: Acts = {"put": (OnBallotForm, _put), "group": (GroupForm, _group)}
