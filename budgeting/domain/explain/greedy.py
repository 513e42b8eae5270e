"""Reasons from a walk down a ranking."""

from __future__ import annotations

from collections.abc import Sequence

from budgeting.domain.election import Election
from budgeting.domain.explain.sentences import Reason, Value
from budgeting.domain.outcome import Outcome, Result, Round

CODES = {
    Result.SELECTED: "won",
    Result.DOES_NOT_FIT: "did_not_fit",
    Result.AFTER_STOP: "after_stop",
    Result.BELOW_THRESHOLD: "below_threshold",
}


def greedy_reasons(election: Election, outcome: Outcome) -> dict[str, Reason]:
    """A reason for every option of an outcome of a greedy rule."""
    kind = election.ballots.kind
    unit = "points" if kind.has_points or kind == "ranking" else "votes"
    rounds = outcome.rounds
    return {
        each.option: _reason(election, outcome, rounds, place, unit)
        for place, each in enumerate(rounds)
    }


def _reason(
    election: Election, outcome: Outcome, rounds: Sequence[Round], place: int, unit: str
) -> Reason:
    each = rounds[place]
    option = election.options[election.index[each.option]]
    if option.cost_minor > election.budget_minor:
        values = {"cost_minor": option.cost_minor, "budget_minor": election.budget_minor}
        return Reason("dearer_than_budget", values)
    if each.result is Result.GROUP_TAKEN:
        return Reason("group_taken", {"winner": group_winner(election, outcome, each.option)})
    code = f"{unit}_{CODES[each.result]}"
    if each.result is Result.SELECTED and each.tied_with:
        code += "_tie"
    figures = _values(election, outcome, rounds, place)
    return Reason(f"{code}_others_did" if "fitted" in figures else code, figures)


def _values(
    election: Election, outcome: Outcome, rounds: Sequence[Round], place: int
) -> dict[str, Value]:
    each = rounds[place]
    cost = election.options[election.index[each.option]].cost_minor
    stops = [one.option for one in rounds if one.result is Result.DOES_NOT_FIT]
    values: dict[str, Value] = {
        "score": int(each.score),
        "place": place + 1,
        "options": len(rounds),
        "remaining_minor": each.remaining_minor,
        "cost_minor": cost,
    }
    if each.tied_with:
        values["tied_with"] = each.tied_with
    if each.result is Result.DOES_NOT_FIT:
        values["short_minor"] = cost - each.remaining_minor
        fitted = [one.option for one in rounds[place:] if one.result is Result.SELECTED]
        if fitted:
            values["fitted"] = tuple(fitted)
    if each.result is Result.AFTER_STOP:
        values["stopped_at"] = stops[0]
    if each.result is Result.BELOW_THRESHOLD:
        values["threshold"] = int(outcome.parameters["threshold"])
    return values


def group_winner(election: Election, outcome: Outcome, option_id: str) -> str:
    """The winner of the exclusion group that an option belongs to."""
    group = election.options[election.index[option_id]].group
    for winner in outcome.selected:
        if election.options[election.index[winner]].group == group:
            return winner
    raise LookupError(f"the group of {option_id} has no winner")
