"""Worked examples, most of them in docs/voting.md, and what every rule owes."""

from __future__ import annotations

from fractions import Fraction

import pytest

from budgeting.domain.election import BallotKind
from budgeting.domain.outcome import Outcome, Result
from budgeting.domain.rules import (
    RULES,
    RuleDoesNotFit,
    UnknownParameter,
    UnknownRule,
    count,
    fitting_rules,
)
from budgeting.domain.ties import TieOrder, UnresolvedTie, refuse
from tests.budgeting.domain.elections import by_name, election

APPROVAL_RULES = fitting_rules(BallotKind.APPROVAL)
# Three groups of voters: 5 for the bridge, 4 for bench and tree, 1 for the tree alone.
TOWN = {"bridge": 60, "bench": 20, "tree": 30}
SHORT = {"r": 60, "b": 20, "t": 30}
VOTES = ["r"] * 5 + ["bt"] * 4 + ["t"]


def won(rule, counted, **parameters):
    return count(rule, counted, by_name(counted), **parameters).selected


def test_greedy_skips_what_no_longer_fits():
    assert won("greedy", election(SHORT, VOTES, 80)) == ("r", "b")


def test_greedy_stop_ends_at_the_first_that_does_not_fit():
    assert won("greedy_stop", election(SHORT, VOTES, 80)) == ("r",)


def test_greedy_threshold_leaves_out_weak_support():
    assert won("greedy_threshold", election(SHORT, VOTES, 80), threshold=5) == ("r",)


def test_greedy_per_cost_prefers_cheap_support():
    # 5/60, 4/20, 5/30 votes per unit of money
    assert won("greedy_per_cost", election(SHORT, VOTES, 80)) == ("b", "t")


def test_equal_shares_gives_each_voter_an_equal_part():
    # 80 / 10 = 8 each: bridge 5 x 8 = 40 < 60; tree 30 / 5 = 6 each; then bench 4 x 2 = 8 < 20.
    outcome = count(
        "equal_shares_cost", election(SHORT, VOTES, 80), by_name(election(SHORT, [], 0))
    )
    assert outcome.selected == ("t",)
    assert (outcome.rounds[0].price, outcome.rounds[0].paid_in_full) == (Fraction(6), 5)


def test_supporters_who_run_short_pay_what_they_have():
    # 30 / 3 = 10 each. a: 3 x 4. b costs 14: one has 6, so the others 4 each do not matter:
    counted = election({"a": 12, "b": 14}, ["ab", "ab", "a"], 30)
    outcome = count("equal_shares_cardinality", counted, by_name(counted))
    assert outcome.selected == ("a",)
    counted = election({"a": 12, "b": 12}, ["ab", "ab", "a"], 30)
    outcome = count("equal_shares_cardinality", counted, by_name(counted))
    assert outcome.selected == ("a", "b")
    assert [each.price for each in outcome.rounds] == [Fraction(4), Fraction(6)]


def test_paying_in_part_raises_the_price_of_the_others():
    # 40 / 4 = 10 each. a: 12 / 2 = 6 from the first two. b: 24 = 4 + 10 + 10.
    counted = election({"a": 12, "b": 24}, ["a", "ab", "b", "b"], 40)
    second = count("equal_shares_cardinality", counted, by_name(counted)).rounds[1]
    assert (second.option, second.price) == ("b", Fraction(10))
    assert (second.paid_in_full, second.paid_in_part) == (2, 1)


def test_an_option_that_takes_all_the_money_of_its_supporters_is_affordable():
    counted = election({"a": 1}, ["a"] * 7, 1)
    assert won("equal_shares_cost", counted) == ("a",)


def test_add1_raises_the_money_until_something_more_fits():
    # 10 / 3 each: a (6 by two voters) has 20/3; b (5 by one voter) has 10/3. At 5 each b fits too,
    # and 6 + 5 exceeds 10.
    counted = election({"a": 6, "b": 5}, ["a", "a", "b"], 10)
    assert won("equal_shares_cost", counted) == ("a",)
    assert won("equal_shares_cost_add1", counted) == ("a",)
    counted = election({"a": 6, "b": 4}, ["a", "a", "b"], 10)
    outcome = count("equal_shares_cost_add1", counted, by_name(counted))
    assert outcome.selected == ("a", "b")
    assert outcome.facts == {
        "endowment": Fraction(13, 3),
        "increments": 1,
        "stopped": "all_bought",
    }


def test_stopping_at_the_first_exhaustive_outcome_is_a_parameter():
    # At 8 each c costs 4; then a and b cost 7 each and a comes first. 16 - 11 is less than b.
    # At 9 each the second voter has 5 left, so b costs 6 and beats a: c and b, for 15 of 16.
    counted = election({"a": 7, "b": 11, "c": 4}, ["ab", "bc"], 16)
    assert won("equal_shares_cardinality_add1", counted) == ("c", "a")
    late = count("equal_shares_cardinality_add1", counted, by_name(counted), stop="infeasible")
    assert (late.selected, late.facts["stopped"]) == (("c", "b"), "over_budget")


def test_an_integral_start_can_fund_something_else():
    # 8/3 each: a has all its 7 together. 2 each: a has 6 and b its 3; a step later a would follow.
    counted = election({"a": 7, "b": 3}, ["ab", "ab", "a"], 8)
    assert won("equal_shares_cost_add1", counted) == ("a",)
    assert won("equal_shares_cost_add1", counted, start="integral") == ("b",)


def test_an_integral_start_is_a_whole_number_of_increments():
    counted = election({"a": 10, "b": 3}, ["a", "a", "b"], 10, increment=2)
    outcome = count("equal_shares_cost_add1_official", counted, by_name(counted))
    assert outcome.facts == {"endowment": Fraction(4), "increments": 1, "stopped": "over_budget"}


def test_greedy_completion_spends_what_is_left():
    counted = election(SHORT, VOTES, 90)
    assert won("equal_shares_cost", counted) == ("t",)
    assert won("equal_shares_cost_greedy", counted) == ("t", "r")


def test_phragmen_buys_what_is_payable_first():
    # Loads: bridge 12, bench 5, tree 6. Bench at 5; tree then (30 + 4 x 5) / 5 = 10; bridge 12.
    counted = election(SHORT, VOTES, 110)
    outcome = count("phragmen", counted, by_name(counted))
    assert outcome.selected == ("b", "t", "r")
    assert [each.score for each in outcome.rounds] == [5, 10, 12]


def test_phragmen_ends_at_the_first_due_option_that_does_not_fit():
    counted = election({"a": 5, "b": 9, "c": 2}, ["a"] * 5 + ["b"] * 8 + ["c"], 10)
    assert won("phragmen", counted) == ("a",)


def test_points_are_paid_in_proportion():
    # 12 / 2 = 6 each; a costs 8 and gets 3 + 1 points: 2 per point, so 6 and 2.
    counted = election({"a": 8}, [{"a": 3}, {"a": 1}], 12, kind=BallotKind.SCORING)
    first = count("equal_shares_points", counted, by_name(counted)).rounds[0]
    assert (first.price, first.paid_in_full, first.paid_in_part) == (2, 2, 0)


def test_borda_counts_places_in_two_ways():
    counted = election({"a": 5, "b": 4}, ["a", "ba", "ba"], 5, kind=BallotKind.RANKING)
    assert count("greedy_borda", counted, by_name(counted)).rounds[0].score == 2
    live = count("greedy_borda", counted, by_name(counted), borda="options")
    assert {each.option: each.score for each in live.rounds} == {"a": 4, "b": 4}


@pytest.mark.parametrize("rule", APPROVAL_RULES)
def test_what_costs_nothing_wins_where_somebody_supports_it(rule):
    counted = election({"a": 0, "b": 5}, ["a", "b"], 0)
    assert "a" in won(rule, counted)


@pytest.mark.parametrize("utility", ["cost", "cardinality"])
def test_what_nobody_supports_does_not_win_equal_shares_though_it_costs_nothing(utility):
    assert won(f"equal_shares_{utility}", election({"a": 0, "b": 1}, ["b"], 1)) == ("b",)


@pytest.mark.parametrize("rule", [each for each in APPROVAL_RULES if each != "greedy_threshold"])
def test_of_two_that_are_tied_the_order_says_which(rule):
    counted = election({"a": 3, "b": 3}, ["ab", "ab"], 3)
    assert count(rule, counted, by_name(counted)).selected == ("a",)
    turned = TieOrder("turned", {"b": 0, "a": 1})
    assert count(rule, counted, turned).selected == ("b",)
    with pytest.raises(UnresolvedTie):
        count(rule, counted, refuse())


@pytest.mark.parametrize("rule", APPROVAL_RULES)
def test_an_exact_fit_is_affordable(rule):
    assert won(rule, election({"a": 7}, ["a", "a", "a"], 7)) == ("a",)


@pytest.mark.parametrize("rule", APPROVAL_RULES)
def test_dearer_than_the_pot_never_wins(rule):
    assert won(rule, election({"a": 8, "b": 7}, ["a", "a", "ab"], 7)) in ((), ("b",))


@pytest.mark.parametrize("rule", APPROVAL_RULES)
def test_a_budget_of_zero_funds_nothing_that_costs(rule):
    assert won(rule, election({"a": 1}, ["a"], 0)) == ()


@pytest.mark.parametrize("rule", APPROVAL_RULES)
def test_without_ballots_only_support_free_rules_fund_anything(rule):
    funded = won(rule, election({"a": 1}, [], 5))
    supported_only = rule.startswith("equal_shares") and not rule.endswith("_greedy")
    assert funded == (() if supported_only or rule == "greedy_threshold" else ("a",))


@pytest.mark.parametrize("rule", APPROVAL_RULES)
def test_one_voter_gets_what_the_budget_pays(rule):
    assert won(rule, election({"a": 4, "b": 9}, ["a"], 5)) == ("a",)


@pytest.mark.parametrize("rule", APPROVAL_RULES)
def test_empty_ballots_count_as_voters_and_support_nothing(rule):
    counted = election({"a": 6}, ["a", "", ""], 9)
    shares = rule in ("equal_shares_cost", "equal_shares_cardinality")
    assert won(rule, counted) == (() if shares else ("a",))


@pytest.mark.parametrize("rule", APPROVAL_RULES)
def test_of_an_exclusion_group_only_one_wins(rule):
    groups = {"a": "site", "b": "site"}
    counted = election({"a": 2, "b": 2, "c": 1}, ["ab", "ab", "abc"], 9, groups=groups)
    assert len({"a", "b"} & set(won(rule, counted))) == 1


@pytest.mark.parametrize("rule", sorted(set(RULES) - set(APPROVAL_RULES)))
def test_a_rule_that_does_not_fit_names_those_that_do(rule):
    with pytest.raises(RuleDoesNotFit) as refusal:
        won(rule, election({"a": 1}, ["a"], 1))
    assert refusal.value.fitting == APPROVAL_RULES


def test_an_unknown_rule_names_those_that_fit():
    with pytest.raises(UnknownRule, match="equal_shares_cost"):
        won("best", election({"a": 1}, ["a"], 1))


@pytest.mark.parametrize(
    "parameters",
    [{"stop": "sometimes"}, {"increment_minor": -1}, {"increment_minor": "1"}, {"speed": 1}],
)
def test_an_unknown_parameter_is_refused(parameters):
    with pytest.raises(UnknownParameter):
        won("equal_shares_cost_add1", election({"a": 1}, ["a"], 1), **parameters)


@pytest.mark.parametrize("rule", APPROVAL_RULES)
def test_an_outcome_survives_json_exactly(rule):
    counted = election(SHORT, VOTES, 80)
    outcome = count(rule, counted, by_name(counted))
    assert Outcome.from_json(outcome.to_json()) == outcome
    assert Outcome.from_json(outcome.to_json()).digest == outcome.digest


def test_a_loser_that_did_not_fit_is_in_the_rounds():
    outcome = count("greedy", election(SHORT, VOTES, 80), by_name(election(SHORT, [], 0)))
    lost = [each.option for each in outcome.rounds if each.result is Result.DOES_NOT_FIT]
    assert lost == ["t"]
