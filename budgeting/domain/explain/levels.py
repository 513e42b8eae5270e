"""How near every option was before each purchase of equal shares: the rounds are drawn from it."""

from __future__ import annotations

from fractions import Fraction

from budgeting.domain.election import Election
from budgeting.domain.outcome import Outcome, Result, Round, Step
from budgeting.domain.rules.equal_shares import market_for
from budgeting.domain.rules.exact import Till
from budgeting.domain.rules.market import Lot
from budgeting.domain.support import Borda, supporters

Levels = tuple[dict[str, int], ...]


def levels(election: Election, outcome: Outcome) -> Levels:
    """Per purchase, and once after the last: what the supporters of each option that is still for
    sale have left together, in whole percent of its cost. They can pay for it from 100 on.

    Empty for rules in which voters have no money.
    """
    if not outcome.rule.startswith("equal_shares"):
        return ()
    borda = Borda(str(outcome.parameters.get("borda", Borda.LISTED)))
    market = market_for(election, supporters(election.ballots, borda), outcome)
    till = Till(market, Fraction(outcome.facts.get("endowment", 0)))
    for_sale = {lot.option: place for place, lot in enumerate(market.lots)}
    told = [_percents(election, market.lots, till, for_sale)]
    for each in _purchases(outcome):
        place = for_sale[election.index[each.option]]
        till.buy(place, float(each.price or 0))
        for leaving in market.leaving[place]:
            for_sale.pop(market.lots[leaving].option, None)
        told.append(_percents(election, market.lots, till, for_sale))
    return tuple(told)


def _purchases(outcome: Outcome) -> list[Round]:
    main = (each for each in outcome.rounds if each.step is Step.MAIN)
    return [each for each in main if each.result is Result.SELECTED]


def _percents(
    election: Election, lots: tuple[Lot, ...], till: Till, for_sale: dict[int, int]
) -> dict[str, int]:
    return {
        election.options[option].id: _percent(lots[place], till)
        for option, place in for_sale.items()
    }


def _percent(lot: Lot, till: Till) -> int:
    left = float(lot.sum_of(till.money.take(lot.rows)))
    return int(100 * left / lot.cost + 1e-9)
