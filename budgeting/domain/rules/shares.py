"""One run of the method of equal shares: every voter starts with the same money.

Peters, Pierczynski and Skowron, "Proportional Participatory Budgeting with Additive Utilities"
(2021). In each round an option is affordable if its supporters can pay for it together, each in
proportion to their utility or all they have left; the one with the lowest price per utility wins.

Floating point searches, integers decide. For any set P of supporters assumed to pay all they
have, ``(cost - money of P) / utility of the others`` is at most the true price, so float sums with
an error bound give proven lower bounds; prices only rise, so bounds of earlier rounds stay true.
The winner's price is always computed exactly, and whatever a bound cannot exclude is as well.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from budgeting.domain.election import Election
from budgeting.domain.outcome import Result, Round
from budgeting.domain.rules.purse import Book, Purse
from budgeting.domain.support import Support
from budgeting.domain.ties import TieOrder

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

ROUNDING = 2.0**-53
# More than enough for the handful of operations around each sum.
GUARD = 32


@dataclass(frozen=True, eq=False, slots=True)
class Lot:
    """An option for sale: its supporters and what it is worth to them.

    ``worth`` and ``weights`` are None when 1 for all. ``mass`` is weight times worth. A price is
    per unit of worth; divided by ``scale`` it is the price per utility, which rounds compare.
    """

    option: int
    cost: int
    scale: int
    rows: NDArray[np.int32]
    worth: Floats | None
    weights: Floats | None
    mass: Floats | None
    votes: int
    total: int


@dataclass(frozen=True, eq=False, slots=True)
class Market:
    """What stays the same at every endowment: the lots for sale and who supports them."""

    election: Election
    lots: tuple[Lot, ...]
    book: Book


@dataclass(frozen=True, eq=False, slots=True)
class Sale:
    """An option at its exact price. Supporters not ``rich`` pay all they have left."""

    lot: Lot
    price: Fraction
    rich: Mask
    left: Floats

    @property
    def rho(self) -> Fraction:
        """Price per utility."""
        return self.price / self.lot.scale


def open_market(
    election: Election,
    support: Support,
    worth: NDArray[np.int64] | None,
    *,
    cost_utility: bool,
    minimum_support: int = 0,
    taken: frozenset[str] = frozenset(),
) -> Market:
    """The options that cost something and have supporters (``minimum_support`` votes or more).

    Options of a ``taken`` exclusion group are not for sale.
    """
    lots = [
        _lot(support, option, each.cost_minor, each.cost_minor if cost_utility else 1)
        for option, each in enumerate(election.options)
        if each.cost_minor > 0
        and support.votes[option] >= max(minimum_support, 1)
        and each.group not in taken
    ]
    return Market(election, tuple(lots), Book(election.ballots, worth))


def _lot(support: Support, option: int, cost: int, scale: int) -> Lot:
    rows, worth = support.rows_of(option), support.worth_to(option)
    worth_of = None if worth is None else worth.astype(np.float64)
    weights = None if support.weights is None else support.weights[rows]
    if weights is None or worth_of is None:
        mass = worth_of if weights is None else weights
    else:
        mass = weights * worth_of
    votes, total = support.votes[option], support.totals[option]
    return Lot(option, cost, scale, rows, worth_of, weights, mass, votes, total)


@dataclass(slots=True)
class Run:
    """A run in progress: who has how much, and a proven lower bound of every lot's price.

    ``money`` is float64 per row and within ``slack`` of the exact money; 0.0 means exactly
    nothing. ``bounds`` hold lower bounds of the price per utility.
    """

    market: Market
    ties: TieOrder
    endowment: Fraction
    purse: Purse = field(init=False)
    money: Floats = field(init=False)
    slack: float = field(init=False)
    bounds: dict[int, float] = field(init=False)
    guesses: dict[int, float] = field(init=False)
    exact_decisions: int = 0
    spent_minor: int = 0
    dropped: list[int] = field(default_factory=list)
    rounds: list[Round] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.purse = Purse.filled(self.endowment)
        self.money = np.full(len(self.market.election.ballots), float(self.endowment))
        self.slack = float(self.endowment) * ROUNDING
        self.bounds, self.guesses = {}, {}
        for place, lot in enumerate(self.market.lots):
            self.guesses[place] = lot.cost / lot.total
            self.bounds[place] = self.guesses[place] / lot.scale * (1 - 8 * ROUNDING)

    def finish(self) -> Run:
        """Buy until nothing is affordable."""
        while (sale := self._best()) is not None:
            self._buy(sale)
        return self

    def buy(self, place: int) -> None:
        """Buy one lot at its exact price, whatever the others would cost."""
        sale = self._exact(place)
        if sale is None:
            raise LookupError("the supporters of this option cannot pay for it")
        self._buy((sale, [place]))

    def left_of(self, lot: Lot) -> tuple[Fraction, int]:
        """What the supporters of a lot have left together, and how many have anything."""
        rows = lot.rows[self.money[lot.rows] > 0]
        voters = int(self.market.election.ballots.weights[rows].sum())
        utility = self.market.book.utility(rows, self.purse.prices)
        return Fraction(self.purse.sum_of(voters, utility), self.purse.denominator), voters

    def _best(self) -> tuple[Sale, list[int]] | None:
        """The affordable lot with the lowest price per utility, and those it was tied with."""
        while self.bounds:
            place = self._cheapest_guess()
            if place is None:
                return None
            sale = self._exact(place)
            if sale is not None:
                return self._settle(place, sale)
        return None

    def _cheapest_guess(self) -> int | None:
        """The lot that floating point finds cheapest; drops lots that nobody can afford."""
        best, cheapest = math.inf, None
        for place in sorted(self.bounds, key=self.bounds.__getitem__):
            if self.bounds[place] > best:
                break
            guess = self._reprice(place, best)
            if guess is not None and (guess < best or cheapest is None):
                best, cheapest = guess, place
        return cheapest

    def _settle(self, first: int, sale: Sale) -> tuple[Sale, list[int]]:
        """Compare exactly with every lot whose bound does not exclude it."""
        lowest, tied = sale.rho, {first: sale}
        for place in [other for other in self.bounds if other != first]:
            rival = self._rival(place, _at_least(lowest))
            if rival is None or rival.rho > lowest:
                continue
            tied = {**tied, place: rival} if rival.rho == lowest else {place: rival}
            lowest = rival.rho
        return self._break_tie(tied)

    def _rival(self, place: int, lowest: float) -> Sale | None:
        """A lot at its exact price, or None where a bound proves that it costs more."""
        if self.bounds[place] > lowest or self._reprice(place, lowest) is None:
            return None
        if self.bounds[place] > lowest:
            return None
        self.exact_decisions += 1
        return self._exact(place)

    def _break_tie(self, tied: dict[int, Sale]) -> tuple[Sale, list[int]]:
        options = self.market.election.options
        by_id = {options[sale.lot.option].id: place for place, sale in tied.items()}
        ordered = [by_id[option_id] for option_id in self.ties.order(sorted(by_id))]
        return tied[ordered[0]], ordered

    def _reprice(self, place: int, enough: float) -> float | None:
        """A better bound of a lot's price per utility and a guess of it; None if dropped.

        Stops early when the bound exceeds ``enough``.
        """
        lot = self.market.lots[place]
        money = self.money[lot.rows]
        level = self.guesses[place]
        while True:
            paid, rich = _collect(lot, money, level)
            if rich == 0:
                return self._doubtful(place, money)
            higher = level + (lot.cost - paid) / rich
            sums = (len(money) + GUARD) * ROUNDING * max(lot.cost, paid)
            error = 1.01 * (sums + lot.votes * self.slack) / rich
            bound = (higher - error - GUARD * ROUNDING * level) / lot.scale
            settled = higher <= level * (1 + 1e-13)
            level = max(level, higher)
            if settled or bound > enough:
                break
        self.guesses[place] = level
        self.bounds[place] = max(self.bounds[place], bound)
        return level / lot.scale

    def _doubtful(self, place: int, money: Floats) -> float | None:
        """Decide whether a lot is affordable at all, in integers where floats cannot."""
        lot = self.market.lots[place]
        total = float(money.sum() if lot.weights is None else money @ lot.weights)
        error = lot.votes * self.slack + (len(money) + GUARD) * ROUNDING * total
        if total + 1.01 * error < lot.cost:
            self._drop(place)
            return None
        self.exact_decisions += 1
        sale = self._exact(place)
        if sale is None:
            return None
        guess = float(sale.rho)
        self.bounds[place] = max(self.bounds[place], guess * (1 - 4 * ROUNDING))
        return guess

    def _drop(self, place: int) -> None:
        del self.bounds[place]
        self.dropped.append(self.market.lots[place].option)

    def _exact(self, place: int) -> Sale | None:
        """A lot at its exact price, or None after dropping a lot that is not affordable.

        Newton's method on the sets of those who pay all they have: each price is a lower bound,
        and the first that names its own set is the price.
        """
        lot = self.market.lots[place]
        money = self.money[lot.rows]
        level = self.guesses[place]
        rich = money >= (level if lot.worth is None else lot.worth * level)
        if not rich.any():
            rich[:] = True
        while True:
            price = self._price_if(lot, money, rich)
            above, left = self._who_can_pay(lot, money, price)
            if not above.any():
                self._drop(place)
                return None
            if bool((above == rich).all()):
                return Sale(lot, price, rich, left)
            rich = above

    def _price_if(self, lot: Lot, money: Floats, rich: Mask) -> Fraction:
        """The exact price if all but ``rich`` pay everything they have."""
        poor = lot.rows[~rich & (money > 0)]
        voters = int(self.market.election.ballots.weights[poor].sum())
        utility = self.market.book.utility(poor, self.purse.prices)
        missing = lot.cost * self.purse.denominator - self.purse.sum_of(voters, utility)
        mass = int(np.count_nonzero(rich) if lot.mass is None else lot.mass[rich].sum())
        return Fraction(missing, self.purse.denominator * mass)

    def _who_can_pay(self, lot: Lot, money: Floats, price: Fraction) -> tuple[Mask, Floats]:
        """Exactly who has ``price`` per worth or more, and what is left after paying.

        What is left is 0.0 where it is exactly nothing.
        """
        level = float(price) if lot.worth is None else lot.worth * float(price)
        left = money - level
        margin = self.slack + 4 * ROUNDING * (np.abs(level) + float(self.endowment))
        close = np.flatnonzero((np.abs(left) <= margin) & (money > 0))
        above = left >= 0
        for index, exact in zip(close, self._left_exactly(lot, close, price), strict=True):
            above[index], left[index] = exact >= 0, float(exact)
        left[~above] = 0.0
        return above, left

    def _left_exactly(self, lot: Lot, close: NDArray[np.intp], price: Fraction) -> list[Fraction]:
        owned = self.market.book.money(lot.rows[close], self.purse)
        worth = [1] * len(close) if lot.worth is None else lot.worth[close].astype(int).tolist()
        return [
            Fraction(money, self.purse.denominator) - price * each
            for money, each in zip(owned, worth, strict=True)
        ]

    def _buy(self, found: tuple[Sale, list[int]]) -> None:
        sale, tied = found
        lot, options = sale.lot, self.market.election.options
        weights = self.market.election.ballots.weights[lot.rows]
        part = int(weights[~sale.rich & (self.money[lot.rows] > 0)].sum())
        option = options[lot.option]
        self.rounds.append(
            Round(
                option=option.id,
                result=Result.SELECTED,
                score=sale.rho,
                support=lot.votes,
                remaining_minor=self.market.election.budget_minor - self.spent_minor,
                price=sale.price,
                paid_in_full=int(weights[sale.rich].sum()),
                paid_in_part=part,
                tied_with=tuple(options[self.market.lots[p].option].id for p in tied[1:]),
                dropped=tuple(sorted(options[gone].id for gone in self.dropped)),
            )
        )
        self.dropped = []
        self.spent_minor += lot.cost
        self.purse.pay(lot.option, sale.price)
        self.money[lot.rows] = sale.left
        self.slack += 4 * ROUNDING * float(self.endowment)
        self._retire(lot)

    def _retire(self, sold: Lot) -> None:
        """Take the winner off the market, with the others of its exclusion group."""
        options = self.market.election.options
        group = options[sold.option].group
        for place in list(self.bounds):
            option = self.market.lots[place].option
            if option == sold.option or (group is not None and options[option].group == group):
                del self.bounds[place]


def _collect(lot: Lot, money: Floats, level: float) -> tuple[float, float]:
    """What supporters pay together at a price, and the utility of those who can pay it."""
    asked = level if lot.worth is None else lot.worth * level
    paid = np.minimum(money, asked)
    together = float(paid.sum() if lot.weights is None else paid @ lot.weights)
    can = money >= asked
    rich = float(np.count_nonzero(can) if lot.mass is None else lot.mass[can].sum())
    return together, rich


def _at_least(value: Fraction) -> float:
    """A float that is not below an exact value."""
    return float(value) * (1 + 4 * ROUNDING)
