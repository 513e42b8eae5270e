"""The VOTES section, chunk by chunk, straight into arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from budgeting.domain.ballots import BallotKind, Ballots, MalformedBallots, first_repeat
from budgeting.domain.pabulib.fields import Amount, Complaints, PabulibError, amount, missing
from budgeting.domain.pabulib.limits import FileLimits

CHUNK = 20_000
MOST_POINTS = 2**40


@dataclass(slots=True)
class Chunk:
    """Some rows of the section: the line each ends on, its vote list and its points list."""

    lines: list[int] = field(default_factory=list)
    votes: list[str] = field(default_factory=list)
    points: list[str] = field(default_factory=list)

    def line_of(self, choice: int, lengths: NDArray[np.int64]) -> int:
        """The line of the ballot that holds the choice at a position."""
        return self.lines[int(np.searchsorted(np.cumsum(lengths), choice, side="right"))]


@dataclass(slots=True)
class VoteReader:
    """Collects chunks of ballots; ``finish`` gives them as one value.

    ``index`` gives the position of every option by its id; ``limits`` what META allows a ballot.
    """

    kind: BallotKind
    index: Mapping[str, int]
    complaints: Complaints
    limits: FileLimits
    lengths: list[NDArray[np.int64]] = field(default_factory=list)
    choices: list[NDArray[np.int32]] = field(default_factory=list)
    points: list[NDArray[np.int64]] = field(default_factory=list)
    places: list[int] = field(default_factory=list)

    @property
    def choices_read(self) -> int:
        """How many choices all ballots so far have together."""
        return sum(map(len, self.choices))

    def add(self, chunk: Chunk) -> None:
        """Read a chunk; raise :class:`PabulibError` at the first ballot that cannot be counted."""
        lengths, choices = self._found(chunk) or self._found_slowly(chunk)
        points = self._points(chunk, lengths) if self.kind.has_points else None
        self._keep(chunk, lengths, choices, points)

    def finish(self) -> tuple[Ballots, int]:
        """All ballots, one row each, and the decimal places their points are scaled by."""
        places = max(self.places, default=0)
        points = [
            part * 10 ** (places - had) for part, had in zip(self.points, self.places, strict=True)
        ]
        lengths = _joined(self.lengths, np.int64)
        try:
            ballots = Ballots.from_arrays(
                self.kind,
                len(self.index),
                np.concatenate(([0], np.cumsum(lengths))).astype(np.int64),
                _joined(self.choices, np.int32),
                _joined(points, np.int64) if self.kind.has_points else None,
            )
        except MalformedBallots as error:
            raise PabulibError(0, f"the ballots together: {error}") from error
        return ballots, places

    def _found(self, chunk: Chunk) -> tuple[NDArray[np.int64], NDArray[np.int32]] | None:
        """Choices per ballot and the options chosen, None unless every id is known as written."""
        names = ",".join(filter(None, chunk.votes)).split(",") if any(chunk.votes) else []
        found = list(map(self.index.get, names))
        if None in found:
            return None
        lengths = [vote.count(",") + 1 if vote else 0 for vote in chunk.votes]
        return np.array(lengths, dtype=np.int64), np.array(found, dtype=np.int32)

    def _found_slowly(self, chunk: Chunk) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """The same, cleaning what a file wrote untidily, or the line of an unknown id."""
        lengths, found = [], []
        for line, vote in zip(chunk.lines, chunk.votes, strict=True):
            names = vote.split(",") if vote else []
            if not all(name in self.index for name in names):
                names = self._cleaned(names, line)
            for name in names:
                if name not in self.index:
                    raise PabulibError(line, f"the ballot names {name!r}, which is not in PROJECTS")
            lengths.append(len(names))
            found += [self.index[name] for name in names]
        return np.array(lengths, dtype=np.int64), np.array(found, dtype=np.int32)

    def _cleaned(self, ids: list[str], line: int) -> list[str]:
        stripped = [each.strip() for each in ids]
        if stripped != ids:
            self.complaints.add(line, "blanks around the ids of a ballot")
        if len(stripped) == 1 and missing(stripped[0]):
            return []
        if "" in stripped:
            self.complaints.add(line, "a comma with no id beside it")
        return [each for each in stripped if each]

    def _points(self, chunk: Chunk, lengths: NDArray[np.int64]) -> NDArray[np.int64]:
        split = [[] if missing(text) else text.split(",") for text in chunk.points]
        counts = np.fromiter(map(len, split), dtype=np.int64, count=len(split))
        if not np.array_equal(counts, lengths):
            row = int(np.flatnonzero(counts != lengths)[0])
            raise PabulibError(
                chunk.lines[row], f"{lengths[row]} options but {counts[row]} numbers of points"
            )
        texts = list(chain.from_iterable(split))
        if not all(text.isascii() and text.isdigit() and len(text) < 12 for text in texts):
            return self._decimal_points(chunk, lengths, texts)
        self.places.append(0)
        return np.array(list(map(int, texts)), dtype=np.int64)

    def _decimal_points(
        self, chunk: Chunk, lengths: NDArray[np.int64], texts: list[str]
    ) -> NDArray[np.int64]:
        """Points with decimals, or what is not a number of points at all."""
        amounts: list[Amount] = []
        for choice, text in enumerate(texts):
            line = chunk.line_of(choice, lengths)
            amounts.append(amount(text, line, "a number of points"))
            if amounts[-1].digits > MOST_POINTS:
                raise PabulibError(line, f"too many points: {text.strip()}")
        places = max(each.places for each in amounts)
        self.places.append(places)
        return np.array([each.scaled(places) for each in amounts], dtype=np.int64)

    def _keep(
        self,
        chunk: Chunk,
        lengths: NDArray[np.int64],
        choices: NDArray[np.int32],
        points: NDArray[np.int64] | None,
    ) -> None:
        indptr = np.concatenate(([0], np.cumsum(lengths)))
        repeated = first_repeat(indptr, choices, len(self.index))
        if repeated is not None:
            kept = _without_repeats(
                choices, indptr, last=self.kind.has_points, complain=self._complain(chunk)
            )
            lengths = np.diff(np.concatenate(([0], np.cumsum(kept)))[indptr])
            choices = choices[kept]
            points = None if points is None else points[kept]
        self.lengths.append(lengths)
        self.choices.append(choices)
        if points is not None:
            self.points.append(points)
        scaled = None if points is None else (points, 10 ** self.places[-1])
        self.limits.complain(self.complaints, chunk.lines, lengths, choices, scaled)

    def _complain(self, chunk: Chunk) -> Callable[[int], None]:
        def complain(row: int) -> None:
            self.complaints.add(chunk.lines[row], "a ballot names an option twice; counted once")

        return complain


def _without_repeats(
    choices: NDArray[np.int32],
    indptr: NDArray[np.int64],
    *,
    last: bool,
    complain: Callable[[int], None],
) -> NDArray[np.bool_]:
    """Which choices to keep: of a repeated option the first, or the ``last`` one's points."""
    kept = np.ones(len(choices), dtype=bool)
    for row in range(len(indptr) - 1):
        part = choices[indptr[row] : indptr[row + 1]].tolist()
        if len(set(part)) == len(part):
            continue
        complain(row)
        places = range(len(part) - 1, -1, -1) if last else range(len(part))
        seen: set[int] = set()
        for place in places:
            kept[indptr[row] + place] = part[place] not in seen
            seen.add(part[place])
    return kept


def _joined(parts: list[NDArray[np.int64]] | list[NDArray[np.int32]], dtype: type) -> np.ndarray:
    return np.concatenate(parts) if parts else np.zeros(0, dtype=dtype)
