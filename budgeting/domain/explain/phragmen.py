"""Reasons from sequential Phragmen: when each option's supporters could pay for it."""

from __future__ import annotations

from budgeting.domain.election import Election, Option
from budgeting.domain.explain.greedy import group_winner
from budgeting.domain.explain.sentences import Reason, Value
from budgeting.domain.outcome import Outcome, Result, Round, Step
from budgeting.domain.rules.equal_shares import groups_of
from budgeting.domain.support import Support


def phragmen_reasons(election: Election, outcome: Outcome, support: Support) -> dict[str, Reason]:
    """A reason for every option of an outcome of sequential Phragmen."""
    met = {each.option: each for each in outcome.rounds}
    reasons = {}
    for option in election.options:
        if option.id in met:
            reasons[option.id] = _met(option, met[option.id])
        else:
            votes = support.votes[election.index[option.id]]
            reasons[option.id] = _not_met(election, outcome, option, votes)
    return reasons


def _met(option: Option, each: Round) -> Reason:
    if each.result is Result.SELECTED and each.step is Step.COMPLETION:
        return Reason("phragmen_unsupported_won", {})
    values: dict[str, Value] = {"support": each.support}
    if each.result is Result.DOES_NOT_FIT:
        values |= {"remaining_minor": each.remaining_minor, "cost_minor": option.cost_minor}
        return Reason("phragmen_did_not_fit" if each.support else "no_supporters", values)
    values["load_minor"] = each.score
    if each.tied_with:
        return Reason("phragmen_won_tie", {**values, "tied_with": each.tied_with})
    return Reason("phragmen_won", values)


def _not_met(election: Election, outcome: Outcome, option: Option, votes: int) -> Reason:
    least = int(outcome.parameters["minimum_support"])
    if option.cost_minor > election.budget_minor:
        values = {"cost_minor": option.cost_minor, "budget_minor": election.budget_minor}
        return Reason("dearer_than_budget", values)
    if votes < least:
        return Reason("too_few_supporters", {"support": votes, "least": least})
    if not votes:
        return Reason("no_supporters", {})
    winners = [each for each in outcome.rounds if each.result is Result.SELECTED]
    if option.group in groups_of(election, winners):
        return Reason("group_taken", {"winner": group_winner(election, outcome, option.id)})
    last = outcome.rounds[-1].option
    return Reason("phragmen_ended", {"support": votes, "stopped_at": last})
