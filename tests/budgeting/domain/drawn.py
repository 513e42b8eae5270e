"""Elections drawn at random, larger than those for the reference, and what wins in them."""

from __future__ import annotations

import random
from fractions import Fraction

from hypothesis import strategies as st

from budgeting.domain.election import BallotKind, Election
from budgeting.domain.rules import count
from tests.budgeting.domain.elections import by_name, election

IDS = "abcdefgh"


@st.composite
def elections(draw: st.DrawFn, kind: BallotKind = BallotKind.APPROVAL) -> Election:
    """With weights and exclusion groups."""
    ids = IDS[: draw(st.integers(2, 8))]
    chance = random.Random(draw(st.integers(0, 10**6)))  # noqa: S311 - repeatable
    votes = [
        [each for each in ids if chance.random() < 0.4] for _ in range(draw(st.integers(1, 9)))
    ]
    marked = [
        {each: chance.choice([0, 1, 2, 5]) for each in vote} if kind.has_points else "".join(vote)
        for vote in votes
    ]
    unit = chance.choice([1, 1, 7, 60])
    costs = {each: unit * chance.choice([5, 10, 20, 30, chance.randint(1, 60)]) for each in ids}
    groups = {ids[0]: "x", ids[1]: "x"} if chance.random() < 0.5 else {}
    weights = [chance.choice([1, 1, 2, 7]) for _ in votes]
    return election(
        costs, marked, unit * chance.randint(10, 120), kind=kind, groups=groups, weights=weights
    )


def won(rule, counted, **parameters):
    return list(count(rule, counted, by_name(counted), **parameters).selected)


def share(counted):
    return Fraction(counted.budget_minor, counted.ballots.count)
