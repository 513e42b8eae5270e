from __future__ import annotations

import numpy as np
import pytest

from budgeting.domain.election import (
    BallotError,
    BallotKind,
    BallotLimits,
    Ballots,
    Election,
    MalformedBallots,
    MalformedElection,
    Option,
    validate_ballot,
)

COSTS = {"park": 500, "path": 300}


def rows(*each, kind=BallotKind.APPROVAL, options=3):
    return Ballots.from_rows(kind, each, options)


def test_rows_come_back_as_they_went_in():
    ballots = rows(([2, 0], None, 1), ([], None, 4))
    assert list(ballots.rows()) == [([2, 0], None, 1), ([], None, 4)]
    assert (len(ballots), ballots.count) == (2, 5)


def test_arrays_cannot_be_changed_afterwards():
    ballots = rows(([2, 0], None, 1))
    with pytest.raises(ValueError, match="read-only"):
        ballots.choices[0] = 1


@pytest.mark.parametrize(
    ("choices", "points", "weight", "kind"),
    [
        ([3], None, 1, BallotKind.APPROVAL),
        ([-1], None, 1, BallotKind.APPROVAL),
        ([1, 1], None, 1, BallotKind.APPROVAL),
        ([1], None, 0, BallotKind.APPROVAL),
        ([1], [-1], 1, BallotKind.SCORING),
        ([1], [2**53], 1, BallotKind.SCORING),
        ([1], [2**70], 1, BallotKind.SCORING),
        ([1, 2], [1], 1, BallotKind.SCORING),
        ([1], [1], 2**60, BallotKind.CUMULATIVE),
        ([2**40], None, 1, BallotKind.APPROVAL),
    ],
)
def test_rows_that_are_no_ballots_are_refused(choices, points, weight, kind):
    with pytest.raises(MalformedBallots):
        rows((choices, points, weight), kind=kind)


def test_identical_ballots_become_one_row_whatever_the_order_of_choices():
    grouped = rows(([2, 0], None, 1), ([1], None, 2), ([0, 2], None, 3)).grouped()
    assert sorted(grouped.rows()) == [([0, 2], None, 4), ([1], None, 2)]


def test_rankings_are_identical_only_in_the_same_order():
    grouped = rows(([2, 0], None, 1), ([0, 2], None, 1), kind=BallotKind.RANKING).grouped()
    assert sorted(grouped.rows()) == [([0, 2], None, 1), ([2, 0], None, 1)]


def test_points_make_ballots_different():
    grouped = rows(
        ([2, 0], [5, 1], 1), ([0, 2], [1, 5], 1), ([0, 2], [5, 1], 1), kind=BallotKind.SCORING
    ).grouped()
    assert sorted(grouped.rows()) == [([0, 2], [1, 5], 2), ([0, 2], [5, 1], 1)]


def test_a_hash_collision_never_merges_different_ballots(monkeypatch):
    monkeypatch.setattr(
        "budgeting.domain.ballots._mix", lambda ballots: np.zeros(len(ballots), dtype=np.uint64)
    )
    grouped = rows(([0], None, 1), ([1], None, 1), ([1], None, 1)).grouped()
    assert {tuple(choices) for choices, _, _ in grouped.rows()} == {(0,), (1,)}
    assert grouped.count == 3


@pytest.mark.parametrize(
    "changes",
    [
        {"options": (Option("park", 5), Option("park", 3))},
        {"options": (Option("park", -5),)},
        {"budget_minor": -1},
        {"increment_minor": 0},
        {"options": ()},
    ],
)
def test_an_election_that_does_not_hold_together_is_refused(changes):
    values = {"options": (Option("park", 5),), "budget_minor": 10, "increment_minor": 1}
    with pytest.raises(MalformedElection):
        Election(**{**values, **changes}, ballots=rows(options=1))


@pytest.mark.parametrize(
    ("kind", "choices", "points", "limits", "code"),
    [
        ("approval", ["pool"], None, {}, "unknown_option"),
        ("approval", ["park", "park"], None, {}, "repeated_option"),
        ("approval", [], None, {"min_choices": 1}, "too_few_choices"),
        ("approval", ["park", "path"], None, {"max_choices": 1}, "too_many_choices"),
        ("choose_one", ["park", "path"], None, {}, "too_many_choices"),
        ("knapsack", ["park", "path"], None, {"budget_minor": 799}, "over_budget"),
        ("approval", ["park"], [1], {}, "points_not_wanted"),
        ("cumulative", ["park"], None, {}, "points_missing"),
        ("cumulative", ["park"], [1, 2], {}, "points_missing"),
        ("cumulative", ["park"], [float("nan")], {}, "points_not_whole"),
        ("cumulative", ["park"], [True], {}, "points_not_whole"),
        ("scoring", ["park"], [-1], {}, "points_too_low"),
        ("scoring", ["park"], [6], {"max_points": 5}, "points_too_high"),
        ("scoring", ["park"], [2**31], {}, "points_too_high"),
        ("cumulative", ["park", "path"], [6, 5], {"max_sum_points": 10}, "points_sum_too_high"),
    ],
)
def test_a_ballot_beyond_the_limits_is_refused_with_its_reason(kind, choices, points, limits, code):
    with pytest.raises(BallotError) as refusal:
        validate_ballot(BallotKind(kind), choices, points, COSTS, BallotLimits(**limits))
    assert refusal.value.code == code


def test_a_ballot_at_its_limits_is_accepted():
    limits = BallotLimits(min_choices=2, max_choices=2, budget_minor=800)
    validate_ballot(BallotKind.KNAPSACK, ["park", "path"], None, COSTS, limits)
    limits = BallotLimits(max_points=7, max_sum_points=10)
    validate_ballot(BallotKind.CUMULATIVE, ["park", "path"], [7, 3], COSTS, limits)
