"""Cycles, the ballot, and results."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Any

import structlog
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe
from django.views.decorators.vary import vary_on_headers

from budgeting.access import holds, visible_cycle, voting_cycle
from budgeting.enums import COUNTING_STATES, BallotKind, Channel, CycleState, PhaseKind
from budgeting.forms import FilledIn, PotOnBallot, ProposalFilter, ProposalForm, pot_on_ballot
from budgeting.models import Cycle, Extension, PhaseMove, RollEntry
from budgeting.selectors import (
    BallotStatus,
    OptionsOnBallot,
    Standing,
    ballot_status,
    board_of,
    channels_of,
    counting_cycles,
    counting_progress,
    draft_owner,
    draft_place,
    finished_cycles,
    found_proposals,
    in_ballot_order,
    listed_proposals,
    next_verdicts,
    options_on_ballot,
    paper_vote,
    phase_steps,
    pots_by_key,
    pots_of_cycle,
    pots_on_ballot,
    proposals_paged,
    proposed_by_pot,
    results_of,
    rounds_of,
    running_cycles,
    supports_by_proposal,
    town_costs,
    turnout,
)
from budgeting.selectors.proposals import PROPOSALS_PER_PAGE
from budgeting.services.ballots import cast
from budgeting.services.errors import BallotRefusedError, RefusedError, VotingClosedError
from budgeting.services.proposals import submit_proposal
from budgeting.services.reminders import note_start
from budgeting.services.urns import NO_KEY, SlotKeyMissingError
from budgeting.views.voters import code_here, voter_here
from civicfund.audit.services import db_now
from civicfund.paging import KeysPaginator, page_asked_for
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.people.requests import HttpRequest, SignedInRequest
from civicfund.people.selectors import roles_of
from civicfund.prepared import Prepared, hang_on
from civicfund.strangers import kept_for_strangers

log = structlog.get_logger(__name__)

FINISHED_PER_PAGE = 20
LONGEST_ROUND = 6  # digits


@kept_for_strangers
@require_safe
def cycle_list(request: HttpRequest) -> HttpResponse:
    """What runs, what is being counted, and what has been decided."""
    context = {
        "running": running_cycles(),
        "counting": counting_cycles(),
        "page": page_asked_for(Paginator(finished_cycles(), FINISHED_PER_PAGE), request),
        "administers": holds(request.user, Role.BUDGET_ADMINISTRATOR),
    }
    return render(request, "budgeting/list.html", context)


@kept_for_strangers
@require_safe
def cycle_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """One cycle: what may be done now, its phases, its money and what is proposed."""
    cycle = visible_cycle(request.user, slug)
    now = db_now()
    entry = voter_here(request, cycle)
    roles = roles_of(request.user) if request.user.is_authenticated else set()
    hang_on([cycle], "extensions", _extensions(cycle.pk), by="cycle")
    hang_on([cycle], "moves_of_phases", _moves(cycle.pk), by="cycle")
    proposals = _proposals(request, cycle)
    page = proposals["page"]
    current = {phase.kind for phase in cycle.phases.all() if phase.starts_at <= now < phase.ends_at}
    context = {
        "cycle": cycle,
        "steps": phase_steps(cycle, now),
        "voting_begun": cycle.voting_starts_at is not None and cycle.voting_starts_at <= now,
        "supports": supports_by_proposal(page, now),
        "costs": town_costs(page),
        "entry": entry,
        "status": ballot_status(cycle, entry, now),
        "turnout": turnout(cycle),
        "board": board_of(cycle),
        "paper": paper_vote(cycle),
        "prepares": Role.BUDGET_ADMINISTRATOR in roles,
        "document_days": settings.RESIDENCE_DOCUMENT_DAYS,
        "keeps_kiosks": not roles.isdisjoint({Role.POLL_OFFICER, Role.BUDGET_ADMINISTRATOR}),
        "verdicts": next_verdicts(cycle) if cycle.state == CycleState.OPEN else None,
        "proposing": cycle.state == CycleState.OPEN and PhaseKind.PROPOSING in current,
    }
    status = 400 if proposals.get("refused") else 200
    return render(request, "budgeting/cycle.html", context | proposals, status=status)


def _proposals(request: HttpRequest, cycle: Cycle) -> dict[str, Any]:
    """A page of what is proposed: pot by pot; or what the address asks for, and in which order.

    The form is made where it is drawn: where nothing is asked for that is once a minute.
    """
    asked = any(request.GET.get(name) for name in ProposalFilter.base_fields)
    if asked:
        pots = pots_by_key(cycle)
        form = ProposalFilter(cycle, pots.values(), request.GET)
        refused = not form.is_valid()
        if refused or form.wanted:
            keys = [] if refused else found_proposals(cycle, form.wanted, pots)
            read = partial(listed_proposals, cycle, pots)
            pages = KeysPaginator(keys, PROPOSALS_PER_PAGE, read=read)
            page = page_asked_for(pages, request)
            return {"page": page, "narrowed": True, "refused": refused, "filter": form}
    proposed = proposed_by_pot(cycle)
    page = page_asked_for(proposals_paged(cycle, proposed), request)
    shown = pots_of_cycle(cycle, page, proposed)
    by_pot = [each.pot for each in shown]
    return {
        "page": page,
        "pots": shown,
        "filter": SimpleLazyObject(lambda: ProposalFilter(cycle, by_pot)) if proposed else None,
    }


@Prepared
def _extensions(cycle: int) -> QuerySet[Extension]:
    return Extension.objects.filter(cycle=cycle)


@Prepared
def _moves(cycle: int) -> QuerySet[PhaseMove]:
    return PhaseMove.objects.filter(cycle=cycle)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def propose(request: SignedInRequest, slug: str) -> HttpResponse:
    """Enter one of one's own projects into the cycle."""
    cycle = visible_cycle(request.user, slug)
    form = ProposalForm(cycle, request.user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        project, pot = form.cleaned_data["project"], form.cleaned_data["pot"]
        try:
            made = submit_proposal(project, pot, by=request.user)
        except RefusedError as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("Your project is entered. It will be reviewed next."))
            return redirect("my_proposal", slug=cycle.slug, pk=made.pk)
    status = 400 if form.errors else 200
    return render(request, "budgeting/propose.html", {"cycle": cycle, "form": form}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def ballot(request: HttpRequest, slug: str) -> HttpResponse:
    """The ballot: what may be chosen, what it costs, and whether mine is cast."""
    cycle = voting_cycle(request.user, slug)
    entry = voter_here(request, cycle)
    if request.method == "POST":
        return _cast(request, cycle, entry)
    return _ballot_page(request, cycle, entry, FilledIn())


def _cast(request: HttpRequest, cycle: Cycle, entry: RollEntry | None) -> HttpResponse:
    """Cast what was filled in; where that is refused, show it as it was, and why."""
    if entry is None:
        messages.error(request, _("You are not on the voter roll of this cycle."))
        return _ballot_page(request, cycle, entry, FilledIn(), code=403)
    filled = FilledIn.of(request.POST)
    try:
        channel = Channel.CODE if code_here(request, cycle) else Channel.WEB
        told = cast(cycle, entry, filled.choices(BallotKind(cycle.ballot_kind)), channel=channel)
    except VotingClosedError as refusal:
        messages.error(request, str(refusal))
        return _ballot_page(request, cycle, entry, filled, code=409)
    except BallotRefusedError as refusal:
        return _ballot_page(request, cycle, entry, filled, refusal, code=400)
    except SlotKeyMissingError:
        log.exception("ballot.no_slot_key", cycle=cycle.pk)
        messages.error(request, _("Your ballot was not cast. %(why)s") % {"why": NO_KEY})
        return _ballot_page(request, cycle, entry, filled, code=503)
    # No redirect: a receipt goes through no session, message or address.
    context = {
        "cycle": cycle,
        "told": told,
        "entry": entry,
        "by_code": channel == Channel.CODE,
        "draft_owner": draft_owner(cycle, entry),
    }
    return render(request, "budgeting/cast.html", context)


def _ballot_page(
    request: HttpRequest,
    cycle: Cycle,
    entry: RollEntry | None,
    filled: FilledIn,
    refusal: BallotRefusedError | None = None,
    *,
    code: int = 200,
) -> HttpResponse:
    context = ballot_shown(cycle, entry, filled, refusal)
    status: BallotStatus = context["status"]
    if request.method == "GET" and status.standing == Standing.NOT_CAST:
        _started(request, cycle, entry, status.now)
    context["by_code"] = code_here(request, cycle) is not None
    context["draft"] = draft_place(cycle, entry, status) if entry else None
    context["filled_in"] = code != HTTPStatus.OK
    return render(request, "budgeting/ballot.html", context, status=code)


def _started(request: HttpRequest, cycle: Cycle, entry: RollEntry | None, now: datetime) -> None:
    """Remember that somebody who can be written to has opened their ballot."""
    mine = entry.claimed_by_id if entry else None
    if isinstance(request.user, User) and request.user.pk == mine:
        note_start(cycle, request.user, now)


def ballot_shown(
    cycle: Cycle,
    entry: RollEntry | None,
    filled: FilledIn,
    refusal: BallotRefusedError | None = None,
) -> dict[str, Any]:
    """What a page with a ballot shows, on the web and at a kiosk."""
    standing = ballot_status(cycle, entry)
    options = options_on_ballot(cycle)
    pots = _pots_on_ballot(cycle, options, entry, filled, refusal)
    return {
        "cycle": cycle,
        "kind": cycle.ballot_kind,
        "entry": entry,
        "status": standing,
        "pots": pots,
        "drawn": options.drawn,
        "errors": _errors_to_show(pots, refusal),
    }


def _pots_on_ballot(
    cycle: Cycle,
    options: OptionsOnBallot,
    entry: RollEntry | None,
    filled: FilledIn,
    refusal: BallotRefusedError | None,
) -> list[PotOnBallot]:
    """The voter's pots; all of them for somebody who only looks."""
    pots = pots_on_ballot(cycle, entry) if entry else options.pots
    voter = str(entry.pk) if entry else "anybody"
    errors, about = (refusal.by_pot, refusal.options) if refusal else ({}, {})
    return [
        pot_on_ballot(
            pot,
            in_ballot_order(options.of(pot), cycle, voter),
            filled,
            errors.get(pot.pk, ""),
            about.get(pot.pk, ""),
        )
        for pot in pots
    ]


def _errors_to_show(
    pots: list[PotOnBallot], refusal: BallotRefusedError | None
) -> list[dict[str, str]]:
    """Each error with the place on the page that it is about, for the summary on top."""
    if refusal is None:
        return []
    shown = {each.pot.pk: each for each in pots}
    return [
        {
            "words": f"{shown[pot].pot}: {words}" if pot in shown else words,
            "target": shown[pot].target if pot in shown else "ballot",
        }
        for pot, words in (refusal.by_pot or {0: str(refusal)}).items()
    ]


@kept_for_strangers
@require_safe
@vary_on_headers("HX-Request")
def results(request: HttpRequest, slug: str) -> HttpResponse:
    """Who won and why; while it is being counted, how far that is."""
    cycle = visible_cycle(request.user, slug)
    context: dict[str, Any] = {"cycle": cycle, "turnout": turnout(cycle)}
    if cycle.shows_outcome:
        if request.headers.get("HX-Request"):
            return HttpResponse(headers={"HX-Refresh": "true"})
        context |= {"results": results_of(cycle), "board": board_of(cycle)}
        context |= {"channels": channels_of(cycle), "paper": paper_vote(cycle)}
        return render(request, "budgeting/results.html", context)
    context["waiting"] = cycle.state in (*COUNTING_STATES, CycleState.COUNTED, CycleState.CERTIFIED)
    context["counting"] = cycle.state in COUNTING_STATES
    context["progress"] = counting_progress(cycle)
    template = "budgeting/waiting.html"
    if request.headers.get("HX-Request"):
        template += "#progress"
    return render(request, template, context)


@require_safe
@vary_on_headers("HX-Request")
def rounds(request: HttpRequest, slug: str, pot: int) -> HttpResponse:
    """The decisions of one pot's count, a picture for each; ``?round=`` says which, from 1."""
    cycle = visible_cycle(request.user, slug)
    pots = cycle.pots.select_related("cycle") if cycle.shows_outcome else cycle.pots.none()
    found, asked = pots.filter(pk=pot).first(), request.GET.get("round", "1")
    is_number = asked.isdecimal() and len(asked) <= LONGEST_ROUND
    shown = rounds_of(found, int(asked)) if found and is_number else None
    if shown is None:
        raise Http404("No such round.")
    template = "budgeting/rounds.html"
    if request.headers.get("HX-Request"):
        template += "#round"
    return render(request, template, {"cycle": cycle, "rounds": shown})
