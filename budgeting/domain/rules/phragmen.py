"""Sequential Phragmen: money grows evenly for everyone, and whatever becomes payable is bought.

Los, Christoff and Grossi, "Proportional Budget Allocations" (2022). A voter's load is what their
share of all winners so far has cost them; the next winner is the option whose supporters, after
paying for it together, have the lowest common load.

All voters with the same last winner have the same load, so one histogram of integers per option,
supporters by last winner, gives its load exactly. Loads only rise, so earlier lower bounds hold.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from budgeting.domain.election import Election
from budgeting.domain.outcome import Result, Round, Step
from budgeting.domain.support import Support, supporters
from budgeting.domain.ties import TieOrder

ROUNDING = 2.0**-53


@dataclass(slots=True)
class Loads:
    """A count in progress. ``last`` is per row the number of its latest winner, 0 for none.

    ``exact[k] / denominator`` is the load of those whose latest winner was the k-th.
    """

    election: Election
    support: Support
    last: NDArray[np.int32]
    exact: list[int] = field(default_factory=lambda: [0])
    denominator: int = 1
    near: NDArray[np.float64] = field(default_factory=lambda: np.zeros(1))
    bounds: dict[int, float] = field(default_factory=dict)
    exact_decisions: int = 0

    def lowest(self) -> tuple[Fraction, list[int]]:
        """The lowest load an option would bring, and every option that brings exactly that."""
        best, load = math.inf, None
        tied: list[int] = []
        for option in sorted(self.bounds, key=self.bounds.__getitem__):
            if self.bounds[option] > best:
                break
            counts = self._counts(option)
            if self._raise_bound(option, counts) > best:
                continue
            rival = self._load(option, counts)
            self.exact_decisions += load is not None
            if load is None or rival < load:
                load, tied = rival, []
                best = float(load) * (1 + 4 * ROUNDING)
            if rival == load:
                tied.append(option)
        if load is None:
            raise LookupError("no option with supporters is left")
        return load, tied

    def take(self, option: int, load: Fraction) -> None:
        """Give every supporter of a winner its load."""
        del self.bounds[option]
        common = math.lcm(self.denominator, load.denominator)
        self.exact = [each * (common // self.denominator) for each in self.exact]
        self.exact.append(load.numerator * (common // load.denominator))
        self.denominator = common
        self.near = np.append(self.near, float(load))
        self.last[self.support.rows_of(option)] = len(self.exact) - 1

    def _counts(self, option: int) -> NDArray[np.float64]:
        """Supporters by their latest winner; whole numbers."""
        rows = self.support.rows_of(option)
        weights = None if self.support.weights is None else self.support.weights[rows]
        return np.bincount(self.last[rows], weights=weights, minlength=len(self.exact)).astype(
            np.float64
        )

    def _raise_bound(self, option: int, counts: NDArray[np.float64]) -> float:
        cost = self.election.options[option].cost_minor
        near = (cost + float(counts @ self.near)) / self.support.votes[option]
        self.bounds[option] = near * (1 - 2 * (len(self.exact) + 16) * ROUNDING)
        return self.bounds[option]

    def _load(self, option: int, counts: NDArray[np.float64]) -> Fraction:
        cost = self.election.options[option].cost_minor * self.denominator
        owed = sum(int(count) * each for count, each in zip(counts, self.exact, strict=True))
        return Fraction(cost + owed, self.denominator * self.support.votes[option])


def phragmen_rounds(
    election: Election, ties: TieOrder, minimum_support: int = 0
) -> tuple[list[Round], int]:
    """The rounds, and how many decisions needed exact arithmetic.

    Ends at the first moment when an option that is due does not fit, as the reference does; then
    not even another option due at the same moment is bought. Options dearer than the whole budget
    never take part. When all supported options are bought, the options without supporters are due
    together; a ``minimum_support`` of 1 or more leaves them out.
    """
    support = supporters(election.ballots)
    state = Loads(election, support, np.zeros(len(election.ballots), dtype=np.int32))
    unsupported = []
    for option, each in enumerate(election.options):
        if each.cost_minor > election.budget_minor or support.votes[option] < minimum_support:
            continue
        if support.votes[option]:
            bound = each.cost_minor / support.votes[option]
            state.bounds[option] = bound * (1 - 4 * ROUNDING)
        else:
            unsupported.append(option)
    return _rounds(state, ties, unsupported), state.exact_decisions


def _rounds(state: Loads, ties: TieOrder, unsupported: list[int]) -> list[Round]:
    rounds: list[Round] = []
    remaining = state.election.budget_minor
    load = Fraction(0)
    while state.bounds or unsupported:
        if state.bounds:
            load, due = state.lowest()
        else:
            due = list(unsupported)
        ids = [state.election.options[option].id for option in due]
        too_dear = [
            option for option in due if state.election.options[option].cost_minor > remaining
        ]
        if too_dear:
            rounds += _stopped(state, too_dear, load, remaining)
            break
        first, *behind = ties.order(sorted(ids))
        option = state.election.index[first]
        rounds.append(_round(state, option, Result.SELECTED, load, remaining, tuple(behind)))
        remaining -= state.election.options[option].cost_minor
        if option in state.bounds:
            state.take(option, load)
        _close_group(state, unsupported, option)
    return rounds


def _close_group(state: Loads, unsupported: list[int], winner: int) -> None:
    """Take the winner, and the others of its exclusion group, out of the count."""
    options = state.election.options
    group = options[winner].group

    def gone(option: int) -> bool:
        return option == winner or (group is not None and options[option].group == group)

    for option in [each for each in state.bounds if gone(each)]:
        del state.bounds[option]
    unsupported[:] = [option for option in unsupported if not gone(option)]


def _stopped(state: Loads, options: list[int], load: Fraction, remaining: int) -> list[Round]:
    options = sorted(options, key=lambda option: state.election.options[option].id)
    return [_round(state, each, Result.DOES_NOT_FIT, load, remaining, ()) for each in options]


def _round(
    state: Loads,
    option: int,
    result: Result,
    load: Fraction,
    remaining: int,
    behind: tuple[str, ...],
) -> Round:
    votes = state.support.votes[option]
    return Round(
        option=state.election.options[option].id,
        result=result,
        score=load,
        support=votes,
        remaining_minor=remaining,
        step=Step.MAIN if votes else Step.COMPLETION,
        tied_with=behind,
    )
