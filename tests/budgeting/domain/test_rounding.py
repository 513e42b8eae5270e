"""No rounding decides who wins: elections that floats get wrong."""

from __future__ import annotations

import random
from fractions import Fraction

from budgeting.domain.rules import count
from tests.budgeting.domain import plain
from tests.budgeting.domain.drawn import IDS, share, won
from tests.budgeting.domain.elections import by_name, election


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
