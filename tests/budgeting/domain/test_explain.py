"""Reasons agree with the plain count, and every change said to win does win."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from budgeting.domain.election import BallotKind
from budgeting.domain.explain import SENTENCES, Reason, explain, what_if
from budgeting.domain.explain.whatif import at_cost, with_supporters
from budgeting.domain.rules import count, fitting_rules
from budgeting.domain.ties import refuse
from tests.budgeting.domain.drawn import elections
from tests.budgeting.domain.elections import by_name, election
from tests.budgeting.domain.test_against_pabutools import approvals, points, rankings
from tests.sizes import size

HUNDREDS = settings(max_examples=size(40, 120), deadline=None)
KINDS = {
    BallotKind.APPROVAL: elections() | approvals(),
    BallotKind.SCORING: elections(BallotKind.SCORING) | points(),
    BallotKind.RANKING: rankings(),
}
CASES = [(rule, kind) for kind in KINDS for rule in fitting_rules(kind)]


def recounted(outcome, changed, ties):
    return count(outcome.rule, changed, ties, **outcome.parameters).selected


@pytest.mark.parametrize(("rule", "kind"), CASES)
@given(data=st.data())
@HUNDREDS
def test_a_loser_that_is_changed_as_said_wins(rule, kind, data):
    counted = data.draw(KINDS[kind])
    parameters = {}
    if kind is BallotKind.RANKING and data.draw(st.booleans()):
        parameters["borda"] = "options"
    outcome = count(rule, counted, by_name(counted), **parameters)
    losers = [each.id for each in counted.options if each.id not in outcome.selected]
    if not losers:
        return
    loser = data.draw(st.sampled_from(losers))
    change = what_if(counted, by_name(counted), outcome, loser)
    assert change.least == rule.startswith("greedy")
    if change.cost_minor is not None:
        assert change.cost_minor < counted.options[counted.index[loser]].cost_minor
        cheaper = at_cost(counted, loser, change.cost_minor)
        assert loser in recounted(outcome, cheaper, by_name(counted))
    if change.supporters is not None:
        loved = with_supporters(counted, loser, change.supporters)
        assert loser in recounted(outcome, loved, by_name(counted))
    for reason in change.reasons():
        assert Reason.from_json(reason.to_json()) == reason
        assert "{" not in reason.sentence()


@pytest.mark.parametrize(("rule", "kind"), [case for case in CASES if case[0].startswith("greedy")])
@given(data=st.data())
@settings(max_examples=size(20, 40), deadline=None)
def test_under_greedy_no_smaller_change_wins(rule, kind, data):
    counted = data.draw(KINDS[kind])
    outcome = count(rule, counted, by_name(counted))
    for loser in {each.id for each in counted.options} - set(outcome.selected):
        change = what_if(counted, by_name(counted), outcome, loser)
        cost = counted.options[counted.index[loser]].cost_minor
        wins_at = -1 if change.cost_minor is None else change.cost_minor
        for dearer in range(wins_at + 1, cost):
            changed = at_cost(counted, loser, dearer)
            assert loser not in recounted(outcome, changed, by_name(counted))
        fewer = change.supporters if change.supporters is not None else 12
        for supporters in range(1, min(fewer, 40)):
            changed = with_supporters(counted, loser, supporters)
            assert loser not in recounted(outcome, changed, by_name(counted))


@pytest.mark.parametrize(("rule", "kind"), CASES)
@given(data=st.data())
@settings(max_examples=size(20, 40), deadline=None)
def test_everyone_gets_a_reason_that_fits(rule, kind, data):
    counted = data.draw(KINDS[kind])
    outcome = count(rule, counted, by_name(counted))
    reasons = explain(counted, outcome)
    assert set(reasons) == {option.id for option in counted.options}
    for option, reason in reasons.items():
        assert ("won" in reason.code or reason.code == "costless") == (option in outcome.selected)
        assert "{" not in reason.sentence()
        assert Reason.from_json(reason.to_json()) == reason


def test_a_loser_of_equal_shares_says_where_the_money_went():
    # 8 each. Tree takes 6 of five voters; bench has four of them, with 2 each.
    votes = ["r"] * 5 + ["bt"] * 4 + ["t"]
    counted = election({"r": 60, "b": 20, "t": 30}, votes, 80)
    reasons = explain(counted, count("equal_shares_cost", counted, by_name(counted)))
    assert reasons["r"].code == "shares_too_few"
    assert dict(reasons["b"].values) == {
        "support": 4,
        "initial_minor": Fraction(32),
        "cost_minor": 20,
        "left_minor": Fraction(8),
        "could_pay": 4,
        "went_to": ("t",),
        # At the price of tree, a fifth of its cost each, four would have given 4 of 20 each.
        "effective": 80,
    }


def test_a_loser_of_greedy_says_what_fitted_instead():
    counted = election({"r": 60, "b": 20, "t": 30}, ["r"] * 5 + ["bt"] * 4 + ["t"], 80)
    reasons = explain(counted, count("greedy", counted, by_name(counted)))
    assert (reasons["t"].values["short_minor"], reasons["t"].values["fitted"]) == (10, ("b",))
    outcome = count("greedy", counted, by_name(counted))
    change = what_if(counted, by_name(counted), outcome, "t")
    assert (change.cost_minor, change.supporters) == (20, 1)
    assert [each.sentence() for each in change.reasons()] == [
        "At a cost of 20 or less it would have won.",
        "Had more people voted, for it alone, it would have won with 1, and with no fewer.",
    ]


def test_without_an_order_of_ties_nothing_is_called_least():
    counted = election({"a": 5, "b": 9}, ["a", "a", "b"], 9)
    outcome = count("greedy", counted, refuse())
    assert not what_if(counted, refuse(), outcome, "b").least


def test_a_winner_needs_no_change():
    counted = election({"a": 5}, ["a"], 9)
    with pytest.raises(ValueError, match="has won"):
        what_if(counted, by_name(counted), count("greedy", counted, by_name(counted)), "a")


def test_dearer_than_the_pot_is_helped_by_no_supporter():
    counted = election({"a": 10}, ["a"], 9)
    change = what_if(counted, by_name(counted), count("greedy", counted, by_name(counted)), "a")
    assert (change.cost_minor, change.supporters) == (9, None)


def test_every_code_has_a_sentence_of_its_own():
    assert len(set(SENTENCES.values())) == len(SENTENCES)
