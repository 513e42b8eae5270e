"""Ballots of every kind, as frozen arrays a rule can count without a Python object per choice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Row = tuple[Sequence[int], Sequence[int] | None, int]

# Sums of this size are still exact in float64, so histograms weighted by ballots are exact counts.
EXACT_LIMIT = 2**53


class BallotKind(StrEnum):
    """What a voter is asked for."""

    APPROVAL = "approval"
    CHOOSE_ONE = "choose_one"
    KNAPSACK = "knapsack"
    CUMULATIVE = "cumulative"
    SCORING = "scoring"
    RANKING = "ranking"

    @property
    def has_points(self) -> bool:
        """Whether every choice carries points."""
        return self in (BallotKind.CUMULATIVE, BallotKind.SCORING)


class MalformedBallots(ValueError):  # noqa: N818 - it names what is wrong, as the others do
    """The arrays do not describe ballots: an option out of range or repeated, bad points."""


@dataclass(frozen=True, eq=False)
class Ballots:
    """Ballots in compressed rows: row ``i`` chose ``choices[indptr[i]:indptr[i + 1]]``.

    ``choices`` are int32 positions in the election's options, in order of preference for a
    ranking; ``points`` are int64, one per choice, for cumulative and scoring ballots and None
    otherwise; ``weights`` are int64, the number of identical ballots a row stands for.
    """

    kind: BallotKind
    option_count: int
    indptr: NDArray[np.int64]
    choices: NDArray[np.int32]
    points: NDArray[np.int64] | None
    weights: NDArray[np.int64]

    def __post_init__(self) -> None:
        _check_shape(self)
        _check_choices(self)
        for array in (self.indptr, self.choices, self.points, self.weights):
            if array is not None:
                array.flags.writeable = False

    @classmethod
    def from_rows(cls, kind: BallotKind, rows: Iterable[Row], option_count: int) -> Ballots:
        """Ballots from ``(choices, points or None, weight)`` rows, in the order given."""
        choices: list[int] = []
        points: list[int] = []
        ends, weights = [0], []
        for row_choices, row_points, weight in rows:
            choices.extend(row_choices)
            points.extend(row_points or ())
            ends.append(len(choices))
            weights.append(weight)
        return cls.from_arrays(kind, option_count, ends, choices, points, weights)

    @classmethod
    def from_arrays(
        cls,
        kind: BallotKind,
        option_count: int,
        indptr: Iterable[int] | NDArray[np.integer],
        choices: Iterable[int] | NDArray[np.integer],
        points: Iterable[int] | NDArray[np.integer] | None = None,
        weights: Iterable[int] | NDArray[np.integer] | None = None,
    ) -> Ballots:
        """Ballots from sequences or arrays of any integer type; each row weighs 1 by default."""
        try:
            ends = np.asarray(indptr, dtype=np.int64)
            weigh = np.ones(len(ends) - 1) if weights is None else weights
            return cls(
                kind=BallotKind(kind),
                option_count=option_count,
                indptr=ends,
                choices=np.asarray(choices, dtype=np.int32),
                points=np.asarray(points, dtype=np.int64) if kind.has_points else None,
                weights=np.asarray(weigh, dtype=np.int64),
            )
        except OverflowError as error:
            raise MalformedBallots(f"a number is too large: {error}") from error

    def __len__(self) -> int:
        """Rows stored; see ``count`` for the ballots they stand for."""
        return len(self.indptr) - 1

    @cached_property
    def count(self) -> int:
        """Ballots cast, empty ones included."""
        return int(self.weights.sum())

    @cached_property
    def lengths(self) -> NDArray[np.int64]:
        """Choices on each row."""
        return np.diff(self.indptr)

    @cached_property
    def row_of_choice(self) -> NDArray[np.int32]:
        """The row of every entry of ``choices``."""
        rows: NDArray[np.int32] = np.repeat(np.arange(len(self), dtype=np.int32), self.lengths)
        return rows

    def rows(self) -> Iterator[Row]:
        """``(choices, points or None, weight)`` of every row, as plain integers."""
        ends, choices = self.indptr.tolist(), self.choices.tolist()
        points = None if self.points is None else self.points.tolist()
        for row, weight in enumerate(self.weights.tolist()):
            part = slice(ends[row], ends[row + 1])
            yield choices[part], None if points is None else points[part], weight

    def grouped(self) -> Ballots:
        """The same ballots with identical ones merged into one row of their joint weight.

        The order of choices is kept for rankings and is increasing otherwise.
        """
        ordered = self.canonical()
        first, group = _identical_rows(ordered)
        weights = np.bincount(group, weights=ordered.weights, minlength=len(first))
        take = gather(ordered.indptr, first)
        return Ballots.from_arrays(
            self.kind,
            self.option_count,
            np.concatenate(([0], np.cumsum(ordered.lengths[first]))),
            ordered.choices[take],
            None if ordered.points is None else ordered.points[take],
            weights.astype(np.int64),
        )

    def canonical(self) -> Ballots:
        """The same rows, each with its choices in increasing order unless order is preference."""
        if self.kind is BallotKind.RANKING:
            return self
        key = self.row_of_choice.astype(np.int64) * self.option_count + self.choices
        if bool((key[1:] > key[:-1]).all()):
            return self
        order = np.argsort(key, kind="stable")
        points = None if self.points is None else self.points[order]
        return Ballots(
            self.kind, self.option_count, self.indptr, self.choices[order], points, self.weights
        )


def gather(indptr: NDArray[np.int64], rows: NDArray[np.integer]) -> NDArray[np.int64]:
    """Positions of every entry of ``rows`` in a compressed array, row after row."""
    starts = indptr[rows]
    lengths = indptr[rows + 1] - starts
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    offsets: NDArray[np.int64] = np.repeat(starts - ends + lengths, lengths)
    return np.arange(total, dtype=np.int64) + offsets


def _check_shape(ballots: Ballots) -> None:
    ends = ballots.indptr
    if ends.ndim != 1 or len(ends) == 0 or ends[0] != 0 or ends[-1] != len(ballots.choices):
        raise MalformedBallots("rows must cover all choices, from the first to the last")
    if len(ends) > 1 and int(np.diff(ends).min()) < 0:
        raise MalformedBallots("rows must follow each other")
    if len(ballots.weights) != len(ends) - 1:
        raise MalformedBallots("every row needs a weight")
    if len(ballots.weights) and int(ballots.weights.min()) < 1:
        raise MalformedBallots("a row stands for at least one ballot")
    if ballots.kind.has_points != (ballots.points is not None):
        raise MalformedBallots(f"{ballots.kind} ballots and points do not go together")
    if ballots.points is not None and len(ballots.points) != len(ballots.choices):
        raise MalformedBallots("every choice needs its points")


def _check_choices(ballots: Ballots) -> None:
    choices, points = ballots.choices, ballots.points
    if len(choices) and not 0 <= int(choices.min()) <= int(choices.max()) < ballots.option_count:
        raise MalformedBallots("a ballot names an option that is not in the election")
    repeated = first_repeat(ballots.indptr, choices, ballots.option_count)
    if repeated is not None:
        raise MalformedBallots(f"row {repeated} names an option twice")
    heaviest = ballots.option_count
    if points is not None and len(points):
        if int(points.min()) < 0:
            raise MalformedBallots("points cannot be negative")
        heaviest = max(heaviest, int(points.max()))
    if heaviest * float(ballots.weights.sum(dtype=np.float64)) >= EXACT_LIMIT:
        raise MalformedBallots("the points of all ballots together are too large to add exactly")


def first_repeat(
    indptr: NDArray[np.int64], choices: NDArray[np.integer], option_count: int
) -> int | None:
    """The first row that names an option twice, or None."""
    lengths = np.diff(indptr)
    rows = np.repeat(np.arange(len(lengths), dtype=np.int64), lengths)
    key = rows * max(option_count, 1) + choices
    if bool((key[1:] > key[:-1]).all()):
        return None
    key.sort()
    twice = np.flatnonzero(key[1:] == key[:-1])
    return int(key[twice[0]] // option_count) if len(twice) else None


def _identical_rows(ballots: Ballots) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The first row of every set of identical rows, and for every row the number of its set.

    Rows are sorted by length and a hash; neighbours are then compared choice by choice,
    so a hash collision can split a set and never merge two.
    """
    mixed = _mix(ballots)
    order = np.lexsort((mixed, ballots.lengths))
    same = np.zeros(len(order), dtype=bool)
    same[1:] = mixed[order[1:]] == mixed[order[:-1]]
    same[1:] &= ballots.lengths[order[1:]] == ballots.lengths[order[:-1]]
    pairs = np.flatnonzero(same)
    same[pairs] = _rows_equal(ballots, order[pairs - 1], order[pairs])
    group = np.empty(len(order), dtype=np.int64)
    group[order] = np.cumsum(~same) - 1
    return order[~same], group


def _mix(ballots: Ballots) -> NDArray[np.uint64]:
    """A 64-bit hash of every row; order of choices counts."""
    place = np.arange(len(ballots.choices), dtype=np.uint64)
    place -= np.repeat(ballots.indptr[:-1].astype(np.uint64), ballots.lengths)
    word = ballots.choices.astype(np.uint64) + (place << np.uint64(32))
    if ballots.points is not None:
        word ^= ballots.points.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        word = (word ^ (word >> np.uint64(shift))) * np.uint64(factor)
    word ^= word >> np.uint64(31)
    total = np.zeros(len(word) + 1, dtype=np.uint64)
    np.cumsum(word, out=total[1:])
    return total[ballots.indptr[1:]] - total[ballots.indptr[:-1]]


def _rows_equal(
    ballots: Ballots, left: NDArray[np.int64], right: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Whether the rows ``left[i]`` and ``right[i]``, of equal length, hold the same."""
    one, other = gather(ballots.indptr, left), gather(ballots.indptr, right)
    differs = ballots.choices[one] != ballots.choices[other]
    if ballots.points is not None:
        differs |= ballots.points[one] != ballots.points[other]
    pair = np.repeat(np.arange(len(left)), ballots.lengths[left])
    differing = np.bincount(pair, weights=differs, minlength=len(left))
    return np.equal(differing, 0)
