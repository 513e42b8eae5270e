"""A phase of an open cycle moves by a written rule: later, in time, by two people, for all to read.

That voting itself is made longer is tried by ``extensions``.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from django.core.exceptions import PermissionDenied
from django.test import Client
from django.utils.html import escape

from budgeting.domain import board as boards
from budgeting.enums import PhaseKind
from budgeting.models import Board, Cycle, Phase, PhaseMove
from budgeting.services.cycles import add_phase
from budgeting.services.errors import RefusedError
from budgeting.services.moving import MOVE, move_phase, request_move
from civicfund.audit.services import ApprovalError, approve_act, db_now, request_act
from civicfund.people.models import User
from tests.factories.budgeting import administrator, draft_cycle, moved, opened
from tests.factories.people import UserFactory
from tests.trust.result import Result, faults
from tests.trust.town import Town
from tests.trust.tries import Try, end_later, went_wrong

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
NOT = timedelta()
# In days from now: one that is over, one that has begun, one that is to come, and then voting.
PHASES = {
    PhaseKind.INFORMING: (-9, -5),
    PhaseKind.PROPOSING: (-5, 1),
    PhaseKind.REVIEWING: (2, 5),
}
VOTING = (10, 20)
# Constraints of the database, one for each way that is refused.
LATER, LONG, IN_TIME, BEFORE, VOTE, TWO, FROZEN = (
    "move_only_later", "move_not_shorter", "move_in_time", "move_before_voting", "move_of_voting",
    "move_needs_two_people", "phase_frozen_when_opened",
)  # fmt: skip


def later_by_two(town: Town, full: bool) -> Result:
    """Every other way to move a phase is refused; what two agreed to is on the board."""
    cycles = 50 if full else 3
    wrong = misled = tries = made = 0
    for number in range(cycles):
        cycle = _open_cycle()
        for kind, start_by in (
            (PhaseKind.PROPOSING, NOT), (PhaseKind.BALLOTING, DAY), (PhaseKind.REVIEWING, DAY),
        ):  # fmt: skip
            moved(cycle, kind, DAY, start_by=start_by, reason=_reason(number))
            made += 1
        misled += not _is_told(cycle, _reason(number))
        misled += not _explained(cycle)
        wanted = [*_asked(cycle), *_written(cycle)]
        wrong += sum(went_wrong(partial(_standing, cycle), *each) for each in wanted)
        tries += len(wanted)
    cycle = _open_cycle()
    found = went_wrong(partial(_standing, cycle), FROZEN, partial(_moved_by_sql, town, cycle))
    return Result(
        tried="a phase moved earlier, shorter, into voting, once over, its start once begun, voting"
        " made longer alone, by one person, for another reason, from other times, or with no row,"
        " by service, SQL and the owner of the tables, each refused for its own reason; the board"
        " and its page after moves by two",
        size=f"{cycles} cycles, {tries} tries, {made} moves",
        faults=faults(
            phases_that_moved_or_were_kept_for_another_reason=wrong,
            cycles_whose_board_or_page_does_not_say_why=misled,
            right_moves_that_are_refused=not _right_one_is_made(),
        ),
        control="with triggers off SQL puts voting off: the phase moves, and no line of the board"
        " explains it",
        control_failed=found and not _explained(cycle),
    )


def _open_cycle() -> Cycle:
    by, now = administrator(), db_now()
    begins, ends = (DAY * days for days in VOTING)
    cycle = draft_cycle(by=by, voting_starts_in=begins, voting_ends_in=ends)
    for kind, (first, last) in PHASES.items():
        add_phase(cycle, kind, starts_at=now + DAY * first, ends_at=now + DAY * last, by=by)
    return opened(cycle)


def _reason(number: int) -> str:
    return f"{number + 2} reviewers are ill, “for long” & so late."


def _phase(cycle: Cycle, kind: PhaseKind) -> Phase:
    return Phase.objects.get(cycle=cycle, kind=kind)


def _times(cycle: Cycle) -> list[tuple[str, datetime, datetime]]:
    rows = Phase.objects.filter(cycle=cycle).order_by("pk")
    return list(rows.values_list("kind", "starts_at", "ends_at"))


def _standing(cycle: Cycle) -> tuple[list[tuple[str, datetime, datetime]], int, str]:
    return _times(cycle), PhaseMove.objects.count(), Board.objects.get(pk=cycle.pk).head


def _ask(
    cycle: Cycle,
    kind: PhaseKind,
    by_end: timedelta,
    by_start: timedelta = NOT,
    *,
    reason: str = "x",
    by: User | None = None,
) -> object:
    phase = _phase(cycle, kind)
    return request_move(
        cycle, phase.pk, starts_at=phase.starts_at + by_start, ends_at=phase.ends_at + by_end,
        reason=reason, by=by or administrator(),
    )  # fmt: skip


def _asked(cycle: Cycle) -> list[Try]:
    """By the services."""
    over, begun, coming, vote = *PHASES, PhaseKind.BALLOTING
    ask = partial(_ask, cycle)
    return [
        (RefusedError, partial(ask, coming, -HOUR)),
        (RefusedError, partial(ask, coming, NOT)),
        (RefusedError, partial(ask, coming, -DAY, -DAY)),
        (RefusedError, partial(ask, coming, HOUR, DAY)),
        (RefusedError, partial(ask, coming, 20 * DAY)),
        (RefusedError, partial(ask, over, DAY)),
        (RefusedError, partial(ask, begun, DAY, DAY)),
        (RefusedError, partial(ask, vote, DAY)),
        (RefusedError, partial(ask, coming, DAY, reason=" ")),
        (PermissionDenied, partial(ask, coming, DAY, by=UserFactory())),
        (ApprovalError, partial(_by_one, cycle, coming, administrator())),
    ]


def _by_one(cycle: Cycle, kind: PhaseKind, by: User) -> PhaseMove:
    phase = _phase(cycle, kind)
    asked = request_move(cycle, phase.pk, ends_at=phase.ends_at + HOUR, reason="x", by=by)
    return move_phase(cycle, asked.pk, by=by)


def _written(cycle: Cycle) -> list[Try]:
    """As two people agreed to it, by a row without the service; and with no row at all."""
    over, begun, coming, vote = *PHASES, PhaseKind.BALLOTING
    row = partial(_agreed, cycle)
    return [
        (LATER, partial(row, coming, -HOUR, -HOUR)),
        (LONG, partial(row, coming, HOUR, DAY)),
        (BEFORE, partial(row, coming, 20 * DAY)),
        (IN_TIME, partial(row, over, DAY)),
        (IN_TIME, partial(row, begun, DAY, DAY)),
        (IN_TIME, partial(row, coming, DAY, was_other_by=HOUR)),
        (VOTE, partial(row, vote, DAY)),
        (TWO, partial(row, coming, DAY, said="Another reason.")),
        *(
            (FROZEN, partial(end_later, cycle, kind, by, using))
            for kind in (coming, vote)
            for by in ("-10 minutes", "1 hour")
            for using in ("default", "owner")
        ),
    ]


def _agreed(
    cycle: Cycle,
    kind: PhaseKind,
    by_end: timedelta,
    by_start: timedelta = NOT,
    *,
    said: str = "x",
    was_other_by: timedelta = NOT,
) -> PhaseMove:
    """A row as two people agreed to it, but for what it says instead, written by no service."""
    phase = _phase(cycle, kind)
    times = {
        "from_starts_at": phase.starts_at - was_other_by,
        "from_ends_at": phase.ends_at - was_other_by,
        "to_starts_at": phase.starts_at + by_start,
        "to_ends_at": phase.ends_at + by_end,
    }
    asked = request_act(
        MOVE, cycle, requested_by=administrator(), phase=phase.pk, kind=kind, reason="x",
        **{name: at.isoformat() for name, at in times.items()},
    )  # fmt: skip
    approval = approve_act(asked, approved_by=administrator())
    return PhaseMove.objects.create(
        cycle=cycle, phase=phase, reason=said, approval=approval, **times
    )


def _right_one_is_made() -> bool:
    """Whether a row as those that are refused, but for what is wrong with them, is made."""
    cycle = _open_cycle()
    ends = _phase(cycle, PhaseKind.REVIEWING).ends_at
    _agreed(cycle, PhaseKind.REVIEWING, DAY)
    return _phase(cycle, PhaseKind.REVIEWING).ends_at == ends + DAY


def _moved_by_sql(town: Town, cycle: Cycle) -> None:
    with town.superuser() as database:
        database.execute(
            "UPDATE budgeting_phase SET starts_at = starts_at + interval '1 day',"
            " ends_at = ends_at + interval '1 day' WHERE cycle_id = %s AND kind = 'balloting'",
            [cycle.pk],
        )


def _is_told(cycle: Cycle, reason: str) -> bool:
    """Whether everybody reads on the board why phases are later, each time."""
    page = Client().get(f"{cycle.get_absolute_url()}board/").content.decode()
    return page.count(escape(reason)) == cycle.moves_of_phases.count()


def _explained(cycle: Cycle) -> bool:
    """Whether phases are as the cycle was opened with, moved as the board's chain says and no
    otherwise.
    """
    board = Board.objects.get(pk=cycle.pk)
    phases = [
        (kind, *(datetime.fromisoformat(at) for at in times))
        for kind, *times in board.opened["rules"]["phases"]
    ]
    said = []
    for row in cycle.moves_of_phases.order_by("pk"):
        was = (row.kind, row.from_starts_at, row.from_ends_at)
        if was not in phases:
            return False
        phases[phases.index(was)] = (row.kind, row.to_starts_at, row.to_ends_at)
        times = (row.from_starts_at, row.from_ends_at, row.to_starts_at, row.to_ends_at, row.at)
        moments = map(boards.moment, times)
        said.append(boards.Move(row.board_size, row.extensions, row.kind, *moments, row.reason))
    chained = boards.chain_of(board.first, [], said, None)[1] == board.head
    return chained and sorted(phases) == sorted(_times(cycle))
