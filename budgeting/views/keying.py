"""The clerks' desk, and the desk at which a clerk and an observer compare the sample."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import structlog
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from budgeting.access import pots_at, visible_cycle
from budgeting.domain.paper import Reading, shown_number
from budgeting.enums import BallotKind, CycleState, SampleRole
from budgeting.forms import FilledIn, SheetForm, VoidForm, pot_on_ballot
from budgeting.models import Cycle, KeyingAnew, KeyingEnd, Option, Pot, Sheet
from budgeting.selectors import compared_sheets, in_ballot_order, paper_sums
from budgeting.services.errors import BallotRefusedError, RefusedError
from budgeting.services.key_files import SlotKeyMissingError
from budgeting.services.keying import (
    Standing,
    key_sheet,
    keyed_sheets,
    reading_of,
    sheet_to_key,
)
from budgeting.services.samples import compare_sheet, sheet_to_compare
from civicfund import staff
from civicfund.people.enums import Role
from civicfund.people.requests import SignedInRequest
from civicfund.people.selectors import has_role

log = structlog.get_logger(__name__)

clerks_only = staff.only(Role.CLERK)
comparers_only = staff.only(Role.OBSERVER, Role.CLERK)
_TOLD = {
    Standing.ONCE: gettext_lazy("Kept. Another clerk keys the same sheet."),
    Standing.DONE: gettext_lazy("Kept. This sheet is done."),
    Standing.DIFFER: gettext_lazy("Kept. The two keyings differ: a third clerk keys it too."),
    Standing.STILL_DIFFER: gettext_lazy(
        "Kept. No two keyings of this sheet agree. A clerk who has not keyed it yet has to, until"
        " two agree."
    ),
}
_NO_KEY = gettext_lazy(
    "Sheets cannot be keyed right now: the key of this vote's sheets is not where it was put. It"
    " has been noted; nothing was kept. An administrator sees at the desk of paper what to do."
)
Keep = Callable[[Sheet, Reading], None]


@clerks_only
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def keying_desk(request: SignedInRequest, slug: str) -> HttpResponse:
    """Key sheets: the number first, then what stands on it."""
    cycle = visible_cycle(request.user, slug)

    def keep(sheet: Sheet, reading: Reading) -> None:
        told = key_sheet(cycle, sheet, reading, by=request.user)
        messages.success(request, str(_TOLD[told]))

    def find(typed: str) -> Sheet:
        return sheet_to_key(cycle, typed, by=request.user)

    return _Reader(request, cycle, "keying", find, keep).answer(lambda: _keyed(cycle, request))


def _keyed(cycle: Cycle, request: SignedInRequest) -> dict[str, object]:
    """What is left to be done, and by whom."""
    is_closed = cycle.state == CycleState.CLOSED
    ended = KeyingEnd.objects.filter(pk=cycle.pk).exists()
    sheets = keyed_sheets(cycle, by=request.user) if is_closed and not ended else []

    def numbers(*standings: Standing, mine: bool = False) -> list[str]:
        return [
            shown_number(each.sheet.number)
            for each in sheets
            if each.standing in standings and each.mine == mine
        ]

    return {
        "may_key": is_closed and not ended,
        "ended": ended,
        "anew": KeyingAnew.objects.filter(paper=cycle.pk),
        "keyed": len(sheets),
        "done": sum(each.standing == Standing.DONE for each in sheets),
        "once": numbers(Standing.ONCE),
        "differ": numbers(Standing.DIFFER),
        "still_differ": numbers(Standing.STILL_DIFFER),
        "for_another": numbers(Standing.DIFFER, Standing.STILL_DIFFER, mine=True),
    }


@comparers_only
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def sample_desk(request: SignedInRequest, slug: str) -> HttpResponse:
    """Read the drawn sheets again: an observer and a clerk, each for themselves."""
    cycle = visible_cycle(request.user, slug)
    observes = has_role(request.user, Role.OBSERVER)
    role = SampleRole.OBSERVER if observes else SampleRole.CLERK

    def find(typed: str) -> Sheet:
        return sheet_to_compare(cycle, typed, role=role, by=request.user).sheet

    def keep(sheet: Sheet, reading: Reading) -> None:
        compare_sheet(cycle, sheet.sampled, reading, role=role, by=request.user)
        messages.success(request, _("Kept: whether it was keyed like that, and nothing else."))

    return _Reader(request, cycle, "sample", find, keep).answer(lambda: _drawn(cycle, role))


def _drawn(cycle: Cycle, role: SampleRole) -> dict[str, object]:
    sums = paper_sums(cycle)
    sheets = [
        (shown_number(each.sampled.sheet.number), each, role in each.waits_for)
        for each in compared_sheets(cycle)
    ]
    return {
        "sums": sums,
        "role": role,
        "sheets": sheets,
        "may_key": cycle.state == CycleState.CLOSED and any(mine for *_, mine in sheets),
    }


class _Reader:
    """A desk at which somebody types a sheet's number, and then what stands on it."""

    def __init__(
        self,
        request: SignedInRequest,
        cycle: Cycle,
        page: str,
        find: Callable[[str], Sheet],
        keep: Keep,
    ) -> None:
        self.request, self.cycle, self.page = request, cycle, page
        self.find, self.keep = find, keep
        self.number = SheetForm(request.POST if request.method == "POST" else None)

    def answer(self, standing: Callable[[], dict[str, object]]) -> HttpResponse:
        """The page, or back to it once something was kept."""
        shown: dict[str, object] = {}
        status = 200
        try:
            if self.number.is_bound and self.number.is_valid():
                sheet = self.find(self.number.cleaned_data["number"])
                shown = self._sheet(sheet)
                if "read" in self.request.POST:
                    if "errors" not in shown:
                        return redirect(self.page, slug=self.cycle.slug)
                    status = 400
            elif self.number.is_bound:
                status = 400
            context = standing()
        except RefusedError as refusal:
            self.number.add_error("number", str(refusal))
            shown, status, context = {}, 400, standing()
        except SlotKeyMissingError:
            log.exception("sheets.no_key", cycle=self.cycle.pk)
            messages.error(self.request, str(_NO_KEY))
            shown, status, context = {}, 503, {"may_key": False}
        context |= {"cycle": self.cycle, "form": self.number} | shown
        return render(self.request, f"budgeting/{self.page}.html", context, status=status)

    def _sheet(self, sheet: Sheet) -> dict[str, object]:
        """The form for what stands on a sheet; ``errors`` where what was read is refused."""
        request, cycle = self.request, self.cycle
        pots = pots_at(cycle.pk, sheet.batch.area)
        if "read" not in request.POST:
            return _form(cycle, sheet, pots, FilledIn(), VoidForm(pots))
        filled, void = FilledIn.of(request.POST), VoidForm(pots, request.POST)
        try:
            choices = filled.choices(BallotKind(cycle.ballot_kind))
            reading = reading_of(cycle, sheet, choices, void=void.whole, voids=void.parts)
        except BallotRefusedError as refusal:
            return _form(cycle, sheet, pots, filled, void, refusal)
        self.keep(sheet, reading)
        return {}


def _form(
    cycle: Cycle,
    sheet: Sheet,
    pots: list[Pot],
    filled: FilledIn,
    void: VoidForm,
    refusal: BallotRefusedError | None = None,
) -> dict[str, Any]:
    errors, about = (refusal.by_pot, refusal.options) if refusal else ({}, {})
    shown = []
    for pot in pots:
        options = in_ballot_order(Option.objects.filter(pot=pot), cycle, sheet.number)
        wrong, at = errors.get(pot.pk, ""), about.get(pot.pk, "")
        shown.append((pot_on_ballot(pot, options, filled, wrong, at), void.of_pot(pot)))
    context: dict[str, Any] = {
        "sheet": sheet,
        "shown_number": shown_number(sheet.number),
        "kind": cycle.ballot_kind,
        "pots": shown,
        "void": void,
    }
    if refusal is not None:
        words = {each.pot.pk: (f"{each.pot}: ", each.target) for each, _void in shown}
        context["errors"] = [
            {"words": words[pot][0] + said, "target": words[pot][1]}
            for pot, said in refusal.by_pot.items()
        ] or [{"words": str(refusal), "target": "sheet"}]
    return context
