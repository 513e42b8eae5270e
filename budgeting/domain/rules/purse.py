"""What voters have left, exactly, without a fraction per voter.

A voter who never ran out of money has the endowment minus what each supported winner took, and
one who ran out has nothing. So one integer per winner, over a common denominator, holds the money
of everybody, and sums over voters are sums of integer counts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from budgeting.domain.ballots import Ballots, gather


@dataclass(slots=True)
class Purse:
    """The exact money of voters who all began with ``endowment / denominator``.

    ``prices`` gives, per winner, what it took per unit of utility, over the same denominator.
    """

    endowment: int
    denominator: int
    prices: dict[int, int] = field(default_factory=dict)

    @classmethod
    def filled(cls, endowment: Fraction) -> Purse:
        """The money of voters before anything is bought."""
        return cls(endowment.numerator, endowment.denominator)

    def pay(self, option: int, price: Fraction) -> None:
        """Take ``price`` per unit of utility from everyone who supports ``option`` and can."""
        common = math.lcm(self.denominator, price.denominator)
        factor = common // self.denominator
        self.endowment *= factor
        for other in self.prices:
            self.prices[other] *= factor
        self.denominator = common
        self.prices[option] = price.numerator * (common // price.denominator)

    def sum_of(self, voters: int, utility: Mapping[int, int]) -> int:
        """Money, over the denominator, of voters who never ran out.

        ``utility`` is the utility that they have together from each winner.
        """
        spent = sum(price * utility.get(option, 0) for option, price in self.prices.items())
        return voters * self.endowment - spent


@dataclass(frozen=True, slots=True)
class Book:
    """Looks up, for rows of the ballots, how much utility winners gave them.

    ``worth`` is the utility of each entry of ``ballots.choices``, None for 1.
    """

    ballots: Ballots
    worth: NDArray[np.int64] | None

    def utility(
        self, rows: NDArray[np.signedinteger], options: Mapping[int, int]
    ) -> dict[int, int]:
        """The utility that all voters of these rows have together from each of ``options``."""
        if not options or not len(rows):
            return {}
        where = gather(self.ballots.indptr, rows)
        weights = np.repeat(self.ballots.weights[rows], self.ballots.lengths[rows])
        if self.worth is not None:
            weights = weights * self.worth[where]
        # Exact: Ballots keeps the sum of all weights and points below 2**53.
        sums = np.bincount(
            self.ballots.choices[where], weights=weights, minlength=self.ballots.option_count
        )
        return {option: int(sums[option]) for option in options}

    def money(self, rows: NDArray[np.signedinteger], purse: Purse) -> list[int]:
        """Money, over the purse's denominator, of one voter of each row that never ran out."""
        winners = list(purse.prices)
        if not winners or not len(rows):
            return [purse.endowment] * len(rows)
        patterns, which = np.unique(self._pattern(rows, winners), axis=0, return_inverse=True)
        prices = list(purse.prices.values())
        left = [
            purse.endowment
            - sum(price * int(times) for price, times in zip(prices, each, strict=True))
            for each in patterns
        ]
        return [left[index] for index in which.reshape(-1)]

    def _pattern(self, rows: NDArray[np.signedinteger], winners: list[int]) -> NDArray[np.int64]:
        """One line per row: its utility from each winner."""
        column = np.full(self.ballots.option_count, len(winners))
        column[winners] = np.arange(len(winners))
        where = gather(self.ballots.indptr, rows)
        line = np.repeat(np.arange(len(rows)), self.ballots.lengths[rows])
        pattern = np.zeros((len(rows), len(winners) + 1), dtype=np.int64)
        worth = 1 if self.worth is None else self.worth[where]
        pattern[line, column[self.ballots.choices[where]]] = worth
        return pattern[:, :-1]
