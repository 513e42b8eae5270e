"""Equal shares bought at exact prices, one lot after another.

Floats guess who can pay a price; integers decide wherever a float is too close to tell.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from budgeting.domain.rules.market import ROUNDING, Floats, Lot, Market, Mask
from budgeting.domain.rules.purse import Purse


@dataclass(frozen=True, eq=False, slots=True)
class Sale:
    """A lot at its exact price. Supporters who are not ``rich`` pay all they have left.

    ``left`` is what every supporter has afterwards, 0.0 only where that is exactly nothing.
    """

    place: int
    lot: Lot
    price: Fraction
    rich: Mask
    part: Mask
    left: Floats

    @property
    def rho(self) -> Fraction:
        """Price per utility."""
        return self.price / self.lot.scale


@dataclass(slots=True)
class Till:
    """Purchases so far, and the money of every row.

    ``money`` is float64 within ``slack`` of the exact money, and 0.0 only where that is exactly
    nothing.
    """

    market: Market
    endowment: Fraction
    sales: list[Sale] = field(default_factory=list)
    purse: Purse = field(init=False)
    money: Floats = field(init=False)
    slack: float = field(init=False)

    def __post_init__(self) -> None:
        self.purse = Purse.filled(self.endowment)
        self.money = np.full(len(self.market.election.ballots), float(self.endowment))
        self.slack = float(self.endowment) * ROUNDING

    def buy(self, place: int, guess: float) -> Sale:
        """Buy a lot, whatever the others cost; ``guess`` is about its price."""
        sale = self.price(place, guess)
        if sale is None:
            raise LookupError(f"{self.market.option_id(place)} is not affordable")
        self.purse.pay(sale.lot.option, sale.price)
        self.money[sale.lot.rows] = sale.left
        self.slack += 4 * ROUNDING * float(self.endowment)
        self.sales.append(sale)
        return sale

    def price(self, place: int, guess: float) -> Sale | None:
        """A lot at its exact price, None if its supporters cannot pay for it together.

        Newton's method on the sets of those who pay all they have: each price is a lower bound,
        and the first that names its own set is the price.
        """
        lot = self.market.lots[place]
        money = self.money.take(lot.rows)
        rich = money >= lot.asked(guess)
        if not rich.any():
            rich[:] = True
        while True:
            price = self._price_if(lot, money, rich)
            above, left = self._who_can_pay(lot, money, price)
            if not above.any():
                return None
            if bool((above == rich).all()):
                return Sale(place, lot, price, rich, ~rich & (money > 0), left)
            rich = above

    def left_of(self, lot: Lot) -> tuple[Fraction, int]:
        """What the supporters of a lot have left together, and how many have anything."""
        rows = lot.rows[self.money.take(lot.rows) > 0]
        voters = int(self.market.election.ballots.weights[rows].sum())
        utility = self.market.book.utility(rows, self.purse.prices)
        return Fraction(self.purse.sum_of(voters, utility), self.purse.denominator), voters

    def _price_if(self, lot: Lot, money: Floats, rich: Mask) -> Fraction:
        """The exact price if all but ``rich`` pay everything they have."""
        poor = lot.rows[~rich & (money > 0)]
        voters = int(self.market.election.ballots.weights[poor].sum())
        utility = self.market.book.utility(poor, self.purse.prices)
        missing = lot.cost * self.purse.denominator - self.purse.sum_of(voters, utility)
        return Fraction(missing, self.purse.denominator * int(lot.mass_of(rich)))

    def _who_can_pay(self, lot: Lot, money: Floats, price: Fraction) -> tuple[Mask, Floats]:
        """Exactly who has ``price`` per worth or more, and what all have left after paying."""
        level = float(price)
        left = money - lot.asked(level)
        margin = self.slack + 4 * ROUNDING * (abs(level) * lot.most_worth + float(self.endowment))
        close = np.flatnonzero((np.abs(left) <= margin) & (money > 0))
        above = left >= 0
        if len(close):
            exact = self._left_exactly(lot, close, price)
            above[close] = [each >= 0 for each in exact]
            left[close] = [float(each) for each in exact]
        left[~above] = 0.0
        return above, left

    def _left_exactly(self, lot: Lot, close: NDArray[np.intp], price: Fraction) -> list[Fraction]:
        owned = self.market.book.money(lot.rows[close], self.purse)
        worth = [1] * len(close) if lot.worth is None else lot.worth[close].astype(int).tolist()
        return [
            Fraction(money, self.purse.denominator) - price * each
            for money, each in zip(owned, worth, strict=True)
        ]
