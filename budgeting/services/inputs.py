"""The election of one pot as the pure core counts it, streamed out of the database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from budgeting.domain import ties as tie_orders
from budgeting.domain.digest import election_digest
from budgeting.domain.election import BallotKind, Ballots, Election, Option
from budgeting.domain.ties import TieOrder
from budgeting.enums import TieOrder as NamedTies
from budgeting.models import Cycle, OpenedBallot, Pot
from civicfund.money import one_major_unit

# One line for each different ballot: how many there are, the options, the points.
_GROUPED = """
COPY (
    SELECT concat_ws(' ', count(*), NULLIF(array_to_string(options, ' '), ''),
        NULLIF(array_to_string(points, ' '), ''))
    FROM budgeting_openedballot WHERE pot_id = {pot}
    GROUP BY options, points
) TO STDOUT
"""
_CHUNK_BYTES = 1 << 20

Watcher = Callable[[int], None]


@dataclass(frozen=True, eq=False)
class Inputs:
    """All that the outcome depends on. ``digest`` is that of the election, as anyone finds it."""

    election: Election
    ties: TieOrder
    digest: str


def read_inputs(cycle: Cycle, pot: Pot, *, on_read: Watcher = lambda different: None) -> Inputs:
    """The pot's election. ``on_read`` is told how many different ballots have been read so far.

    Identical ballots are grouped by the database and never become Python objects of their own.
    """
    options = tuple(
        Option(row.code, row.cost_minor, row.name, row.exclusion_group or None)
        for row in pot.options.order_by("position")
    )
    kind = BallotKind(cycle.ballot_kind)
    parts = []
    read = 0
    for chunk in _grouped_lines(pot):
        parts.append(_parsed(chunk, kind))
        read += len(parts[-1].weights)
        on_read(read)
    election = Election(
        options,
        pot.amount_minor,
        _joined(kind, len(options), parts),
        increment_minor=one_major_unit(cycle.currency),
    )
    return Inputs(election, tie_order(cycle, options), election_digest(election))


def ballots_opened(pot: Pot) -> int:
    """How many opened ballots the pot has."""
    return OpenedBallot.objects.filter(pot=pot).count()


def tie_order(cycle: Cycle, options: tuple[Option, ...]) -> TieOrder:
    """The order that the cycle named before it opened."""
    if cycle.ties == NamedTies.LEXICOGRAPHIC:
        return tie_orders.lexicographic(options)
    return tie_orders.seeded(bytes.fromhex(cycle.tie_seed), options)


def _grouped_lines(pot: Pot) -> Iterator[bytes]:
    """Whole lines of the grouped ballots, about a megabyte at a time."""
    waiting, size = [], 0
    with connection.cursor() as cursor, cursor.copy(_GROUPED.format(pot=int(pot.pk))) as copy:
        for block in copy:
            waiting.append(bytes(block))
            size += len(block)
            if size >= _CHUNK_BYTES:
                yield b"".join(waiting)
                waiting, size = [], 0
    if waiting:
        yield b"".join(waiting)


@dataclass(frozen=True, eq=False)
class _Part:
    """Some of the different ballots, as arrays."""

    weights: NDArray[np.int64]
    lengths: NDArray[np.int64]
    choices: NDArray[np.int64]
    points: NDArray[np.int64]


def _parsed(lines: bytes, kind: BallotKind) -> _Part:
    """Whole lines of numbers as arrays: the first of a line is the weight."""
    numbers = np.fromstring(lines.decode("ascii"), dtype=np.int64, sep=" ")
    marks = np.frombuffer(lines, dtype=np.uint8)
    separators = marks[(marks == ord(" ")) | (marks == ord("\n"))]
    ends = np.flatnonzero(separators == ord("\n")) + 1
    starts = np.concatenate(([0], ends[:-1]))
    lengths = ends - starts - 1
    if kind.has_points:
        lengths //= 2
    place = np.arange(len(numbers)) - np.repeat(starts, ends - starts)
    named = np.repeat(lengths, ends - starts)
    return _Part(
        weights=numbers[starts],
        lengths=lengths,
        choices=numbers[(place >= 1) & (place <= named)],
        points=numbers[place > named],
    )


def _joined(kind: BallotKind, option_count: int, parts: list[_Part]) -> Ballots:
    if not parts:
        return Ballots.from_rows(kind, [], option_count)
    lengths = np.concatenate([part.lengths for part in parts])
    return Ballots.from_arrays(
        kind,
        option_count,
        np.concatenate(([0], np.cumsum(lengths))),
        np.concatenate([part.choices for part in parts]),
        np.concatenate([part.points for part in parts]) if kind.has_points else None,
        np.concatenate([part.weights for part in parts]),
    )
