"""Why each option won or lost: reasons that are true by construction from the rounds."""

from __future__ import annotations

from budgeting.domain.election import Election
from budgeting.domain.explain.greedy import greedy_reasons
from budgeting.domain.explain.phragmen import phragmen_reasons
from budgeting.domain.explain.sentences import SENTENCES, Reason
from budgeting.domain.explain.shares import shares_reasons
from budgeting.domain.explain.whatif import WhatIf, what_if
from budgeting.domain.outcome import Outcome
from budgeting.domain.support import Borda, supporters

__all__ = ["SENTENCES", "Reason", "WhatIf", "explain", "what_if"]


def explain(election: Election, outcome: Outcome) -> dict[str, Reason]:
    """A reason for every option, by id, in the order of the election's options."""
    borda = Borda(str(outcome.parameters.get("borda", Borda.LISTED)))
    if outcome.rule.startswith("greedy"):
        reasons = greedy_reasons(election, outcome)
    elif outcome.rule == "phragmen":
        support = supporters(election.ballots, borda)
        reasons = phragmen_reasons(election, outcome, support)
    else:
        support = supporters(election.ballots, borda)
        reasons = shares_reasons(election, outcome, support)
    return {option.id: reasons[option.id] for option in election.options}
