"""Random small elections, rich in ties, counted by us and by the reference implementation."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pabutools import election as pb
from pabutools.rules import (
    completion_by_rule_combination,
    greedy_utilitarian_welfare,
    method_of_equal_shares,
    sequential_phragmen,
)

from budgeting.domain.election import BallotKind, Election
from budgeting.domain.rules import count
from tests.budgeting.domain.elections import by_name, election
from tests.sizes import size

MANY = settings(max_examples=size(100, 300), deadline=None)
IDS = "abcdef"
COSTS = st.sampled_from([0, 1, 2, 3, 4, 6, 12])


@st.composite
def approvals(draw: st.DrawFn) -> Election:
    ids = IDS[: draw(st.integers(1, 6))]
    votes = draw(st.lists(st.sets(st.sampled_from(ids)), max_size=8))
    costs = {each: draw(COSTS) for each in ids}
    return election(costs, ["".join(sorted(v)) for v in votes], draw(st.integers(0, 24)))


@st.composite
def points(draw: st.DrawFn) -> Election:
    ids = IDS[: draw(st.integers(1, 5))]
    ballot = st.dictionaries(st.sampled_from(ids), st.sampled_from([0, 1, 1, 2, 3, 7]))
    votes = draw(st.lists(ballot, max_size=7))
    costs = {each: draw(COSTS) for each in ids}
    return election(costs, votes, draw(st.integers(0, 24)), kind=BallotKind.SCORING)


@st.composite
def rankings(draw: st.DrawFn) -> Election:
    ids = IDS[: draw(st.integers(1, 5))]
    ballot = st.lists(st.sampled_from(ids), unique=True).map("".join)
    votes = draw(st.lists(ballot, max_size=7))
    costs = {each: draw(COSTS) for each in ids}
    return election(costs, votes, draw(st.integers(0, 24)), kind=BallotKind.RANKING)


def theirs(ours: Election, rule: Callable[..., list[pb.Project]], **arguments: object) -> set[str]:
    """What the reference selects, without what costs nothing.

    Under cost utilities the reference never buys what costs nothing; we always do where
    somebody supports it. docs/voting.md says so, and no money depends on it.
    """
    projects = [pb.Project(option.id, option.cost_minor) for option in ours.options]
    instance = pb.Instance(projects, budget_limit=ours.budget_minor)
    selected = rule(instance, _profile(ours, projects), **arguments)
    return {project.name for project in selected if project.cost > 0}


def _profile(ours: Election, projects: list[pb.Project]) -> object:
    rows = [([projects[i] for i in choices], points) for choices, points, _ in ours.ballots.rows()]
    if ours.ballots.kind is BallotKind.RANKING:
        return pb.OrdinalProfile(pb.OrdinalBallot(chosen) for chosen, _ in rows)
    if ours.ballots.kind is BallotKind.SCORING:
        ballots = (
            pb.CardinalBallot(dict(zip(chosen, given, strict=True))) for chosen, given in rows
        )
        return pb.CardinalProfile(ballots)
    return pb.ApprovalProfile(pb.ApprovalBallot(chosen) for chosen, _ in rows)


def selected(ours: Election, rule: str) -> set[str]:
    outcome = count(rule, ours, by_name(ours))
    costs = {option.id: option.cost_minor for option in ours.options}
    assert outcome.total_cost_minor == sum(costs[each] for each in outcome.selected)
    assert outcome.total_cost_minor <= ours.budget_minor
    return {each for each in outcome.selected if costs[each] > 0}


def add1u(instance: pb.Instance, profile: object) -> list[pb.Project]:
    sat = {"sat_class": pb.Cost_Sat}
    return completion_by_rule_combination(
        instance,
        profile,
        [method_of_equal_shares, greedy_utilitarian_welfare],
        [{**sat, "voter_budget_increment": 1}, sat],
    )


@MANY
@given(approvals())
def test_greedy_selects_what_the_reference_selects(ours: Election):
    cost = theirs(ours, greedy_utilitarian_welfare, sat_class=pb.Cost_Sat)
    ratio = theirs(ours, greedy_utilitarian_welfare, sat_class=pb.Cardinality_Sat)
    assert selected(ours, "greedy") == cost
    assert selected(ours, "greedy_per_cost") == ratio


@MANY
@given(approvals())
def test_equal_shares_selects_what_the_reference_selects(ours: Election):
    cost = theirs(ours, method_of_equal_shares, sat_class=pb.Cost_Sat)
    cardinality = theirs(ours, method_of_equal_shares, sat_class=pb.Cardinality_Sat)
    assert selected(ours, "equal_shares_cost") == cost
    assert selected(ours, "equal_shares_cardinality") == cardinality


@MANY
@given(approvals())
def test_add1_selects_what_the_reference_selects(ours: Election):
    add1 = theirs(ours, method_of_equal_shares, sat_class=pb.Cost_Sat, voter_budget_increment=1)
    assert selected(ours, "equal_shares_cost_add1") == add1
    assert selected(ours, "equal_shares_cost_add1_greedy") == theirs(ours, add1u)


@MANY
@given(approvals())
def test_phragmen_selects_what_the_reference_selects(ours: Election):
    assert selected(ours, "phragmen") == theirs(ours, sequential_phragmen)


@MANY
@given(points())
def test_rules_on_points_select_what_the_reference_selects(ours: Election):
    sat = {"sat_class": pb.Additive_Cardinal_Sat}
    assert selected(ours, "greedy_points_per_cost") == theirs(
        ours, greedy_utilitarian_welfare, **sat
    )
    assert selected(ours, "equal_shares_points") == theirs(ours, method_of_equal_shares, **sat)
    assert selected(ours, "equal_shares_points_add1") == theirs(
        ours, method_of_equal_shares, **sat, voter_budget_increment=1
    )


@MANY
@given(rankings())
def test_rules_on_rankings_select_what_the_reference_selects(ours: Election):
    sat = {"sat_class": pb.Additive_Borda_Sat}
    assert selected(ours, "greedy_borda_per_cost") == theirs(
        ours, greedy_utilitarian_welfare, **sat, is_sat_additive=True
    )
    assert selected(ours, "equal_shares_borda") == theirs(ours, method_of_equal_shares, **sat)


def test_the_comparison_can_fail():
    ours = election({"a": 2, "b": 2}, ["ab", "b"], 2)
    assert theirs(ours, sequential_phragmen) == {"b"}
    with pytest.raises(AssertionError):
        assert selected(ours, "phragmen") == {"a"}
