"""The method of equal shares with its completions: none, greedy, Add1, Add1 then greedy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from budgeting.domain.election import Election
from budgeting.domain.outcome import Outcome, Result, Round, Step
from budgeting.domain.rules.add1 import walk_up
from budgeting.domain.rules.greedy import Greedy, walk
from budgeting.domain.rules.market import Market, open_market
from budgeting.domain.rules.shares import Run
from budgeting.domain.support import Borda, Support, choice_worth, supporters
from budgeting.domain.ties import TieOrder, refuse


class Start(StrEnum):
    """What every voter begins with: the budget divided by the voters.

    ``EXACT`` as a fraction; ``INTEGRAL`` rounded down to whole increments.
    """

    EXACT = "exact"
    INTEGRAL = "integral"


class Stop(StrEnum):
    """When Add1 stops raising the voters' money.

    ``EXHAUSTIVE`` at the first outcome to which nothing more fits, or before the first that
    exceeds the budget; ``INFEASIBLE`` only before the first that exceeds the budget.
    """

    EXHAUSTIVE = "exhaustive"
    INFEASIBLE = "infeasible"


@dataclass(frozen=True, slots=True)
class EqualShares:
    """Utilities and completion. ``increment_minor`` None means no Add1."""

    cost_utility: bool = False
    borda: Borda = Borda.LISTED
    minimum_support: int = 0
    increment_minor: int | None = None
    start: Start = Start.EXACT
    stop: Stop = Stop.EXHAUSTIVE
    then_greedy: bool = False


@dataclass(frozen=True, slots=True)
class Bought:
    """What equal shares decided, before the rule's name is put on it."""

    rounds: tuple[Round, ...]
    exact_decisions: int
    facts: dict[str, Fraction | int | str]


def equal_shares_rounds(election: Election, ties: TieOrder, how: EqualShares) -> Bought:
    """Costless options with supporters, then equal shares, then the completion asked for."""
    support = supporters(election.ballots, how.borda)
    rounds = costless(election, support, ties, how.minimum_support)
    market = open_market(
        election,
        support,
        choice_worth(election.ballots, how.borda),
        ties,
        cost_utility=how.cost_utility,
        minimum_support=how.minimum_support,
        taken=groups_of(election, rounds),
    )
    bought = Bought(tuple(rounds), 0, {})
    if election.ballots.count:
        more = _add1(market, how) if how.increment_minor else _once(market)
        bought = Bought(bought.rounds + more.rounds, more.exact_decisions, more.facts)
    if how.then_greedy:
        rest = walk(
            election,
            support,
            ties,
            Greedy(threshold=how.minimum_support),
            already=[election.index[each.option] for each in bought.rounds],
            step=Step.COMPLETION,
        )
        bought = Bought(bought.rounds + tuple(rest), bought.exact_decisions, bought.facts)
    return bought


def market_for(election: Election, support: Support, outcome: Outcome) -> Market:
    """The market in which an outcome of equal shares was bought."""
    borda = Borda(str(outcome.parameters.get("borda", Borda.LISTED)))
    free = [each for each in outcome.rounds if each.step is Step.COSTLESS]
    return open_market(
        election,
        support,
        choice_worth(election.ballots, borda),
        refuse(),
        cost_utility="_cost" in outcome.rule,
        minimum_support=int(outcome.parameters["minimum_support"]),
        taken=groups_of(election, free),
    )


def costless(
    election: Election, support: Support, ties: TieOrder, minimum_support: int
) -> list[Round]:
    """Supported options that cost nothing: nobody has to pay, so they win before any money."""
    free = {
        option.id: option
        for option, votes in zip(election.options, support.votes, strict=True)
        if option.cost_minor == 0 and votes >= max(minimum_support, 1)
    }
    groups = [option.group for option in free.values() if option.group is not None]
    matters = len(set(groups)) < len(groups)
    rounds: list[Round] = []
    for each in ties.order(sorted(free)) if matters else sorted(free):
        if free[each].group not in groups_of(election, rounds):
            rounds.append(_free_round(election, support, each))
    return rounds


def groups_of(election: Election, rounds: Iterable[Round]) -> frozenset[str]:
    """The exclusion groups that have their winner."""
    winners = (election.options[election.index[each.option]] for each in rounds)
    return frozenset(option.group for option in winners if option.group is not None)


def _free_round(election: Election, support: Support, option_id: str) -> Round:
    return Round(
        option=option_id,
        result=Result.SELECTED,
        score=Fraction(0),
        support=support.votes[election.index[option_id]],
        remaining_minor=election.budget_minor,
        step=Step.COSTLESS,
    )


def _once(market: Market) -> Bought:
    endowment = Fraction(market.election.budget_minor, market.election.ballots.count)
    run = Run(market, endowment).finish()
    rounds = tuple(run.rounds())
    return Bought(rounds, run.exact_decisions, {"endowment": endowment})


def _add1(market: Market, how: EqualShares) -> Bought:
    """Raise every voter's money by the increment until the stop, and keep the last that fits."""
    step_minor = how.increment_minor or 1
    endowment = Fraction(market.election.budget_minor, market.election.ballots.count)
    if how.start is Start.INTEGRAL:
        endowment = Fraction(endowment // step_minor * step_minor)
    walked = walk_up(market, endowment, step_minor, lambda run: _ends(market, run, how.stop))
    kept = Run(market, endowment + walked.steps * step_minor).finish()
    facts: dict[str, Fraction | int | str] = {
        "endowment": kept.endowment,
        "increments": walked.steps,
        "stopped": walked.reason,
    }
    return Bought(tuple(kept.rounds()), walked.exact_decisions, facts)


def _ends(market: Market, run: Run, stop: Stop) -> str:
    """Why Add1 ends at a run that fits the budget, or nothing."""
    sold = {other for place in run.bought for other in market.leaving[place]}
    unsold = [lot.cost for place, lot in enumerate(market.lots) if place not in sold]
    if not unsold:
        return "all_bought"
    if stop is Stop.EXHAUSTIVE and min(unsold) + run.spent_minor > market.election.budget_minor:
        return "exhaustive"
    return ""
