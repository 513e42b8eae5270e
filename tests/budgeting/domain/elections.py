"""Small elections, written the way a person would write them on a board."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from budgeting.domain.election import BallotKind, Ballots, Election, Option
from budgeting.domain.ties import TieOrder, lexicographic

Vote = str | Mapping[str, int]


def election(
    costs: Mapping[str, int],
    votes: Sequence[Vote],
    budget: int,
    *,
    kind: BallotKind = BallotKind.APPROVAL,
    groups: Mapping[str, str] | None = None,
    weights: Sequence[int] | None = None,
    increment: int = 1,
) -> Election:
    """``votes`` are ids of one letter each ("ab"), or points by id for kinds that have them."""
    ids = list(costs)
    rows = []
    for place, vote in enumerate(votes):
        weight = 1 if weights is None else weights[place]
        points = list(vote.values()) if isinstance(vote, Mapping) else None
        rows.append(([ids.index(each) for each in vote], points, weight))
    options = tuple(Option(each, costs[each], group=(groups or {}).get(each)) for each in ids)
    return Election(options, budget, Ballots.from_rows(kind, rows, len(ids)), increment)


def by_name(counted: Election) -> TieOrder:
    """Ties by id."""
    return lexicographic(counted.options)
