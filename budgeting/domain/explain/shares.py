"""Reasons from equal shares: who paid, and where the money of a loser's supporters went."""

from __future__ import annotations

from fractions import Fraction

from budgeting.domain.election import Election
from budgeting.domain.explain.greedy import group_winner
from budgeting.domain.explain.sentences import Reason, Value
from budgeting.domain.outcome import Outcome, Result, Round, Step
from budgeting.domain.rules.equal_shares import groups_of, market_for
from budgeting.domain.rules.replay import Trail, follow
from budgeting.domain.support import Support

MOST_NAMED = 3


def shares_reasons(election: Election, outcome: Outcome, support: Support) -> dict[str, Reason]:
    """A reason for every option of an outcome of equal shares."""
    endowment = outcome.facts.get("endowment", Fraction(0))
    market = market_for(election, support, outcome)
    trail = follow(market, outcome.rounds, Fraction(endowment))
    won = {each.option: each for each in outcome.rounds if each.result is Result.SELECTED}
    places = [each.option for each in outcome.rounds if each.step is Step.COMPLETION]
    reasons = {}
    for place, option in enumerate(election.options):
        if option.id in won:
            at = places.index(option.id) + 1 if option.id in places else 0
            reasons[option.id] = _won(election, won[option.id], at)
        else:
            reasons[option.id] = _lost(election, outcome, support, trail, place)
    return reasons


def _won(election: Election, each: Round, place: int) -> Reason:
    cost = election.options[election.index[each.option]].cost_minor
    if each.step is Step.COSTLESS:
        return Reason("costless", {"support": each.support})
    if each.step is Step.COMPLETION:
        values: dict[str, Value] = {
            "place": place,
            "score": int(each.score),
            "remaining_minor": each.remaining_minor,
            "cost_minor": cost,
        }
        return Reason("completion_won", values)
    values = {
        "support": each.support,
        "paid_in_full": each.paid_in_full,
        "paid_in_part": each.paid_in_part,
        "price_minor": each.price or Fraction(0),
    }
    kind = election.ballots.kind
    if kind.has_points or kind == "ranking":
        return Reason("shares_points_won", values)
    return Reason("shares_won" if each.paid_in_part else "shares_won_evenly", values)


def _lost(
    election: Election, outcome: Outcome, support: Support, trail: Trail, place: int
) -> Reason:
    option, votes = election.options[place], support.votes[place]
    least = int(outcome.parameters["minimum_support"])
    if not votes:
        return Reason("no_supporters", {})
    if votes < least:
        return Reason("too_few_supporters", {"support": votes, "least": least})
    winners = (each for each in outcome.rounds if each.result is Result.SELECTED)
    if option.group in groups_of(election, winners):
        return Reason("group_taken", {"winner": group_winner(election, outcome, option.id)})
    return _too_poor(election, trail, votes, place)


def _too_poor(election: Election, trail: Trail, votes: int, place: int) -> Reason:
    cost_minor = election.options[place].cost_minor
    initial = votes * trail.endowment
    values: dict[str, Value] = {
        "support": votes,
        "initial_minor": initial,
        "cost_minor": cost_minor,
    }
    if initial < cost_minor:
        return Reason("shares_too_few", {**values, "endowment_minor": trail.endowment})
    values |= {
        "left_minor": trail.left[place],
        "could_pay": trail.could_pay[place],
        "went_to": _went_to(election, trail, place),
        "effective": trail.effective_percent[place],
    }
    return Reason("shares_money_gone", values)


def _went_to(election: Election, trail: Trail, place: int) -> tuple[str, ...]:
    """The winners that got most of the money of an option's supporters, most first."""
    # Amounts are known to a millionth: equal ones go by id, whatever the order of the ballots.
    paid = {election.options[other].id: round(part[place], 3) for other, part in trail.paid.items()}
    most = sorted((other for other in paid if paid[other]), key=lambda each: (-paid[each], each))
    return tuple(most[:MOST_NAMED])
