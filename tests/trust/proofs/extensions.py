"""An outage is answered by a written rule: later only, in time, by two people, for all to read."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from django.core.exceptions import PermissionDenied
from django.test import Client
from django.utils.html import escape

from budgeting.domain import board as boards
from budgeting.enums import PhaseKind
from budgeting.models import Board, Cycle, Extension, Phase
from budgeting.selectors import board_lines, options_on_board
from budgeting.services.errors import RefusedError
from budgeting.services.extensions import EXTEND, extend_voting, request_extension
from civicfund.audit.services import ApprovalError, approve_act, request_act
from civicfund.people.models import User
from tests.factories.budgeting import administrator, extended, running_cycle
from tests.factories.people import UserFactory
from tests.trust.electorate import end_voting
from tests.trust.result import Result, faults
from tests.trust.town import Town
from tests.trust.tries import Try, end_later, went_wrong

HOUR = timedelta(hours=1)
# Constraints of the database, one for each way that is refused.
FORWARD, IN_TIME, TWO, FROZEN = (
    "extension_only_forward", "extension_in_time", "extension_needs_two_people",
    "phase_frozen_when_opened",
)  # fmt: skip


def longer_by_two(town: Town, full: bool) -> Result:
    """Every other way to move the end of a vote is refused; what two agreed to is on the board."""
    votes = 50 if full else 3
    moved = misled = tries = made = 0
    for number in range(votes):
        cycle, _ = running_cycle()
        for _ in range(2):
            extended(cycle, HOUR, reason=_reason(number))
            made += 1
        misled += not _is_told(cycle, _reason(number))
        misled += not _end_explained(cycle)
        running = _tries(cycle)
        moved += sum(went_wrong(partial(_standing, cycle), *each) for each in running)
        end_voting(town, cycle)
        late = _late_tries(cycle)
        moved += sum(went_wrong(partial(_standing, cycle), *each) for each in late)
        tries += len(running) + len(late)
    cycle, _ = running_cycle()
    found = went_wrong(partial(_standing, cycle), FROZEN, partial(_shortened_by_sql, town, cycle))
    return Result(
        tried="a vote made shorter, or longer by one person, for another reason, from another end,"
        " too late, or with no row, by service, SQL and the owner of the tables, each refused for"
        " its own reason; the board and its page after extensions by two",
        size=f"{votes} votes, {tries} tries, {made} extensions",
        faults=faults(
            ends_that_moved_or_were_kept_for_another_reason=moved,
            votes_whose_board_or_page_does_not_say_why=misled,
            right_extensions_that_are_refused=not _right_one_is_made(),
        ),
        control="with triggers off SQL makes a vote shorter: the end moves, and no line of the"
        " board explains it",
        control_failed=found and not _end_explained(cycle),
    )


def _reason(number: int) -> str:
    return f"The site was down from 9 to {10 + number % 12}, “for all” & everywhere."


def _ends_at(cycle: Cycle) -> datetime:
    return Phase.objects.get(cycle=cycle, kind=PhaseKind.BALLOTING).ends_at


def _standing(cycle: Cycle) -> tuple[datetime, int, str]:
    return _ends_at(cycle), Extension.objects.count(), Board.objects.get(pk=cycle.pk).head


def _agreed(cycle: Cycle, ends: datetime, to: datetime, reason: str = "Outage.") -> Extension:
    """A row as two people agreed to it, written without the service."""
    asked = request_act(
        EXTEND, cycle, requested_by=administrator(),
        from_at=ends.isoformat(), to_at=to.isoformat(), reason="Outage.",
    )  # fmt: skip
    return Extension.objects.create(
        cycle=cycle, from_at=ends, to_at=to, reason=reason,
        approval=approve_act(asked, approved_by=administrator()),
    )  # fmt: skip


def _by_one(cycle: Cycle, by: User) -> Extension:
    asked = request_extension(cycle, ends_at=_ends_at(cycle) + HOUR, reason="Outage.", by=by)
    return extend_voting(cycle, asked.pk, by=by)


def _tries(cycle: Cycle) -> list[Try]:
    """While the vote runs."""
    ends = _ends_at(cycle)
    ask = partial(request_extension, cycle, by=administrator())
    return [
        (RefusedError, lambda: ask(ends_at=ends - HOUR / 2, reason="x")),
        (RefusedError, lambda: ask(ends_at=ends, reason="x")),
        (RefusedError, lambda: ask(ends_at=ends + HOUR, reason=" ")),
        (PermissionDenied, lambda: ask(ends_at=ends + HOUR, reason="x", by=UserFactory())),
        (ApprovalError, lambda: _by_one(cycle, administrator())),
        (FORWARD, lambda: _agreed(cycle, ends, ends - HOUR / 2)),
        (IN_TIME, lambda: _agreed(cycle, ends - HOUR / 2, ends + HOUR)),
        (TWO, lambda: _agreed(cycle, ends, ends + HOUR, reason="Another reason.")),
        *(
            (FROZEN, partial(end_later, cycle, PhaseKind.BALLOTING, by, using))
            for by in ("-10 minutes", "1 hour")
            for using in ("default", "owner")
        ),
    ]


def _late_tries(cycle: Cycle) -> list[Try]:
    """Once it is over."""
    over = _ends_at(cycle)
    ask = partial(request_extension, cycle, by=administrator())
    return [
        (IN_TIME, lambda: _agreed(cycle, over, over + HOUR)),
        (RefusedError, lambda: ask(ends_at=over + HOUR, reason="x")),
    ]


def _right_one_is_made() -> bool:
    """Whether a row as those that are refused, but for what is wrong with them, is made."""
    cycle, _ = running_cycle()
    ends = _ends_at(cycle)
    _agreed(cycle, ends, ends + HOUR)
    return _ends_at(cycle) == ends + HOUR


def _shortened_by_sql(town: Town, cycle: Cycle) -> None:
    with town.superuser() as database:
        database.execute(
            "UPDATE budgeting_phase SET ends_at = ends_at - interval '10 minutes'"
            " WHERE cycle_id = %s AND kind = 'balloting'",
            [cycle.pk],
        )


def _is_told(cycle: Cycle, reason: str) -> bool:
    """Whether everybody reads on the board why voting was made longer, each time."""
    page = Client().get(f"{cycle.get_absolute_url()}board/").content.decode()
    return page.count(escape(reason)) == cycle.extensions.count()


def _end_explained(cycle: Cycle) -> bool:
    """Whether the end is the one that the cycle was opened with, or the board's last extension's.

    The extensions have to be in the board's chain.
    """
    board = Board.objects.get(pk=cycle.pk)
    rows = list(cycle.extensions.order_by("pk"))
    said = [
        boards.Extension(
            row.board_size, boards.moment(row.from_at), boards.moment(row.to_at),
            boards.moment(row.at), row.reason,
        )
        for row in rows
    ]  # fmt: skip
    options = options_on_board(board)
    chained = boards.chain_of(board.first, board_lines(board), said, options)[1] == board.head
    ends = [_opened_to_end_at(board), *(row.to_at for row in rows)]
    follow = [row.from_at for row in rows] == ends[:-1]
    return chained and follow and _ends_at(cycle) == ends[-1]


def _opened_to_end_at(board: Board) -> datetime:
    [ends] = [end for kind, _, end in board.opened["rules"]["phases"] if kind == "balloting"]
    return datetime.fromisoformat(ends)
