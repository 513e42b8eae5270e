"""A count does not depend on one process: killed at many points, and three counts at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Barrier
from typing import Any
from unittest.mock import patch

from django.db import connection, connections

from budgeting.enums import CycleState
from budgeting.models import Cycle, Tally
from budgeting.services import counting
from budgeting.tasks import count_due_cycles
from tests.budgeting.test_counting import unsealed
from tests.races.threads import at_once
from tests.trust.result import Result, faults
from tests.trust.town import QUEUE, Town, until

VOTES = [[0], [0, 1], [2], [1, 2]]
RIVALS = 4
Written = list[tuple[str, str, str, bool]]


def kills_and_rivals(town: Town, full: bool) -> Result:
    """SIGKILL to the process that counts, at points spread over its statements; three at once."""
    kills = 20 if full else 3
    cycle = unsealed(VOTES)
    statements = _statements(cycle)
    expected = _written(cycle)
    last = 2 * statements  # one place before, one after each
    points = sorted({1 + place * (last - 1) // (kills - 1) for place in range(kills)})
    different = not_killed = 0
    for point in points:
        not_killed += not _count_with_a_death(town, cycle, point)
        different += _written(cycle) != expected
    found = _duplicates_without_guards(town, cycle)
    return Result(
        tried=f"SIGKILL before or after one of {statements} statements of a count, three tallies at"
        " once",
        size=f"{len(points)} points: {len(points) - different} times the same result, once",
        faults=faults(
            results_that_differ_or_stand_twice=different,
            counts_that_could_not_be_killed=not_killed,
        ),
        control=f"no unique key, no waiting: {found} tallies stand twice",
        control_failed=found > 0,
    )


def _statements(cycle: Cycle) -> int:
    """How many statements an unharmed count takes; it is counted by it."""
    seen = 0

    def watch(execute: Callable[..., object], *given: object) -> object:
        nonlocal seen
        seen += 1
        return execute(*given)

    with connection.execute_wrapper(watch):
        counting.count_cycle(cycle)
    return seen


def _written(cycle: Cycle) -> Written:
    """What stands in the table of tallies, without what differs from count to count."""
    rows = Tally.objects.filter(cycle=cycle).order_by("pot", "rule", "pk")
    return [(tally.rule, tally.digest, str(tally.outcome), tally.binding) for tally in rows]


def _uncounted(town: Town, cycle: Cycle) -> None:
    """Take the count back, as only the server's owner can."""
    with town.superuser() as database:
        database.execute("DELETE FROM budgeting_tally WHERE cycle_id = %s", [cycle.pk])
        database.execute("UPDATE budgeting_cycle SET state = 'unsealed' WHERE id = %s", [cycle.pk])


def _count_with_a_death(town: Town, cycle: Cycle, point: int) -> bool:
    """Three sweeps at once, the first of which dies; then sweeps as the schedule sends them."""
    armed, died = town.home / "die-at", town.home / "died"
    died.unlink(missing_ok=True)
    armed.write_text(str(point))
    _uncounted(town, cycle)
    for _ in range(3):
        count_due_cycles.apply_async(queue=QUEUE)
    until(died.exists, f"a process comes to place {point}")

    def counted() -> bool:
        count_due_cycles.apply_async(queue=QUEUE)
        cycle.refresh_from_db()
        return cycle.state == CycleState.COUNTED

    until(counted, "the next sweep counts")
    armed.unlink()
    return died.exists()


def _duplicates_without_guards(town: Town, cycle: Cycle) -> int:
    """The control: counts that neither wait for each other nor meet a unique key."""
    _uncounted(town, cycle)
    cycle.refresh_from_db()
    with _without_the_unique_keys(town, cycle), _all_read_before_one_writes():
        at_once(RIVALS, lambda _: counting.count_pot(cycle, cycle.pots.get()))
        rules = list(Tally.objects.filter(cycle=cycle).values_list("rule", flat=True))
        return len(rules) - len(set(rules))


@contextmanager
def _all_read_before_one_writes() -> Iterator[None]:
    """Nobody is alone, and the moment that luck seldom gives: all have looked, none has written."""
    gate, read = Barrier(RIVALS), counting.read_inputs

    def reading(*given: Any, **named: Any) -> object:
        inputs = read(*given, **named)
        gate.wait(timeout=30)
        return inputs

    with (
        patch.object(counting, "alone_at", _everybody),
        patch.object(counting, "read_inputs", reading),
    ):
        yield


@contextmanager
def _everybody(*_what: object) -> Iterator[bool]:
    yield True


@contextmanager
def _without_the_unique_keys(town: Town, cycle: Cycle) -> Iterator[None]:
    with connections["owner"].cursor() as owner:
        owner.execute("ALTER TABLE budgeting_tally DROP CONSTRAINT tally_once")
        owner.execute("DROP INDEX tally_one_binding_for_each_pot")
        try:
            yield
        finally:
            _uncounted(town, cycle)
            owner.execute(
                "ALTER TABLE budgeting_tally ADD CONSTRAINT tally_once"
                " UNIQUE (cycle_id, pot_id, rule, parameters_digest, digest)"
            )
            owner.execute(
                "CREATE UNIQUE INDEX tally_one_binding_for_each_pot"
                " ON budgeting_tally (pot_id) WHERE binding"
            )
