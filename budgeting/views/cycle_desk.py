"""The desk at which a cycle is led from its draft to its outcome: where it stands, what is next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from django import forms
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from budgeting.access import holds, visible_cycle
from budgeting.enums import CycleState
from budgeting.forms import AgreeForm, ReasonForm, RewordForm
from budgeting.models import Cycle, TrusteeKey
from budgeting.selectors import (
    acts_of_two,
    agreed_of_key,
    before_voting,
    board_of,
    called_like_staff,
    key_of,
    named_trustees,
    pending_requests,
    phase_steps,
    readiness,
    results_of,
    small_pots,
    told_the_root,
)
from budgeting.services.cycles import (
    CANCEL,
    OPEN,
    cancel_cycle,
    open_cycle,
    request_cancelling,
    request_opening,
)
from budgeting.services.results import PUBLISH, certify, certify_anew, publish
from budgeting.services.rewording import last_rewording, reword, why_words_stay
from budgeting.services.rules import pots_to_correct
from budgeting.views.desks import Acts, Desk, back, take_back_here
from civicfund import staff
from civicfund.audit.models import ActRequest
from civicfund.audit.services import db_now
from civicfund.moments import moment
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.people.requests import SignedInRequest
from civicfund.people.selectors import people_with

# What was counted and is not public yet: for those to look at who certify it.
JUDGED_STATES = (CycleState.COUNTED, CycleState.CERTIFIED)


@staff.only(Role.BUDGET_ADMINISTRATOR, Role.CERTIFIER)
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def cycle_desk(request: SignedInRequest, slug: str) -> HttpResponseBase:
    """Where the cycle stands, what is missing, and the acts that are possible now."""
    cycle = visible_cycle(request.user, slug)
    words = {"title": cycle.title, "summary": cycle.summary, "seen": last_rewording(cycle)}
    said = {"reword": (partial(RewordForm, initial=words), _reword)}
    desk = Desk(request, cycle, {**CYCLE_ACTS, **said})
    answer = desk.act()
    if answer is not None:
        return answer
    now = db_now()
    draft = cycle.is_prepared
    wrong = [pot for pot, _why in pots_to_correct(cycle)] if draft else []
    administers = holds(request.user, Role.BUDGET_ADMINISTRATOR)
    needs = readiness(cycle, now, wrong) if draft else []
    ready = draft and all(step.done for step in needs if step.needed)
    context = desk.context() | {
        "steps": phase_steps(cycle, now),
        "readiness": needs,
        "ready": ready,
        "ahead": before_voting(cycle, now) if administers else None,
        "small_pots": small_pots(cycle) if draft else [],
        "observers": people_with(Role.OBSERVER) if draft else [],
        "offers": list(_offers(cycle, request.user, desk, ready=ready)),
        "board": board_of(cycle),
        "told": told_the_root(cycle),
        "acts_of_two": acts_of_two(cycle),
        "rewordings": cycle.rewordings.select_related("by"),
        "results": results_of(cycle) if cycle.state in JUDGED_STATES else [],
        "administers": administers,
    }
    return render(request, "budgeting/cycle_desk.html", context, status=desk.status)


@dataclass(frozen=True, slots=True)
class Offer:
    """An act that is possible now: what it does, in words, and its form.

    ``asked`` is what a second person agrees to; ``mine`` is when whoever looks asked for it: they
    wait for another person. ``alike`` are trustees with names of people who work here.
    """

    name: str
    title: str
    words: str
    button: str
    form: forms.Form
    asked: ActRequest | None = None
    mine: bool = False
    # Of an opening: the trustees' key as it is now; and whether it is as it was asked for.
    trustee_key: TrusteeKey | None = None
    stands: bool = True
    alike: tuple[str, ...] = ()

    @property
    def grave(self) -> bool:
        """Whether it is a second person's act."""
        return self.name.startswith("agree")

    @property
    def key(self) -> str:
        """What tells it from the others on the page."""
        return f"{self.name}-{self.asked.pk}" if self.asked else self.name

    @property
    def asked_words(self) -> str:
        """Who asked for it, when, why, and until when one can agree."""
        return _asked(self.asked) if self.asked else ""

    @property
    def variant(self) -> str:
        """How its button looks."""
        return "primary" if self.grave else "secondary"


def _offers(cycle: Cycle, user: User, desk: Desk, *, ready: bool) -> Iterator[Offer]:
    """What the person may ask for, or agree to, at the state in which the cycle is."""
    if holds(user, Role.BUDGET_ADMINISTRATOR):
        yield from _of_administrators(cycle, user, desk, ready=ready)
    if holds(user, Role.CERTIFIER) and cycle.state == CycleState.COUNTED:
        yield _offer(desk, "certify")
    if holds(user, Role.CERTIFIER) and cycle.state == CycleState.CERTIFIED:
        waiting = list(_second_person(cycle, user, desk, PUBLISH, "agree_publish"))
        yield from waiting or [_offer(desk, "certify_anew")]


def _of_administrators(cycle: Cycle, user: User, desk: Desk, *, ready: bool) -> Iterator[Offer]:
    if ready:
        yield from _openings(cycle, user, desk)
        yield _offer(desk, "ask_open")
    if not why_words_stay(cycle):
        yield _offer(desk, "reword")
    if CycleState.CANCELLED in cycle.moves[CycleState(cycle.state)]:
        if cycle.state == CycleState.DRAFT:
            desk.forms["ask_cancel"].fields["reason"].label = _("Why")
        yield from _second_person(cycle, user, desk, CANCEL, "agree_cancel")
        yield _offer(desk, "ask_cancel")


def _openings(cycle: Cycle, user: User, desk: Desk) -> Iterator[Offer]:
    """Whoever agrees sees who the trustees are; where that is not as asked for, nobody agrees."""
    key = key_of(cycle)
    if key is None:
        return
    now, alike = agreed_of_key(key), tuple(called_like_staff(named_trustees(key)))
    for offer in _second_person(cycle, user, desk, OPEN, "agree_open"):
        asked = offer.asked.parameters if offer.asked else {}
        stands = all(asked.get(name) == said for name, said in now.items())
        yield replace(offer, trustee_key=key, stands=stands, alike=alike)


def _second_person(cycle: Cycle, user: User, desk: Desk, act: str, name: str) -> Iterator[Offer]:
    """Each request for the act that waits: to agree to just this one, or to wait for others."""
    for asked in pending_requests(cycle, act):
        form = AgreeForm(initial={"asked": asked.pk}, auto_id=f"{name}-{asked.pk}-%s")
        yield _offer(desk, name, form=form, asked=asked, mine=asked.requested_by_id == user.pk)


def _asked(asked: ActRequest) -> str:
    words = _("%(who)s asked for it on %(at)s.") % {
        "who": asked.requested_by,
        "at": moment(asked.at),
    }
    reason = asked.parameters.get("reason")
    if reason:
        words = f"{words} {_('The reason: “%(reason)s”') % {'reason': reason}}"
    until = moment(asked.lapses_at) if asked.lapses_at else ""
    return f"{words} {_('It can be agreed to until %(until)s.') % {'until': until}}"


def _offer(desk: Desk, name: str, form: forms.Form | None = None, **asked: Any) -> Offer:
    said = _words()
    title, words, button = said.get(f"{name} of {desk.cycle.state}") or said[name]
    return Offer(name, title, words, button, form or desk.forms[name], **asked)


def _words() -> dict[str, tuple[str, str, str]]:
    """Of each act what it is called, what it does and cannot undo, and its button."""
    return {
        "ask_open": (
            _("Ask for the opening"),
            _(
                "Another administrator then opens the cycle exactly as it stands now. Until then"
                " nothing is open; whatever is changed has to be asked for anew."
            ),
            _("Ask for the opening"),
        ),
        "agree_open": (
            _("Open the cycle"),
            _(
                "From here on nobody can change the rules, the phases, the pots, who may vote and"
                " the key, and voting cannot end early. This cannot be undone: an open cycle can"
                " only be cancelled, by two people and with a public reason."
            ),
            _("I agree: open the cycle"),
        ),
        "reword": (
            _("Change its title or its sentence"),
            _(
                "Until voting begins, or ballots are printed. Its address, its rules and the board"
                " stay as they are; letters and mails that are out keep the old words."
            ),
            _("Change the words"),
        ),
        "ask_cancel": (
            _("Ask to cancel the cycle"),
            _(
                "Nothing happens until another administrator agrees. Your reason is then on the"
                " cycle's page, for everybody."
            ),
            _("Ask to cancel it"),
        ),
        "agree_cancel": (
            _("Cancel the cycle"),
            _(
                "Every ballot that was cast is forgotten unopened, and the reason is public. This"
                " cannot be undone."
            ),
            _("I agree: cancel the cycle"),
        ),
        "ask_cancel of draft": (
            _("Ask to drop the draft"),
            _(
                "Nothing happens until another administrator agrees. Nobody else hears of the"
                " draft, then or later; it stays here for those who prepare cycles, and another"
                " cycle can have its address."
            ),
            _("Ask to drop it"),
        ),
        "agree_cancel of draft": (
            _("Drop the draft"),
            _(
                "It cannot be opened any more. Nobody hears of it but those who prepare cycles, and"
                " another cycle can have its address. This cannot be undone."
            ),
            _("I agree: drop the draft"),
        ),
        "certify": (
            _("Certify the count"),
            _(
                "You say that you looked at the board, the sums and the outcome above, and that"
                " they are in order. Another certifier then publishes just this outcome. It cannot"
                " be undone."
            ),
            _("The count is in order: certify it"),
        ),
        "certify_anew": (
            _("Certify the count anew"),
            _(
                "The count was certified, and nobody can agree to that any more: it was too long"
                " ago, was taken back, or whoever certified it no longer has the role. Say again"
                " that the board, the sums and the outcome above are in order."
            ),
            _("The count is in order: certify it anew"),
        ),
        "agree_publish": (
            _("Publish the outcome"),
            _(
                "Winners, reasons, the seed of ties and the ballots without names become public,"
                " and the winners' money is booked. It cannot be undone."
            ),
            _("I agree: publish it"),
        ),
    }


def _ask_open(request: SignedInRequest, cycle: Cycle, _desk: Desk) -> HttpResponse:
    request_opening(cycle, by=request.user)
    return back(request, "cycle_desk", cycle, _("Now another administrator has to open it."))


def _agree_open(request: SignedInRequest, cycle: Cycle, desk: Desk) -> HttpResponse:
    open_cycle(cycle, desk.given["asked"], by=request.user)
    return back(request, "cycle_desk", cycle, _("The cycle is open."))


def _reword(request: SignedInRequest, cycle: Cycle, desk: Desk) -> HttpResponse:
    reword(cycle, by=request.user, **desk.given)
    return back(request, "cycle_desk", cycle, _("The words are changed."))


def _ask_cancel(request: SignedInRequest, cycle: Cycle, desk: Desk) -> HttpResponse:
    request_cancelling(cycle, reason=desk.given["reason"], by=request.user)
    return back(request, "cycle_desk", cycle, _("Now another administrator has to agree."))


def _agree_cancel(request: SignedInRequest, cycle: Cycle, desk: Desk) -> HttpResponse:
    done = cancel_cycle(cycle, desk.given["asked"], by=request.user)
    words = _("The draft is dropped.") if done.is_dropped else _("The cycle is cancelled.")
    return back(request, "cycle_desk", done, words)


def _certify(request: SignedInRequest, cycle: Cycle, _desk: Desk) -> HttpResponse:
    certify(cycle, by=request.user)
    return back(request, "cycle_desk", cycle, _("Now another certifier has to publish it."))


def _certify_anew(request: SignedInRequest, cycle: Cycle, _desk: Desk) -> HttpResponse:
    certify_anew(cycle, by=request.user)
    return back(request, "cycle_desk", cycle, _("Now another certifier has to publish it."))


def _agree_publish(request: SignedInRequest, cycle: Cycle, desk: Desk) -> HttpResponse:
    publish(cycle, desk.given["asked"], by=request.user)
    return back(request, "cycle_desk", cycle, _("The outcome is published."))


CYCLE_ACTS: Acts = {
    "ask_open": (forms.Form, _ask_open),
    "agree_open": (AgreeForm, _agree_open),
    "reword": (RewordForm, _reword),
    "ask_cancel": (ReasonForm, _ask_cancel),
    "agree_cancel": (AgreeForm, _agree_cancel),
    "certify": (forms.Form, _certify),
    "certify_anew": (forms.Form, _certify_anew),
    "agree_publish": (AgreeForm, _agree_publish),
    "take_back": (AgreeForm, take_back_here),
}
