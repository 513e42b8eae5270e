"""What equal shares sells: the options that cost something, and who supports them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from budgeting.domain.election import Election
from budgeting.domain.rules.purse import Book
from budgeting.domain.support import Support
from budgeting.domain.ties import TieOrder

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

# The largest relative error of one operation on float64.
ROUNDING = 2.0**-53
# A longer product is spread over threads, which wait for each other when the machine is busy.
ONE_THREAD = 8192
# More than the handful of operations around each sum.
GUARD = 32


@dataclass(frozen=True, eq=False, slots=True)
class Lot:
    """An option for sale: its supporters and what it is worth to them.

    ``worth`` and ``weights`` are None when 1 for all; ``mass`` is weight times worth. ``votes``
    and ``total`` are the sums of weights and of mass. A price is per unit of worth; divided by
    ``scale`` it is the price per utility, which rounds compare.
    """

    option: int
    cost: int
    scale: int
    rows: NDArray[np.signedinteger]
    worth: Floats | None
    weights: Floats | None
    mass: Floats | None
    votes: int
    total: int
    most_worth: float

    def asked(self, level: float) -> Floats | float:
        """What each supporter is asked for at a price."""
        return level if self.worth is None else self.worth * level

    def sum_of(self, money: Floats) -> float:
        """Money of all supporters together, given that of each row."""
        return float(money.sum()) if self.weights is None else _dot(money, self.weights)

    def weight_of(self, chosen: Mask) -> float:
        """The voters among the supporters chosen; a whole number."""
        if self.weights is None:
            return float(np.count_nonzero(chosen))
        return float((self.weights * chosen).sum())

    def mass_of(self, chosen: Mask) -> float:
        """The worth of the lot to the supporters chosen; a whole number."""
        if self.mass is None:
            return float(np.count_nonzero(chosen))
        return float((self.mass * chosen).sum())


@dataclass(frozen=True, eq=False, slots=True)
class Market:
    """What stays the same at every endowment.

    ``whole_ranks`` order the lots by their exact price when every supporter can pay it, and then
    by the tie order; None where that refuses to choose. ``leaving`` gives, per lot, the lots that
    leave the market when it is sold: itself and the others of its exclusion group.
    """

    election: Election
    lots: tuple[Lot, ...]
    book: Book
    ties: TieOrder
    whole_ranks: tuple[int, ...] | None
    leaving: tuple[list[int], ...]

    def option_id(self, place: int) -> str:
        """The id of the option that a lot sells."""
        return self.election.options[self.lots[place].option].id


def open_market(
    election: Election,
    support: Support,
    worth: NDArray[np.int64] | None,
    ties: TieOrder,
    *,
    cost_utility: bool,
    minimum_support: int = 0,
    taken: frozenset[str] = frozenset(),
) -> Market:
    """The options that cost something and have supporters (``minimum_support`` votes or more).

    Options of a ``taken`` exclusion group are not for sale.
    """
    lots = tuple(
        _lot(support, option, each.cost_minor, each.cost_minor if cost_utility else 1)
        for option, each in enumerate(election.options)
        if each.cost_minor > 0
        and support.votes[option] >= max(minimum_support, 1)
        and each.group not in taken
    )
    return Market(
        election,
        lots,
        Book(election.ballots, worth),
        ties,
        _ranks(election, lots, ties),
        _leaving([election.options[lot.option].group for lot in lots]),
    )


def _dot(left: Floats, right: Floats) -> float:
    """The sum of products, in one thread."""
    whole = len(left) // ONE_THREAD * ONE_THREAD
    rows = np.vecdot(left[:whole].reshape(-1, ONE_THREAD), right[:whole].reshape(-1, ONE_THREAD))
    return float(rows.sum()) + float(left[whole:] @ right[whole:])


def _leaving(groups: list[str | None]) -> tuple[list[int], ...]:
    return tuple(
        [other for other, group in enumerate(groups) if other == place or (group == own and own)]
        for place, own in enumerate(groups)
    )


def _lot(support: Support, option: int, cost: int, scale: int) -> Lot:
    rows, worth = support.rows_of(option), support.worth_to(option)
    worth_of = None if worth is None else worth.astype(np.float64)
    weights = None if support.weights is None else support.weights[rows]
    if weights is None or worth_of is None:
        mass = worth_of if weights is None else weights
    else:
        mass = weights * worth_of
    return Lot(
        option=option,
        cost=cost,
        scale=scale,
        rows=rows,
        worth=worth_of,
        weights=weights,
        mass=mass,
        votes=support.votes[option],
        total=support.totals[option],
        most_worth=1.0 if worth_of is None else float(worth_of.max()),
    )


def _ranks(election: Election, lots: tuple[Lot, ...], ties: TieOrder) -> tuple[int, ...] | None:
    if ties.ranks is None:
        return None
    ranks = ties.ranks
    order = sorted(
        range(len(lots)),
        key=lambda place: (
            Fraction(lots[place].cost, lots[place].total * lots[place].scale),
            ranks[election.options[lots[place].option].id],
        ),
    )
    placed = {place: rank for rank, place in enumerate(order)}
    return tuple(placed[place] for place in range(len(lots)))
