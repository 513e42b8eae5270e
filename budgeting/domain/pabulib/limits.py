"""The limits that META sets for one ballot, and the ballots that do not keep them.

Published files hold such ballots, and their cities counted them: so they draw a complaint.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from budgeting.domain.pabulib.fields import Complaints, PabulibError, amount, missing

# What each key of META limits, after its min_ or max_.
NAMED: Mapping[str, str] = {
    "length": "options",
    "points": "points for one option",
    "sum_points": "points in all",
    "sum_cost": "cost in all",
}
Integers = NDArray[np.int64]
# A bound that no number here reaches, and that 64 bits hold.
BEYOND = 2**62


@dataclass(frozen=True, slots=True)
class FileLimits:
    """Bounds by META's names, in the file's own units; ``scale`` minor units of a cost are one."""

    bounds: Mapping[str, Fraction]
    costs_minor: Integers
    scale: int

    def complain(
        self,
        complaints: Complaints,
        lines: Sequence[int],
        lengths: Integers,
        choices: NDArray[np.int32],
        points: tuple[Integers, int] | None,
    ) -> None:
        """Complain of every ballot beyond a bound; ``points`` come with what they are scaled by."""
        row = np.repeat(np.arange(len(lengths)), lengths)
        self._check("length", lengths, 1, lines, complaints)
        if self._limits("sum_cost"):
            spent = _sums(row, self.costs_minor[choices], len(lengths))
            self._check("sum_cost", spent, self.scale, lines, complaints)
        if points is None:
            return
        given, parts = points
        if self._limits("points"):
            line_of = np.asarray(lines)[row].tolist()
            self._check("points", given, parts, line_of, complaints)
        if self._limits("sum_points"):
            self._check("sum_points", _sums(row, given, len(lengths)), parts, lines, complaints)

    def _limits(self, what: str) -> bool:
        return f"min_{what}" in self.bounds or f"max_{what}" in self.bounds

    def _check(
        self, what: str, found: Integers, parts: int, lines: Sequence[int], complaints: Complaints
    ) -> None:
        least, most = self.bounds.get(f"min_{what}"), self.bounds.get(f"max_{what}")
        if least is not None:
            below = np.flatnonzero(found < min(-(-least * parts // 1), BEYOND))
            _tell(complaints, lines, below, f"a ballot has fewer {NAMED[what]} than META allows")
        if most is not None:
            above = np.flatnonzero(found > min(most * parts // 1, BEYOND))
            _tell(complaints, lines, above, f"a ballot has more {NAMED[what]} than META allows")


def limits_of(
    meta: Mapping[str, str],
    meta_lines: Mapping[str, int],
    complaints: Complaints,
    costs_minor: Sequence[int],
    scale: int,
    *,
    choose_one: bool,
) -> FileLimits:
    """The limits META gives; what is no number there limits nothing and draws a complaint."""
    bounds = {"max_length": Fraction(1)} if choose_one else {}
    for key in (f"{end}_{what}" for end in ("min", "max") for what in NAMED):
        if missing(meta.get(key, "")):
            continue
        try:
            given = amount(meta[key], meta_lines[key], key)
        except PabulibError as error:
            complaints.add(error.line, error.message)
        else:
            bounds[key] = Fraction(given.digits, 10**given.places)
    return FileLimits(bounds, np.array(costs_minor, dtype=np.int64), scale)


def _tell(
    complaints: Complaints, lines: Sequence[int], places: NDArray[np.intp], message: str
) -> None:
    if len(places):
        complaints.add(lines[int(places[0])], message, len(places))


def _sums(row: Integers, each: Integers, rows: int) -> Integers:
    """Sums by row, of 64-bit integers; what is too large for those is large enough to be told."""
    sums = np.bincount(row, weights=each.astype(np.float64), minlength=rows)
    return np.minimum(sums, float(BEYOND)).astype(np.int64)
