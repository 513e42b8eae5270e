"""Ballots of every kind, as frozen arrays a rule can count without a Python object per choice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Row = tuple[Sequence[int], Sequence[int] | None, int]

# Rows are looked at in parts of about so many choices, so that ten million ballots need little
# more memory than the ballots themselves.
PART = 2**19
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
        if self.kind is BallotKind.RANKING or _increasing(self.indptr, self.choices):
            return self
        choices = self.choices.copy()
        points = None if self.points is None else self.points.copy()
        for rows, part in _parts(self.indptr):
            row = np.repeat(np.arange(len(self.lengths[rows])), self.lengths[rows])
            order = np.argsort(row * self.option_count + self.choices[part], kind="stable")
            choices[part] = self.choices[part][order]
            if points is not None and self.points is not None:
                points[part] = self.points[part][order]
        return Ballots(self.kind, self.option_count, self.indptr, choices, points, self.weights)


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
    if _increasing(indptr, choices):
        return None
    for rows, part in _parts(indptr):
        repeat = _repeat_in(
            np.diff(indptr[rows.start : rows.stop + 1]), choices[part], option_count
        )
        if repeat is not None:
            return int(rows.start) + repeat
    return None


def _repeat_in(
    lengths: NDArray[np.int64], choices: NDArray[np.integer], option_count: int
) -> int | None:
    """One bit per option: a row that repeats one has fewer bits than choices."""
    filled = np.flatnonzero(lengths)
    if not len(filled):
        return None
    starts = (np.cumsum(lengths) - lengths)[filled]
    bits = np.zeros(len(filled), dtype=np.int64)
    for word in range(-(-option_count // 64)):
        inside = choices - 64 * word
        flags = np.uint64(1) << np.clip(inside, 0, 63).astype(np.uint64)
        flags[(inside < 0) | (inside > 63)] = 0
        bits += np.bitwise_count(np.bitwise_or.reduceat(flags, starts))
    twice = np.flatnonzero(bits < lengths[filled])
    return int(filled[twice[0]]) if len(twice) else None


def _parts(indptr: NDArray[np.int64]) -> Iterator[tuple[slice, slice]]:
    """Consecutive rows with about PART choices together, and where those choices are."""
    row, rows = 0, len(indptr) - 1
    while row < rows:
        after = int(np.searchsorted(indptr, indptr[row] + PART, side="right")) - 1
        after = min(max(after, row + 1), rows)
        yield slice(row, after), slice(int(indptr[row]), int(indptr[after]))
        row = after


def _increasing(indptr: NDArray[np.int64], choices: NDArray[np.integer]) -> bool:
    """Whether the choices of every row are in increasing order, so that none is repeated."""
    rises = np.empty(len(choices) + 1, dtype=bool)
    rises[0] = True
    np.greater(choices[1:], choices[:-1], out=rises[1:-1])
    rises[indptr] = True
    return bool(rises.all())


def _identical_rows(ballots: Ballots) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The first row of every set of identical rows, and for every row the number of its set.

    Rows are sorted by a hash, and neighbours are compared choice by choice, so a collision
    can split a set and never merge two.
    """
    mixed = _mix(ballots)
    order = np.argsort(mixed)
    same = np.zeros(len(order), dtype=bool)
    same[1:] = mixed[order[1:]] == mixed[order[:-1]]
    same[1:] &= ballots.lengths[order[1:]] == ballots.lengths[order[:-1]]
    # Only rows beside one of the same hash are read: where few are alike, that is few rows.
    beside = same.copy()
    beside[:-1] |= same[1:]
    doubtful = np.flatnonzero(beside)
    for start in range(1, len(doubtful), PART // 8):
        part = doubtful[start - 1 : start + PART // 8]
        same[part[1:]] &= _equals_the_one_before(ballots, order[part])
    group = np.empty(len(order), dtype=np.int64)
    group[order] = np.cumsum(~same) - 1
    return order[~same], group


def _mix(ballots: Ballots) -> NDArray[np.uint64]:
    """A 64-bit hash of every row; order of choices counts."""
    mixed = np.zeros(len(ballots), dtype=np.uint64)
    for rows, part in _parts(ballots.indptr):
        lengths = ballots.lengths[rows]
        starts = np.cumsum(lengths) - lengths
        place = np.arange(part.stop - part.start, dtype=np.uint64)
        place -= np.repeat(starts.astype(np.uint64), lengths)
        word = ballots.choices[part].astype(np.uint64) + (place << np.uint64(32))
        if ballots.points is not None:
            word ^= ballots.points[part].astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        filled = np.flatnonzero(lengths)
        if len(filled):
            mixed[rows][filled] = np.add.reduceat(_avalanche(word), starts[filled])
    return mixed


def _avalanche(word: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finalizer of splitmix64: every bit of the input moves half the bits of the output."""
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        word ^= word >> np.uint64(shift)
        word *= np.uint64(factor)
    word ^= word >> np.uint64(31)
    return word


def _equals_the_one_before(ballots: Ballots, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    """For all rows but the first, whether it holds what the row before it in ``rows`` holds.

    Means nothing where the two differ in length.
    """
    where, lengths = gather(ballots.indptr, rows), ballots.lengths[rows]
    before = np.arange(len(where)) - np.repeat(lengths, lengths)
    held = ballots.choices[where]
    differs = held != held[before]
    if ballots.points is not None:
        given = ballots.points[where]
        differs |= given != given[before]
    equal = np.ones(len(rows), dtype=bool)
    filled = np.flatnonzero(lengths)
    if len(filled):
        starts = (np.cumsum(lengths) - lengths)[filled]
        equal[filled] = ~np.logical_or.reduceat(differs, starts)
    return equal[1:]
