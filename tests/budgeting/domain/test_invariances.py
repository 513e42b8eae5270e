"""What changes no outcome, under any rule: grouping, the scale of money, order."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from budgeting.domain.election import BallotKind, Ballots, Election
from budgeting.domain.rules import fitting_rules
from tests.budgeting.domain.drawn import elections, won

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
