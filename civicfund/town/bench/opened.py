"""From opened ballots in PostgreSQL to an outcome that anyone can read, and what that costs."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Iterator

from django.db import connection, transaction

from budgeting.domain.ballots import Ballots
from budgeting.domain.election import Election
from budgeting.domain.generated import approval_election
from budgeting.enums import IMPORTED_CYCLE_MOVES, BallotKind, CycleState, Origin, TieOrder
from budgeting.models import Cycle, Option, Pot, Tally
from budgeting.services.counting import count_cycle
from budgeting.services.memory import estimated_bytes
from civicfund.audit.services import advance

OPTIONS = 118
_ROWS_AT_ONCE = 50_000


def opened_election(ballots: int, rule: str) -> Cycle:
    """An imported cycle with so many made-up ballots in it, waiting for its count."""
    election = approval_election(ballots, OPTIONS, seed=1)
    with transaction.atomic():
        cycle = Cycle.objects.create(
            slug=f"opened-{ballots}-{rule.replace('_', '-')}"[:50],
            title=f"{ballots} ballots",
            origin=Origin.IMPORTED,
            ballot_kind=BallotKind.APPROVAL,
            rule=rule,
            ties=TieOrder.LEXICOGRAPHIC,
            currency="EUR",
        )
        pot = _pot(cycle, election)
        with connection.cursor() as cursor:
            for piece in _pieces(election.ballots, cycle, pot):
                with cursor.copy(
                    "COPY budgeting_openedballot (cycle_id, pot_id, options) FROM STDIN"
                ) as copy:
                    copy.write(piece)
        return advance(cycle, CycleState.UNSEALED, IMPORTED_CYCLE_MOVES, actor=None)


def _pot(cycle: Cycle, election: Election) -> Pot:
    pot = Pot.objects.create(
        cycle=cycle, position=0, name="All", amount_minor=election.budget_minor, min_options=0
    )
    Option.objects.bulk_create(
        Option(
            cycle=cycle,
            pot=pot,
            position=position,
            code=option.id,
            name=f"Project {option.id}",
            cost_minor=option.cost_minor,
        )
        for position, option in enumerate(election.options)
    )
    return pot


def _pieces(ballots: Ballots, cycle: Cycle, pot: Pot) -> Iterator[str]:
    """Many lines of COPY's text format at a time."""
    waiting = []
    for choices, _points, _weight in ballots.rows():
        waiting.append(f"{cycle.pk}\t{pot.pk}\t{{{','.join(map(str, choices))}}}\n")
        if len(waiting) == _ROWS_AT_ONCE:
            yield "".join(waiting)
            waiting = []
    yield "".join(waiting)


def copied_out(cycle: Cycle) -> tuple[float, float]:
    """Seconds and MiB of a bare COPY of the same rows into this process, thrown away."""
    pot = cycle.pots.get()
    statement = (
        f"COPY (SELECT options FROM budgeting_openedballot WHERE pot_id = {int(pot.pk)}) TO STDOUT"  # noqa: S608 -- a number
    )
    size = 0
    started = time.perf_counter()
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for block in copy:
            size += len(block)
    return time.perf_counter() - started, size / 2**20


def measured(cycle: Cycle) -> dict[str, object]:
    """Count it as the worker does; how long that took, beside the bare COPY."""
    bare, size = copied_out(cycle)
    estimate = estimated_bytes(cycle.pots.get())
    before = memory_held()
    started = time.perf_counter()
    count_cycle(cycle)
    taken = time.perf_counter() - started
    cycle.refresh_from_db()
    tallies = Tally.objects.filter(cycle=cycle)
    binding = tallies.get(binding=True)
    return {
        "ballots": binding.ballots,
        "different": binding.distinct_ballots,
        "options": cycle.options.count(),
        "rule": binding.rule,
        "public": cycle.shows_outcome,
        "copy_s": round(bare, 3),
        "copy_mib": round(size, 1),
        "database_to_outcome_s": round(taken, 3),
        "ratio_to_copy": round(taken / bare, 1),
        "tallies": {tally.rule: round(tally.seconds, 3) for tally in tallies.order_by("pk")},
        "estimate_mib": round(estimate / 2**20),
        "before_mib": round(before),
        "peak_mib": round(memory_held()),
    }


def memory_held() -> float:
    """The most MiB that this process has held so far, the making of the election included."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)
