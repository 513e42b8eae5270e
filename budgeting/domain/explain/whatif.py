"""What would have made a loser win: each figure is tried by counting the changed election.

Two changes are looked at, one at a time: a lower cost, and further voters who vote for it alone.
Under greedy a lower cost or another vote never hurts, so halving finds the least change there. The
other rules keep no such promise: for them it finds one change that wins, not the least one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from budgeting.domain.ballots import Ballots, MalformedBallots
from budgeting.domain.election import Election
from budgeting.domain.explain.sentences import Reason
from budgeting.domain.outcome import Outcome
from budgeting.domain.rules import count
from budgeting.domain.support import Borda
from budgeting.domain.ties import TieOrder, UnresolvedTie

# More voters than live on Earth help nobody to understand a result.
MOST_SUPPORTERS = 2**33
# Where the least change is not claimed, so many parts of the whole are fine enough.
PARTS = 128


@dataclass(frozen=True, slots=True)
class WhatIf:
    """One change each that makes a loser win, None where there is none or none was found.

    ``supporters`` vote for it alone and give it ``points`` where the ballots have points. With
    ``least``, every smaller change loses: that is proven for greedy alone.
    """

    option: str
    cost_minor: int | None
    supporters: int | None
    points: int | None
    least: bool

    def reasons(self) -> tuple[Reason, ...]:
        """The changes as sentences."""
        end = "_least" if self.least else ""
        told = []
        if self.cost_minor:  # that it would have won for nothing helps nobody
            told.append(Reason(f"would_win_at_cost{end}", {"cost_minor": self.cost_minor}))
        if self.supporters is not None and self.points is None:
            told.append(Reason(f"would_win_with{end}", {"supporters": self.supporters}))
        if self.supporters is not None and self.points is not None:
            values = {"supporters": self.supporters, "points": self.points}
            told.append(Reason(f"would_win_with_points{end}", values))
        return tuple(told)


def what_if(election: Election, ties: TieOrder, outcome: Outcome, option_id: str) -> WhatIf:
    """Changes that would have made an option win that did not.

    Counts the election again some twenty times: nothing to do while somebody waits for a page.
    """
    if option_id in outcome.selected:
        raise ValueError(f"{option_id} has won")
    least = outcome.rule.startswith("greedy") and ties.ranks is not None
    cost = election.options[election.index[option_id]].cost_minor
    # One ballot that ranks one option gives it nothing if the last one listed gets nothing.
    worthless = outcome.parameters.get("borda") == Borda.LISTED
    most = MOST_SUPPORTERS if least else 64 * election.ballots.count + 64
    if worthless or cost > election.budget_minor:
        most = 0

    def wins(changed: Election) -> bool:
        return _wins(changed, ties, outcome, option_id)

    def wins_at(lower: int) -> bool:
        return wins(at_cost(election, option_id, lower))

    def wins_with(supporters: int) -> bool:
        try:
            return wins(with_supporters(election, option_id, supporters))
        except MalformedBallots:
            return False  # more than can be added up exactly

    return WhatIf(
        option=option_id,
        cost_minor=_highest(wins_at, cost, least=least),
        supporters=_fewest(wins_with, most, least=least),
        points=_points(election),
        least=least,
    )


def at_cost(election: Election, option_id: str, cost_minor: int) -> Election:
    """The same election with another cost of one option."""
    options = tuple(
        replace(option, cost_minor=cost_minor) if option.id == option_id else option
        for option in election.options
    )
    return replace(election, options=options)


def with_supporters(election: Election, option_id: str, supporters: int) -> Election:
    """The same election with further ballots that name one option alone.

    Where ballots have points, each gives as many as any ballot gave to anything.
    """
    ballots, points = election.ballots, _points(election)
    more = Ballots.from_arrays(
        ballots.kind,
        ballots.option_count,
        np.append(ballots.indptr, len(ballots.choices) + 1),
        np.append(ballots.choices, np.int32(election.index[option_id])),
        None if ballots.points is None else np.append(ballots.points, points or 1),
        np.append(ballots.weights, supporters),
    )
    return replace(election, ballots=more)


def _points(election: Election) -> int | None:
    points = election.ballots.points
    return None if points is None else max(int(points.max(initial=1)), 1)


def _wins(changed: Election, ties: TieOrder, outcome: Outcome, option_id: str) -> bool:
    try:
        again = count(outcome.rule, changed, ties, **outcome.parameters)
    except UnresolvedTie:
        return False
    return option_id in again.selected


def _highest(wins_at: Callable[[int], bool], cost: int, *, least: bool) -> int | None:
    """A cost below ``cost`` at which it wins, the highest one if ``least``."""
    if cost == 0 or not wins_at(0):
        return None
    wins, loses = 0, cost
    while loses - wins > (1 if least else max(cost // PARTS, 1)):
        middle = (wins + loses) // 2
        if wins_at(middle):
            wins = middle
        else:
            loses = middle
    return wins


def _fewest(wins_with: Callable[[int], bool], most: int, *, least: bool) -> int | None:
    """Further supporters, no more than ``most``, with whom it wins; the fewest if ``least``."""
    loses, wins = 0, 1
    while wins <= most and not wins_with(wins):
        loses, wins = wins, 4 * wins
    if wins > most:
        return None
    while wins - loses > (1 if least else max(wins // PARTS, 1)):
        middle = (wins + loses) // 2
        if wins_with(middle):
            wins = middle
        else:
            loses = middle
    return wins
