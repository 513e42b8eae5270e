"""The fast count equals the plain one, and its prices are what it says."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from budgeting.domain.election import BallotKind
from budgeting.domain.outcome import Result, Step
from budgeting.domain.rules import count
from tests.budgeting.domain import plain
from tests.budgeting.domain.drawn import elections, share, won
from tests.budgeting.domain.elections import by_name
from tests.sizes import size

SOME = settings(max_examples=size(50, 150), deadline=None)


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
@settings(max_examples=size(30, 60), deadline=None)
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


# These count once for each step: the dearest, and so the last.
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
