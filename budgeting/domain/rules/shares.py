"""One run of the method of equal shares: every voter starts with the same money.

Peters, Pierczynski and Skowron, "Proportional Participatory Budgeting with Additive Utilities"
(2021). In each round an option is affordable if its supporters can pay for it together, each in
proportion to their utility or all they have left; the one with the lowest price per utility wins.

Floating point searches and proves what it finds. For any set P of supporters assumed to pay all
they have, ``(cost - money of P) / worth to the others`` is at most the true price, so a float sum
with its error bound gives a proven lower bound; prices only rise, so bounds of earlier rounds stay
true. A choice that the bounds cannot prove is made at exact prices, and so are all prices reported.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from budgeting.domain.outcome import Result, Round
from budgeting.domain.rules.exact import Sale, Till
from budgeting.domain.rules.market import GUARD, ROUNDING, Floats, Lot, Market, Mask

# Money that may be nothing and may be a rounding error more than nothing.
SPECK = 1e-300
# Newton's method has settled when a price rises by less than this part of it.
SETTLED = 1e-13
# And if it has not settled after so many passes, rounding keeps it from settling.
MOST_PASSES = 60


@dataclass(frozen=True, slots=True)
class Quote:
    """A lot's price per worth, proven to lie between ``low`` and ``high`` (perhaps infinite).

    ``poor_share`` is the voters who pay all they have, per worth to the others: how fast the
    price falls when everybody has more. ``whole``: all supporters certainly can pay it.
    """

    place: int
    level: float
    low: float
    high: float
    poor_share: float
    whole: bool


@dataclass(slots=True)
class Trace:
    """What a run knew at each choice; Add1 learns from it.

    Per round: the quote of the lot bought, an upper bound of its price per utility, lower bounds
    of all lots and how fast they fall per money added to everybody, and the lots that came behind
    although no bound tells, but that all their supporters could pay: more money for everybody does
    not change the price of those.
    ``closed`` gives, per lot that nobody could afford, the round in which that was noticed and an
    amount that would not be enough if every voter had it in addition.
    """

    endowment: Fraction
    quotes: list[Quote] = field(default_factory=list)
    highs: list[float] = field(default_factory=list)
    bounds: list[Floats] = field(default_factory=list)
    slopes: list[Floats] = field(default_factory=list)
    whole_rivals: list[list[int]] = field(default_factory=list)
    closed: dict[int, tuple[int, float]] = field(default_factory=dict)


@dataclass(slots=True)
class Run:
    """A run in progress.

    ``money`` is float64 per row, within ``slack`` of the exact money and 0.0 only where that is
    exactly nothing. ``bounds`` are proven lower bounds of prices per utility, per lot; ``levels``
    guesses of prices; ``gone`` marks lots that are sold, excluded or affordable to nobody.
    """

    market: Market
    endowment: Fraction
    till: Till = field(init=False)
    money: Floats = field(init=False)
    slack: float = field(init=False)
    bounds: Floats = field(init=False)
    slopes: Floats = field(init=False)
    levels: list[float] = field(init=False)
    gone: Mask = field(init=False)
    trace: Trace = field(init=False)
    tied: list[list[int]] = field(default_factory=list)
    spent_minor: int = 0
    exact_decisions: int = 0
    _looked_up: dict[int, Floats] = field(default_factory=dict)

    def __post_init__(self) -> None:
        lots = self.market.lots
        self.till = Till(self.market, self.endowment)
        self.money, self.slack = self.till.money.copy(), self.till.slack
        self.levels = [lot.cost / lot.total for lot in lots]
        rhos = [level / lot.scale for level, lot in zip(self.levels, lots, strict=True)]
        self.bounds = np.array(rhos) * (1 - 8 * ROUNDING)
        self.slopes = np.zeros(len(lots))
        self.gone = np.zeros(len(lots), dtype=bool)
        self.trace = Trace(self.endowment)

    @property
    def bought(self) -> list[int]:
        """Places of the lots bought, in order."""
        return [quote.place for quote in self.trace.quotes]

    def finish(self) -> Run:
        """Buy until nothing is affordable."""
        while (quote := self.choose()) is not None:
            self.buy(quote)
        return self

    def rounds(self) -> list[Round]:
        """What was bought, at exact prices."""
        self._catch_up()
        remaining = self.market.election.budget_minor
        rounds = []
        for sale, tied in zip(self.till.sales, self.tied, strict=True):
            rounds.append(_round(self.market, sale, tied, remaining))
            remaining -= sale.lot.cost
        return rounds

    def choose(self, likely: int | None = None) -> Quote | None:
        """The affordable lot with the lowest price per utility, None if nothing is affordable.

        ``likely`` is where to look first; it changes nothing but the time it takes.
        """
        front = np.where(self.gone, np.inf, self.bounds)
        quotes: dict[int, Quote] = {}
        self._looked_up.clear()
        high = math.inf
        place = likely if likely is not None and not self.gone[likely] else _lowest(front)
        while place is not None and front[place] <= high:
            front[place] = np.inf
            if (quote := self._quote(place, high)) is not None:
                quotes[place] = quote
                high = min(high, self._rho_high(quote))
            place = _lowest(front)
        contenders = [quote for quote in quotes.values() if self.bounds[quote.place] <= high]
        if len(contenders) == 1 and high < math.inf:
            self._note(contenders[0], [], [])
            return contenders[0]
        return self._settle(contenders) if contenders else None

    def buy(self, quote: Quote) -> None:
        """Take the price of a lot from its supporters."""
        lot = self.market.lots[quote.place]
        off = max(quote.high - quote.level, quote.level - quote.low)
        doubt = 1.01 * lot.most_worth * off + 8 * ROUNDING * float(self.endowment)
        left = self._looked_up.pop(quote.place, None)
        if left is None:
            left = self.money.take(lot.rows)
        left -= lot.asked(quote.level)
        perhaps_some = left >= -(self.slack + doubt)
        np.maximum(left, SPECK, out=left)
        np.multiply(left, perhaps_some, out=left)
        self.money[lot.rows] = left
        self.slack += doubt
        self.spent_minor += lot.cost
        self.gone[self.market.leaving[quote.place]] = True

    def close_if_hopeless(self, place: int) -> None:
        """Take a lot off the market if its supporters together certainly have too little."""
        lot = self.market.lots[place]
        money = self.money.take(lot.rows)
        missing = lot.cost - self._at_most(lot, money)
        if missing > 0:
            self.close(place, missing / lot.votes * (1 - 4 * ROUNDING))

    def close(self, place: int, gap: float) -> None:
        """Take a lot off the market that nobody could afford with ``gap`` more for everyone."""
        self.gone[place] = True
        self.trace.closed[place] = (len(self.trace.quotes), gap)

    def raise_bound(self, place: int, bound: float, slope: float) -> None:
        """Keep the better one of two lower bounds, with its slope."""
        if bound > self.bounds[place]:
            self.bounds[place], self.slopes[place] = bound, slope

    def _quote(self, place: int, enough: float) -> Quote | None:
        """A lot's price, after raising its bound; None if the bound exceeds ``enough``."""
        lot = self.market.lots[place]
        money = self._looked_up[place] = self.money.take(lot.rows)
        level, paid, rich, higher = self._water(place, lot, money, enough * lot.scale)
        if rich == 0:
            return self._quote_doubtful(place, lot, money)
        some = lot.weight_of(money > 0)
        rich_weight = rich if lot.worth is None else lot.weight_of(money >= lot.asked(level))
        sums = (len(money) + GUARD) * ROUNDING * max(lot.cost, paid)
        error = 1.01 * (sums + (some - rich_weight) * self.slack)
        low = higher - error / rich - GUARD * ROUNDING * level
        share = (lot.votes - rich_weight) / rich
        self.raise_bound(place, low / lot.scale * (1 - 4 * ROUNDING), share / lot.scale)
        if self.bounds[place] > enough:
            return None
        short = 1.1 * error + 1.1 * max(lot.cost - paid, 0)
        high = level + short / rich + GUARD * ROUNDING * level
        able = money >= lot.asked(high) + self.slack + 8 * ROUNDING * float(self.endowment)
        able_mass = lot.mass_of(able)
        lacking = 1.01 * (sums + (some - lot.weight_of(able)) * self.slack)
        # Those who certainly have so much pay the difference; it outweighs what others may lack.
        proven = (high - level) * able_mass >= lacking + max(lot.cost - paid, 0)
        whole = proven and able_mass == lot.total
        return Quote(place, level, low, high if proven else math.inf, share, whole)

    def _water(
        self, place: int, lot: Lot, money: Floats, enough: float
    ) -> tuple[float, float, float, float]:
        """Newton's method for a price, until it settles or certainly exceeds ``enough``.

        The price tried last, what it collects, the worth to those who can pay it, and the price
        at which those would make up for the rest, which is never above the true one.
        """
        fallback = level = self.levels[place]
        if enough < math.inf:
            # Most rivals are excluded by what they would collect at the price to beat.
            level = max(level, enough * (1 + 1e-9))
        for _ in range(MOST_PASSES):
            paid = lot.sum_of(np.minimum(money, lot.asked(level)))
            rich = lot.mass_of(money >= lot.asked(level))
            if rich == 0 and (level <= fallback or paid < lot.cost):
                return level, paid, rich, level
            higher = level + (lot.cost - paid) / rich if rich else fallback
            if abs(higher - level) <= SETTLED * level or higher > enough * (1 + 1e-9):
                break
            level, fallback = higher, math.inf
        self.levels[place] = level
        return level, paid, rich, higher

    def _quote_doubtful(self, place: int, lot: Lot, money: Floats) -> Quote | None:
        """Whether supporters can pay at all, at the exact price where floats cannot tell."""
        missing = lot.cost - self._at_most(lot, money)
        if missing > 0:
            self.close(place, missing / lot.votes * (1 - 4 * ROUNDING))
            return None
        self.exact_decisions += 1
        self._catch_up()
        sale = self.till.price(place, self.levels[place])
        if sale is None:
            self.close(place, 0.0)
            return None
        return self._quote_of(sale)

    def _at_most(self, lot: Lot, money: Floats) -> float:
        """What the supporters of a lot have together, and no less than that."""
        total = lot.sum_of(money)
        sums = (len(money) + GUARD) * ROUNDING * total
        return total + 1.01 * (lot.weight_of(money > 0) * self.slack + sums)

    def _quote_of(self, sale: Sale) -> Quote:
        lot, level = sale.lot, float(sale.price)
        low, high = level * (1 - 4 * ROUNDING), level * (1 + 4 * ROUNDING)
        share = (lot.votes - lot.weight_of(sale.rich)) / lot.mass_of(sale.rich)
        self.levels[sale.place] = level
        self.raise_bound(sale.place, low / lot.scale * (1 - 4 * ROUNDING), share / lot.scale)
        return Quote(sale.place, level, low, high, share, bool(sale.rich.all()))

    def _rho_high(self, quote: Quote) -> float:
        return quote.high / self.market.lots[quote.place].scale * (1 + 4 * ROUNDING)

    def _settle(self, contenders: list[Quote]) -> Quote | None:
        """Choose in integers among lots that floats cannot tell apart."""
        self.exact_decisions += 1
        if self.market.whole_ranks is not None and all(quote.whole for quote in contenders):
            return self._settle_whole(contenders, self.market.whole_ranks)
        self._catch_up()
        sales = {}
        for quote in contenders:
            sale = self.till.price(quote.place, quote.level)
            if sale is None:
                self.close(quote.place, 0.0)
            else:
                sales[self.market.option_id(quote.place)] = sale
        if not sales:
            return None
        lowest = min(sale.rho for sale in sales.values())
        tied = sorted(each for each, sale in sales.items() if sale.rho == lowest)
        first, *behind = self.market.ties.order(tied)
        best = self._quote_of(sales[first])
        whole = [quote.place for quote in contenders if quote.whole and quote.place != best.place]
        self._note(best, [sales[each].place for each in behind], whole)
        return best

    def _settle_whole(self, contenders: list[Quote], ranks: tuple[int, ...]) -> Quote:
        """Choose among lots that all their supporters can pay: cost divided by utility."""
        first, *behind = sorted(contenders, key=lambda quote: ranks[quote.place])
        price = self._whole_price(first)
        tied = [quote.place for quote in behind if self._whole_price(quote) == price]
        self._note(first, tied, [quote.place for quote in behind])
        return first

    def _whole_price(self, quote: Quote) -> Fraction:
        lot = self.market.lots[quote.place]
        return Fraction(lot.cost, lot.total * lot.scale)

    def _note(self, best: Quote, tied: list[int], whole_rivals: list[int]) -> None:
        trace = self.trace
        trace.quotes.append(best)
        trace.highs.append(self._rho_high(best))
        trace.bounds.append(self.bounds.copy())
        trace.slopes.append(self.slopes.copy())
        trace.whole_rivals.append(whole_rivals)
        self.tied.append(tied)

    def _catch_up(self) -> None:
        """Make every purchase so far at its exact price, and go on from the exact money."""
        for quote in self.trace.quotes[len(self.till.sales) :]:
            self.till.buy(quote.place, quote.level)
        self._looked_up.clear()
        self.money, self.slack = self.till.money.copy(), self.till.slack


def _lowest(front: Floats) -> int | None:
    if not len(front):
        return None
    place = int(front.argmin())
    return place if front[place] < np.inf else None


def _round(market: Market, sale: Sale, tied: list[int], remaining_minor: int) -> Round:
    weights = market.election.ballots.weights[sale.lot.rows]
    return Round(
        option=market.option_id(sale.place),
        result=Result.SELECTED,
        score=sale.rho,
        support=sale.lot.votes,
        remaining_minor=remaining_minor,
        price=sale.price,
        paid_in_full=int(weights[sale.rich].sum()),
        paid_in_part=int(weights[sale.part].sum()),
        tied_with=tuple(sorted(market.option_id(place) for place in tied)),
    )
