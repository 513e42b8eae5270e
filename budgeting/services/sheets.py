"""Ballot sheets as a PDF file, made as it is sent: which sheet came when is kept nowhere."""

from __future__ import annotations

import html
from collections.abc import Sequence

from django.template.loader import render_to_string
from django.utils import translation
from django.utils.html import strip_tags
from django.utils.translation import gettext as _

from budgeting.access import pots_at
from budgeting.domain.paper import shown_number
from budgeting.enums import BallotKind
from budgeting.models import Cycle, Option, Pot, SheetBatch
from budgeting.selectors import in_ballot_order
from civicfund.papers import BallotSheet, SheetLine, SheetPart, ballot_sheets
from civicfund.templatetags.money import money


def sheets_pdf(batch: SheetBatch, numbers: Sequence[str]) -> bytes:
    """The sheets of a batch, in the order of ``numbers``, in the batch's language.

    On each sheet the options stand in an order of its own, so that none gains by its place; the
    number in front of an option is the same on all.
    """
    cycle = batch.cycle
    with translation.override(batch.language):
        pots = {pot: list(pot.options.all()) for pot in pots_at(cycle.pk, batch.area)}
        tasks = {pot: _task(cycle, pot) for pot in pots}
        lead = _lead(cycle)
        sheets = (
            BallotSheet(
                number=shown_number(number),
                code=number,
                title=_("Ballot: %(cycle)s") % {"cycle": cycle.title},
                lead=lead,
                parts=[
                    _part(cycle, pot, tasks[pot], in_ballot_order(options, cycle, number))
                    for pot, options in pots.items()
                ],
                end=_("End of the ballot. Fold it, and put it into the box."),
            )
            for number in numbers
        )
        return ballot_sheets(sheets, language=batch.language)


def _lead(cycle: Cycle) -> list[str]:
    rule = render_to_string("budgeting/sheet_rule.txt", {"cycle": cycle})
    return [
        _(
            "Write nothing on it but your choice: no name, no sign. If you make a mistake, give it"
            " back and take another. The number above tells sheets apart, and not people: nobody"
            " notes which sheet you have."
        ),
        _plain(rule),
        _MARKS[BallotKind(cycle.ballot_kind)](),
    ]


_MARKS = {
    BallotKind.APPROVAL: lambda: _("Put a cross into the box of each project that you choose."),
    BallotKind.CHOOSE_ONE: lambda: _("Put a cross into the box of the project that you choose."),
    BallotKind.KNAPSACK: lambda: _("Put a cross into the box of each project that you choose."),
    BallotKind.CUMULATIVE: lambda: _("Write the points that you give into the project's box."),
    BallotKind.SCORING: lambda: _("Write the score that you give into the project's box."),
    BallotKind.RANKING: lambda: _(
        "Write 1 into the box of the project that you want most, 2 into that of the next one, and"
        " so on."
    ),
}
_WRITTEN = (BallotKind.CUMULATIVE, BallotKind.SCORING, BallotKind.RANKING)


def _task(cycle: Cycle, pot: Pot) -> str:
    """The words that the ballot page has for the same."""
    shown = {"kind": cycle.ballot_kind, "each": {"pot": pot, "field": ""}}
    return _plain(render_to_string("budgeting/_ballot_task.html", shown))


def _plain(words: str) -> str:
    return " ".join(html.unescape(strip_tags(words)).split())


def _part(cycle: Cycle, pot: Pot, task: str, options: Sequence[Option]) -> SheetPart:
    return SheetPart(
        heading=f"{pot.name}: {money(pot.amount_minor, cycle.currency)}",
        task=task,
        lines=[
            SheetLine(
                name=f"{option.position + 1}. {_named(option)}",
                cost=money(option.cost_minor, cycle.currency),
            )
            for option in options
        ],
        writes=BallotKind(cycle.ballot_kind) in _WRITTEN,
    )


def _named(option: Option) -> str:
    """The option's name; where it excludes others, with the words that the ballot page has."""
    if not option.exclusion_group:
        return option.name
    return _("%(name)s (either-or, %(group)s: at most one is funded)") % {
        "name": option.name,
        "group": option.exclusion_group,
    }
