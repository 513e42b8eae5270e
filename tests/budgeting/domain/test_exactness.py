"""The fast count equals the plain one, and no rounding decides who wins."""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from budgeting.domain.election import BallotKind, Ballots, Election
from budgeting.domain.outcome import Result, Step
from budgeting.domain.rules import count, fitting_rules
from tests.budgeting.domain import plain
from tests.budgeting.domain.elections import by_name, election

SOME = settings(max_examples=150, deadline=None)
IDS = "abcdefgh"


@st.composite
def elections(draw: st.DrawFn, kind: BallotKind = BallotKind.APPROVAL) -> Election:
    """Larger than those for the reference, with weights and exclusion groups."""
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


@SOME
@given(elections())
def test_equal_shares_equals_the_plain_count(counted):
    assert won("equal_shares_cost", counted) == plain.shares(
        counted, share(counted), cost_utility=True
    )
    assert won("equal_shares_cardinality", counted) == plain.shares(
        counted, share(counted), cost_utility=False
    )


@SOME
@given(elections(BallotKind.CUMULATIVE))
def test_equal_shares_on_points_equals_the_plain_count(counted):
    expected = plain.shares(counted, share(counted), cost_utility=False)
    assert won("equal_shares_points", counted) == expected


@SOME
@given(elections(), st.booleans(), st.booleans())
def test_add1_passes_over_no_step_that_matters(counted, cost_utility, until_exhaustive):
    rule = "equal_shares_cost_add1" if cost_utility else "equal_shares_cardinality_add1"
    stop = "exhaustive" if until_exhaustive else "infeasible"
    expected = plain.add1(counted, cost_utility=cost_utility, until_exhaustive=until_exhaustive)
    assert won(rule, counted, stop=stop) == expected


@SOME
@given(elections(BallotKind.SCORING))
def test_add1_on_points_passes_over_no_step_that_matters(counted):
    expected = plain.add1(counted, cost_utility=False, until_exhaustive=True)
    assert won("equal_shares_points_add1", counted) == expected


KINDS = (BallotKind.APPROVAL, BallotKind.SCORING)
EVERY_RULE = [(rule, kind) for kind in KINDS for rule in fitting_rules(kind)]
FEW = settings(max_examples=30, deadline=None)


@pytest.mark.parametrize(("rule", "kind"), EVERY_RULE)
@given(data=st.data())
@FEW
def test_identical_ballots_may_be_grouped(rule, kind, data):
    counted = data.draw(elections(kind))
    together = replace(counted, ballots=counted.ballots.grouped())
    assert won(rule, together) == won(rule, counted)


@pytest.mark.parametrize(("rule", "kind"), EVERY_RULE)
@given(data=st.data())
@FEW
def test_the_scale_of_money_does_not_matter(rule, kind, data):
    counted = data.draw(elections(kind))
    options = tuple(replace(each, cost_minor=each.cost_minor * 997) for each in counted.options)
    scaled = Election(options, counted.budget_minor * 997, counted.ballots, 997)
    assert won(rule, scaled) == won(rule, counted)


@pytest.mark.parametrize(("rule", "kind"), EVERY_RULE)
@given(data=st.data())
@FEW
def test_the_order_of_ballots_and_options_does_not_matter(rule, kind, data):
    counted = data.draw(elections(kind))
    last = len(counted.options) - 1
    rows = [
        ([last - choice for choice in choices][::-1], points and points[::-1], weight)
        for choices, points, weight in counted.ballots.rows()
    ]
    ballots = Ballots.from_rows(kind, rows[::-1], len(counted.options))
    turned = replace(counted, options=counted.options[::-1], ballots=ballots)
    assert won(rule, turned) == won(rule, counted)


@pytest.mark.parametrize(("rule", "kind"), EVERY_RULE)
@given(data=st.data())
@FEW
def test_no_more_is_spent_than_there_is(rule, kind, data):
    counted = data.draw(elections(kind))
    costs = {option.id: option.cost_minor for option in counted.options}
    assert sum(costs[each] for each in won(rule, counted)) <= counted.budget_minor


def test_one_supporter_in_150000_decides():
    counted = election({"a": 10, "b": 10}, ["a", "b"], 10, weights=[150_000, 150_001])
    assert won("greedy", counted) == ["b"]
    assert won("phragmen", counted) == ["b"]
    shared = election({"a": 10, "b": 10}, ["a", "b", "ab"], 13, weights=[150_000, 150_001, 10**6])
    assert won("equal_shares_cost", shared) == ["b"]


def test_a_price_lower_by_less_than_floats_can_tell_wins():
    # Three quadrillion and one: relative difference 3e-16, and neither is a round number.
    costs = {"a": 3_000_000_000_000_001, "b": 3_000_000_000_000_000}
    counted = election(costs, ["ab"] * 7, 4_000_000_000_000_000)
    outcome = count("equal_shares_cardinality", counted, by_name(counted))
    assert outcome.selected == ("b",)
    assert outcome.exact_decisions > 0
    assert won("phragmen", counted) == ["b"]


def test_prices_that_differ_by_less_than_floats_can_tell_are_no_tie():
    # z takes 0.9 of every supporter's money. The first voter then gives the last tenth for a or b,
    # and the second the rest, which for a is one more than for b: of 5 and 6 hundred trillion.
    unit = 10**14
    costs = {"a": 6 * unit + 1, "b": 6 * unit, "z": 36 * unit}
    counted = election(costs, ["abz", "ab", "z", "z", "z"], 50 * unit)
    assert won("equal_shares_cost", counted) == ["z", "b"]
    assert won(
        "greedy_per_cost", election({"a": 3 * unit + 1, "b": 3 * unit}, ["ab"], 4 * unit)
    ) == ["b"]


def paid_for(counted, outcome):
    """Checks, voter by voter, that the prices of an outcome of equal shares are what it says.

    Everyone pays the price for their utility or all they have; that is the cost, together; and in
    the end nobody's supporters could still pay for anything.
    """
    voters = plain.voters_of(counted)
    money = [Fraction(outcome.facts["endowment"])] * len(voters)
    sold, groups = set(), set()
    for each in outcome.rounds:
        option = counted.index[each.option]
        if each.result is Result.SELECTED:
            sold.add(option)
            groups |= {counted.options[option].group} - {None}
        if each.step is Step.MAIN:
            payments = [
                min(m, each.price * v.get(option, 0)) for m, v in zip(money, voters, strict=True)
            ]
            assert sum(payments) == counted.options[option].cost_minor
            assert each.paid_in_full == sum(
                pay == each.price * v[option]
                for pay, v in zip(payments, voters, strict=True)
                if option in v
            )
            money = [m - pay for m, pay in zip(money, payments, strict=True)]
    for option, each in enumerate(counted.options):
        if option not in sold and each.group not in groups and any(option in v for v in voters):
            behind = sum(m for m, v in zip(money, voters, strict=True) if option in v)
            assert behind < each.cost_minor


@pytest.mark.parametrize("completion", ["", "_add1", "_add1_official"])
@pytest.mark.parametrize("utility", ["cost", "cardinality"])
@given(counted=elections())
@settings(max_examples=60, deadline=None)
def test_what_equal_shares_selects_is_paid_for(utility, completion, counted):
    rule = f"equal_shares_{utility}{completion}"
    paid_for(counted, count(rule, counted, by_name(counted)))


@SOME
@given(elections(BallotKind.CUMULATIVE))
def test_what_equal_shares_selects_is_paid_for_in_proportion_to_points(counted):
    paid_for(counted, count("equal_shares_points", counted, by_name(counted)))
    paid_for(counted, count("equal_shares_points_add1", counted, by_name(counted)))


@SOME
@given(elections())
def test_the_loads_of_phragmen_are_balanced(counted):
    outcome = count("phragmen", counted, by_name(counted))
    voters = plain.voters_of(counted)
    loads, last = [Fraction(0)] * len(voters), Fraction(0)
    for each in outcome.rounds:
        option = counted.index[each.option]
        behind = [place for place, voter in enumerate(voters) if option in voter]
        if each.result is Result.SELECTED and behind:
            cost = counted.options[option].cost_minor
            assert each.score * len(behind) == cost + sum(loads[place] for place in behind)
            assert each.score >= max(last, *(loads[place] for place in behind))
            last = each.score
            for place in behind:
                loads[place] = last
    supported = [
        each for each in outcome.selected if any(counted.index[each] in voter for voter in voters)
    ]
    costs = {option.id: option.cost_minor for option in counted.options}
    assert sum(loads) == sum(costs[each] for each in supported)


def test_supporters_short_of_one_minor_unit_cannot_pay():
    costs = {"a": 9_999_999_999_999_999, "b": 9_999_999_999_999_998}
    for budget, selected in ((9_999_999_999_999_998, ["b"]), (9_999_999_999_999_997, [])):
        assert won("equal_shares_cost", election(costs, ["ab"] * 3, budget)) == selected


def test_what_takes_the_last_of_everyones_money_is_affordable():
    # In floats seven shares of 1/7 do not add up to 1.
    for voters in range(3, 60):
        counted = election({"a": 1, "b": 2}, ["ab"] * voters, 3)
        assert won("equal_shares_cost", counted) == ["a", "b"]


def test_money_that_is_exactly_gone_pays_for_nothing_more():
    # a takes exactly all that the first two have; b then has one payer, who has 10 of the 10.
    counted = election({"a": 20, "b": 10, "c": 11}, ["ab", "ab", "bc"], 30)
    assert won("equal_shares_cost", counted) == plain.shares(
        counted, Fraction(10), cost_utility=True
    )


def test_a_large_election_with_uneven_money_equals_the_plain_count():
    chance = random.Random(5)  # noqa: S311 - repeatable
    ids = IDS
    votes = ["".join(each for each in ids if chance.random() < 0.35) for _ in range(400)]
    counted = election({each: chance.randint(500, 9000) for each in ids}, votes, 20_000)
    for cost_utility, rule in ((True, "equal_shares_cost"), (False, "equal_shares_cardinality")):
        expected = plain.shares(counted, share(counted), cost_utility=cost_utility)
        assert won(rule, counted) == expected
