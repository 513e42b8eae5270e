"""Figures beside an outcome: who got something they asked for, and what other rules would do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from budgeting.domain.election import Election
from budgeting.domain.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Fairness:
    """What an outcome gives to voters.

    ``by_winners[k]`` is the number of ballots that chose exactly ``k`` winners; ``empty`` of those
    with none chose nothing at all. ``chosen_minor`` is the cost of the winners on each ballot,
    added up over all ballots.
    """

    ballots: int
    empty: int
    by_winners: tuple[int, ...]
    chosen_minor: int
    spent_minor: int
    budget_minor: int

    @property
    def with_a_winner(self) -> int:
        """Ballots that chose at least one winner."""
        return sum(self.by_winners[1:])

    @property
    def exclusion(self) -> Fraction:
        """The share of ballots that chose something and got nothing of it."""
        chose = self.ballots - self.empty
        return Fraction(chose - self.with_a_winner, chose) if chose else Fraction(0)

    @property
    def average_winners(self) -> Fraction:
        """Winners per ballot."""
        winners = sum(number * ballots for number, ballots in enumerate(self.by_winners))
        return Fraction(winners, self.ballots) if self.ballots else Fraction(0)

    @property
    def average_chosen_minor(self) -> Fraction:
        """Cost of the winners that a ballot chose, on average."""
        return Fraction(self.chosen_minor, self.ballots) if self.ballots else Fraction(0)

    @property
    def spent(self) -> Fraction:
        """The part of the budget that is spent."""
        return Fraction(self.spent_minor, self.budget_minor) if self.budget_minor else Fraction(0)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values; a fraction is the string "n/d"."""
        ratios = ("exclusion", "average_winners", "average_chosen_minor", "spent")
        return {
            "ballots": self.ballots,
            "empty": self.empty,
            "by_winners": list(self.by_winners),
            "with_a_winner": self.with_a_winner,
            **{name: _ratio(getattr(self, name)) for name in ratios},
        }


@dataclass(frozen=True, slots=True)
class Difference:
    """One outcome beside another of the same election; ``prefer`` counts ballots.

    A ballot prefers the outcome with more winners that it chose.
    """

    only_here: tuple[str, ...]
    only_there: tuple[str, ...]
    in_both: tuple[str, ...]
    prefer_here: int
    prefer_there: int
    indifferent: int

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {name: getattr(self, name) for name in self.__slots__}


def fairness(election: Election, outcome: Outcome) -> Fairness:
    """Figures for one outcome."""
    ballots = election.ballots
    winners = _winners_per_row(election, outcome)
    per_number = np.bincount(winners, weights=ballots.weights, minlength=1)
    chosen = np.bincount(
        ballots.choices,
        weights=ballots.weights[ballots.row_of_choice],
        minlength=ballots.option_count,
    )
    return Fairness(
        ballots=ballots.count,
        empty=int(ballots.weights[ballots.lengths == 0].sum()),
        by_winners=tuple(int(number) for number in per_number),
        chosen_minor=sum(
            int(chosen[place]) * election.options[place].cost_minor
            for place in (election.index[each] for each in outcome.selected)
        ),
        spent_minor=outcome.total_cost_minor,
        budget_minor=election.budget_minor,
    )


def difference(election: Election, here: Outcome, there: Outcome) -> Difference:
    """What changes between two outcomes of one election, and how many ballots prefer which."""
    more = _winners_per_row(election, here) - _winners_per_row(election, there)
    weights = election.ballots.weights
    ours, theirs = set(here.selected), set(there.selected)
    return Difference(
        only_here=tuple(each for each in here.selected if each not in theirs),
        only_there=tuple(each for each in there.selected if each not in ours),
        in_both=tuple(each for each in here.selected if each in theirs),
        prefer_here=int(weights[more > 0].sum()),
        prefer_there=int(weights[more < 0].sum()),
        indifferent=int(weights[more == 0].sum()),
    )


def spent_per_voter(
    election: Election,
    outcome: Outcome,
    area_of: Mapping[str, str],
    voters_in: Mapping[str, int],
) -> dict[str, Fraction]:
    """Money in minor units for each voter of an area, spent on winners that lie there.

    ``area_of`` gives an option's area; winners without one are left out. Areas without voters
    are left out too.
    """
    spent = dict.fromkeys(voters_in, 0)
    for each in outcome.selected:
        if area_of.get(each) in spent:
            spent[area_of[each]] += election.options[election.index[each]].cost_minor
    return {area: Fraction(spent[area], voters) for area, voters in voters_in.items() if voters}


def _winners_per_row(election: Election, outcome: Outcome) -> NDArray[np.int64]:
    """How many winners each row of the ballots chose, whatever points it gave them."""
    won = np.zeros(len(election.options), dtype=bool)
    won[[election.index[each] for each in outcome.selected]] = True
    ballots = election.ballots
    hits = np.concatenate(([0], np.cumsum(won[ballots.choices])))
    return np.diff(hits[ballots.indptr])


def _ratio(value: Fraction) -> str:
    return f"{value.numerator}/{value.denominator}"
