"""Voting on paper: what everybody may read of it, and the desks of administrators and officers."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import cast

from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from budgeting.access import visible_cycle
from budgeting.enums import CycleState
from budgeting.forms import (
    AgreeForm,
    CheckInForm,
    CorrectPlaceForm,
    EndKeyingForm,
    FindVoterForm,
    KeyingAnewForm,
    OfferPaperForm,
    PlaceForm,
    PrintForm,
    TotalsForm,
)
from budgeting.models import Cycle, PollingPlace, RollEntry
from budgeting.selectors import PaperSums, channels_of, paper_sums, void_reasons
from budgeting.services.box_counts import UnexplainedError
from budgeting.services.check_ins import check_in, find_voter, sheets_for
from budgeting.services.keying import end_keying
from budgeting.services.keying_anew import (
    KeyTrouble,
    begin_keying_anew,
    key_trouble,
    keyings_anew_asked,
    request_keying_anew,
)
from budgeting.services.paper import (
    account_for,
    add_place,
    correct_place,
    offer_paper,
    print_sheets,
)
from budgeting.services.sheets import sheets_pdf
from budgeting.views.desks import Act, Acts, Desk, MakeForm, back
from civicfund import staff
from civicfund.audit.services import db_now
from civicfund.papers import pdf_response
from civicfund.people.enums import Role
from civicfund.people.requests import HttpRequest, SignedInRequest
from civicfund.people.selectors import roles_of
from civicfund.spreadsheets import csv_response

administrators_only = staff.only(Role.BUDGET_ADMINISTRATOR)
officers_only = staff.only(Role.POLL_OFFICER)
_PLACE = "polling_place"


@require_safe
@never_cache
def paper(request: HttpRequest, slug: str) -> HttpResponse:
    """Where people vote on paper, that it is final, and what became of every sheet."""
    cycle = visible_cycle(request.user, slug)
    sums = _sums(cycle)
    roles = roles_of(request.user) if request.user.is_authenticated else set()
    context = {
        "cycle": cycle,
        "sums": sums,
        "end": sums.end,
        "roles": roles,
        "reasons": void_reasons(sums.end) if sums.end else [],
        "channels": channels_of(cycle),
    }
    return render(request, "budgeting/paper.html", context)


def _sums(cycle: Cycle) -> PaperSums:
    sums = paper_sums(cycle)
    if sums is None:
        raise Http404("Not on paper.")
    return sums


@require_safe
def paper_csv(request: HttpRequest, slug: str) -> HttpResponseBase:
    """The totals of every place as a file."""
    cycle = visible_cycle(request.user, slug)
    columns = [
        "place", "address", "printed", "in_the_box", "spoiled", "returned", "missing", "reason",
        "people_checked_in", "sheets_keyed", "reason_at_the_end_of_keying",
    ]  # fmt: skip
    return csv_response(f"paper-{cycle.slug}.csv", columns, _rows(_sums(cycle)))


def _rows(sums: PaperSums) -> Iterator[tuple[object, ...]]:
    for each in sums.places:
        said = each.totals
        told = (said.cast, said.spoiled, said.returned) if said else ("", "", "")
        missing, reason = (each.missing, said.reason) if said else ("", "")
        yield (
            each.place.name, each.place.address, each.issued, *told, missing, reason,
            each.checked_in, each.keyed, each.reason_at_end,
        )  # fmt: skip


@administrators_only
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def paper_desk(request: SignedInRequest, slug: str) -> HttpResponseBase:
    """Offer paper, say where, print sheets, account for them, end the keying or begin it anew."""
    cycle = visible_cycle(request.user, slug)
    at_place = partial(PrintForm, cycle=cycle)
    acts: dict[str, tuple[MakeForm, Act]] = {
        "offer": (OfferPaperForm, _offer),
        "add_place": (PlaceForm, _add_place),
        "correct_place": (partial(CorrectPlaceForm, cycle=cycle), _correct_place),
        "print": (at_place, _print),
        "account": (partial(TotalsForm, cycle=cycle), _account),
        "end_keying": (EndKeyingForm, _end_keying),
        **ANEW_ACTS,
    }
    desk = Desk(request, cycle, acts)
    answer = desk.act()
    if answer is not None:
        return answer
    sums = paper_sums(cycle)
    batches = cycle.sheet_batches.select_related("place", "area").order_by("-pk")
    context = desk.context() | {"sums": sums, "batches": batches}
    context |= _times(cycle) | _key(cycle, sums)
    return render(request, "budgeting/paper_desk.html", context, status=desk.status)


def _times(cycle: Cycle) -> dict[str, object]:
    """What may be done now, roughly; the services look again."""
    running = cycle.state == CycleState.OPEN
    return {
        "prepares": running or cycle.state == CycleState.DRAFT,
        "prints": running,
        "accounts": _voting_is_over(cycle),
        "is_closed": cycle.state == CycleState.CLOSED,
    }


def _key(cycle: Cycle, sums: PaperSums | None) -> dict[str, object]:
    """What is wrong with the key of the sheets, and what was asked for where it is lost."""
    trouble = key_trouble(sums.paper) if sums else None
    asked = keyings_anew_asked(cycle) if trouble == KeyTrouble.LOST else []
    return {"trouble": trouble, "asked": asked}


def _offer(request: SignedInRequest, cycle: Cycle, desk: Desk) -> HttpResponse:
    offer_paper(cycle, by=request.user, **desk.given)
    return back(request, "paper_desk", cycle, _("People can vote on paper. Now say where."))


def _add_place(request: SignedInRequest, cycle: Cycle, desk: Desk) -> HttpResponse:
    add_place(cycle, by=request.user, **desk.given)
    return back(request, "paper_desk", cycle, _("The place is public now."))


def _correct_place(request: SignedInRequest, cycle: Cycle, desk: Desk) -> HttpResponse:
    correct_place(by=request.user, **desk.given)
    return back(request, "paper_desk", cycle, _("The place is corrected."))


def _print(request: SignedInRequest, cycle: Cycle, desk: Desk) -> HttpResponse:
    batch, numbers = print_sheets(by=request.user, **desk.given)
    # Made once, as the answer: printed again, a number would be on two sheets.
    return pdf_response(f"sheets-{cycle.slug}-{batch.pk}.pdf", sheets_pdf(batch, numbers))


def _account(request: SignedInRequest, cycle: Cycle, desk: Desk) -> HttpResponse:
    account_for(by=request.user, **desk.given)
    page = "check_in" if request.resolver_match.url_name == "check_in" else "paper_desk"  # type: ignore[union-attr]  # a view has one
    return back(request, page, cycle, _("The sheets of this place are accounted for."))


def _end_keying(request: SignedInRequest, cycle: Cycle, desk: Desk) -> HttpResponse:
    form = cast(EndKeyingForm, desk.forms["end_keying"])
    try:
        done = end_keying(cycle, form.reasons, by=request.user)
    except UnexplainedError as refusal:
        form.ask_why(refusal.differences)
        raise
    words = _("Keying has ended with %(sheets)s sheets. Now the sample is compared.")
    return back(request, "paper_desk", cycle, words % {"sheets": done.sheets})


def _ask_anew(request: SignedInRequest, cycle: Cycle, desk: Desk) -> HttpResponse:
    request_keying_anew(cycle, by=request.user, **desk.given)
    words = _("Now another administrator has to agree. Nothing is dropped before.")
    return back(request, "paper_desk", cycle, words)


def _agree_anew(request: SignedInRequest, cycle: Cycle, desk: Desk) -> HttpResponse:
    made = begin_keying_anew(cycle, desk.given["asked"], by=request.user)
    words = ngettext(
        "There is a new key. %(dropped)s keying was dropped: every sheet is keyed again.",
        "There is a new key. %(dropped)s keyings were dropped: every sheet is keyed again.",
        made.dropped,
    )
    return back(request, "paper_desk", cycle, words % {"dropped": made.dropped})


ANEW_ACTS: Acts = {
    "ask_anew": (KeyingAnewForm, _ask_anew),
    "agree_anew": (AgreeForm, _agree_anew),
}


@officers_only
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@sensitive_post_parameters("number", "found")
def check_in_desk(request: SignedInRequest, slug: str) -> HttpResponseBase:
    """Find a voter by their papers, and write down that they are given a paper ballot."""
    cycle = visible_cycle(request.user, slug)
    sums = _sums(cycle)
    place = request.session.get(_PLACE)
    acts: dict[str, tuple[MakeForm, Act]] = {
        "find": (partial(FindVoterForm, cycle=cycle, place=place), _find),
        "give": (CheckInForm, _give),
        "account": (partial(TotalsForm, cycle=cycle, place=place), _account),
    }
    desk = Desk(request, cycle, acts)
    answer = desk.act()
    if answer is not None:
        return answer
    here = cycle.polling_places.filter(pk=place or 0).first()
    context = desk.context() | {
        "sums": sums,
        "here": here,
        "given_here": here.check_ins.count() if here else 0,
        "is_open": cycle.state == CycleState.OPEN,
        "accounts": _voting_is_over(cycle),
        "found": desk.told,
    }
    return render(request, "budgeting/check_in.html", context, status=desk.status)


def _voting_is_over(cycle: Cycle) -> bool:
    """Whether sheets can be counted: voting has ended, closed or not yet."""
    ends_at = cycle.voting_ends_at
    ended = cycle.state == CycleState.OPEN and ends_at is not None and db_now() >= ends_at
    return ended or cycle.state == CycleState.CLOSED


def _find(request: SignedInRequest, cycle: Cycle, desk: Desk) -> None:
    place = desk.given["place"]
    request.session[_PLACE] = place.pk
    found = find_voter(cycle, desk.given["number"], by=request.user)
    desk.told = {
        "home": found.entry.place,
        "voted_at": found.voted_at,
        "place": place,
        "areas": sheets_for(place, found.entry),
        "form": CheckInForm.of(found.entry, place),
    }
    # What was typed is not shown again: the next person would see it.
    desk.forms["find"] = FindVoterForm(cycle=cycle, place=place.pk, auto_id="find-%s")


def _give(request: SignedInRequest, cycle: Cycle, desk: Desk) -> HttpResponse:
    said = desk.given["found"]
    entry = RollEntry.objects.select_related("place").get(pk=said["entry"])
    place = PollingPlace.objects.select_related("cycle").get(pk=said["place"])
    check_in(entry, place, by=request.user)
    words = _("Checked in. Let them draw a sheet from the stack, and note no number.")
    return back(request, "check_in", cycle, words)
