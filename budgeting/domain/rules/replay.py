"""Runs equal shares again along rounds already decided, to see where the money went."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from budgeting.domain.ballots import gather
from budgeting.domain.outcome import Round, Step
from budgeting.domain.rules.exact import Till
from budgeting.domain.rules.market import Lot, Market


@dataclass(frozen=True, eq=False, slots=True)
class Trail:
    """Where the money of every option's supporters went, in minor units.

    ``left`` is exact, per option. ``paid[winner]`` is per option what its supporters paid for
    that winner: float64, within a millionth of a minor unit. ``could_pay`` counts, per option,
    the supporters with anything left. ``effective_percent`` is, per option not bought, what its
    supporters would have given at the price per utility of some winner, or had left in the end,
    in percent of its cost: at the moment when that was most.
    """

    endowment: Fraction
    left: dict[int, Fraction]
    could_pay: dict[int, int]
    paid: dict[int, NDArray[np.float64]]
    effective_percent: dict[int, int]


def follow(market: Market, rounds: Iterable[Round], endowment: Fraction) -> Trail:
    """Buy what the rounds of equal shares bought, at the same exact prices."""
    till = Till(market, endowment)
    places = {lot.option: place for place, lot in enumerate(market.lots)}
    sold = [each for each in rounds if each.step is Step.MAIN]
    bought = {market.election.index[each.option] for each in sold}
    losers = [lot for lot in market.lots if lot.option not in bought]
    closest = {lot.option: 0.0 for lot in losers}
    paid: dict[int, NDArray[np.float64]] = {}
    for each in sold:
        option = market.election.index[each.option]
        for lot in losers:
            given = _given(lot, till.money, float(each.score) * lot.scale)
            closest[lot.option] = max(closest[lot.option], given / lot.cost)
        before = till.money.copy()
        till.buy(places[option], float(each.price or 0))
        paid[option] = _paid_by_option(market, places[option], before - till.money)
    left, could_pay = {}, {}
    for lot in market.lots:
        left[lot.option], could_pay[lot.option] = till.left_of(lot)
    for lot in losers:
        closest[lot.option] = max(closest[lot.option], float(left[lot.option]) / lot.cost)
    # A loser never had all of its cost, whatever a float rounds to.
    percent = {option: min(int(100 * part + 1e-6), 99) for option, part in closest.items()}
    return Trail(endowment, left, could_pay, paid, percent)


def _given(lot: Lot, money: NDArray[np.float64], level: float) -> float:
    return lot.sum_of(np.minimum(money.take(lot.rows), lot.asked(level)))


def _paid_by_option(
    market: Market, place: int, payments: NDArray[np.float64]
) -> NDArray[np.float64]:
    """What the supporters of each option paid for one winner."""
    ballots, rows = market.election.ballots, market.lots[place].rows
    where = gather(ballots.indptr, rows)
    each = payments[rows] * ballots.weights[rows]
    spread = np.repeat(each, ballots.lengths[rows])
    sums = np.bincount(ballots.choices[where], weights=spread, minlength=ballots.option_count)
    return sums.astype(np.float64)
