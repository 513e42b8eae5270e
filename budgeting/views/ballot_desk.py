"""The desk at which feasible proposals come on the ballot, and exclude each other."""

from __future__ import annotations

from functools import partial

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from budgeting import selectors
from budgeting.access import visible_cycle
from budgeting.enums import CycleState
from budgeting.forms import GroupForm, KeepOffForm, OnBallotForm, TakeOffForm
from budgeting.models import Cycle, Option
from budgeting.selectors import PotOfDesk
from budgeting.services.errors import RefusedError
from budgeting.services.proposals import (
    group_options,
    keep_off_ballot,
    put_all_on_ballot,
    take_off_ballot,
)
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
    desk = Desk(
        request, cycle, {**BALLOT_ACTS, "keep_off": (partial(KeepOffForm, cycle), _keep_off)}
    )
    answer = desk.act()
    if answer is not None:
        return answer
    pots = selectors.ballot_desk(cycle)
    context = desk.context() | {
        "pots": pots,
        "ticked": _ticked(desk, pots),
        "may_change": _may_change(cycle),
        "any_feasible": any(each.feasible for each in pots),
    }
    return render(request, "budgeting/ballot_desk.html", context, status=desk.status)


def _may_change(cycle: Cycle) -> bool:
    """Whether voting has not begun yet, and no sheet is printed."""
    starts_at = cycle.voting_starts_at
    waits = cycle.state == CycleState.OPEN and starts_at is not None and db_now() < starts_at
    return cycle.state == CycleState.DRAFT or (waits and not cycle.sheet_batches.exists())


def _ticked(desk: Desk, pots: list[PotOfDesk]) -> set[int]:
    """What is chosen of what may come: in a pot that was just sent what was sent, else all of it
    but what was taken off the ballot before, or is said to stay off.
    """
    sent = desk.request.POST.get("pot", "") if desk.name == "put" else ""
    chosen = desk.request.POST.getlist("proposals")
    return {
        row.proposal.pk
        for each in pots
        for row in each.feasible
        if row.may_come
        and (
            str(row.proposal.pk) in chosen
            if sent == str(each.pot.pk)
            else not (row.why_off or row.why_left)
        )
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


def _keep_off(request: SignedInRequest, cycle: Cycle, desk: Desk) -> HttpResponse:
    said = keep_off_ballot(desk.given["proposal"], reason=desk.given["reason"], by=request.user)
    words = _("Everybody reads now why “%(project)s” is not on the ballot.")
    return back(request, "ballot_desk", cycle, words % {"project": said.proposal.project})


@staff.only(Role.BUDGET_ADMINISTRATOR)
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def off_ballot(request: SignedInRequest, slug: str, pk: int) -> HttpResponseBase:
    """Take one proposal off the ballot: what that does, and why, for everybody."""
    cycle = visible_cycle(request.user, slug)
    proposal = get_object_or_404(cycle.proposals.select_related("project", "pot"), pk=pk)
    option = Option.objects.filter(proposal=proposal).first()
    if option is None:
        messages.error(
            request, _("“%(project)s” is not on the ballot.") % {"project": proposal.project}
        )
        return redirect("ballot_desk", slug=cycle.slug)
    form = TakeOffForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            take_off_ballot(proposal, by=request.user, **form.cleaned_data)
        except RefusedError as refusal:
            form.add_error(refusal.field or None, str(refusal))
        else:
            words = _("“%(project)s” is off the ballot; its authors are told.")
            return back(request, "ballot_desk", cycle, words % {"project": option})
    left = proposal.pot.options.count() - 1
    context = {
        "cycle": cycle,
        "proposal": proposal,
        "option": option,
        "form": form,
        "left": left,
        "too_few": left < proposal.pot.min_options,
        "may_change": _may_change(cycle),
    }
    return render(request, "budgeting/off_ballot.html", context, status=400 if form.errors else 200)


BALLOT_ACTS: Acts = {"put": (OnBallotForm, _put), "group": (GroupForm, _group)}
