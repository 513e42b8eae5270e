from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicfund.pledges.domain import (
    Promise,
    decide,
    digest,
    end_of_day,
    last_day,
    next_try,
    percent,
    start_of_day,
)

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
promises = st.lists(
    st.builds(Promise, st.uuids().map(str), st.integers(1, 10**6)),
    unique_by=lambda promise: promise.pledge_id,
)


@pytest.mark.parametrize(("goal", "funded"), [(299, True), (300, True), (301, False)])
def test_it_is_all_or_nothing(goal, funded):
    verdict = decide([Promise("b", 200), Promise("a", 100)], goal_minor=goal)
    assert (verdict.funded, verdict.pledged_minor, verdict.pledges) == (funded, 300, 2)


def test_a_campaign_without_pledges_is_not_funded():
    assert decide([], goal_minor=1).funded is False


def test_the_digest_is_of_the_sorted_list():
    lines = b"a 100\nb 200\n"
    assert digest([Promise("b", 200), Promise("a", 100)]) == sha256(lines).hexdigest()


@given(promises, st.randoms(use_true_random=False))
def test_the_order_of_pledges_decides_nothing(listed, chance):
    shuffled = list(listed)
    chance.shuffle(shuffled)
    assert decide(shuffled, goal_minor=500) == decide(listed, goal_minor=500)


@given(promises.filter(bool))
def test_another_amount_is_another_digest(listed):
    first, *rest = listed
    assert digest([Promise(first.pledge_id, first.amount_minor + 1), *rest]) != digest(listed)


def test_a_campaign_lasts_until_its_last_local_day_is_over():
    ends = end_of_day(date(2026, 10, 25), "Europe/Dublin")  # the clocks go back on this day
    assert ends == datetime(2026, 10, 26, tzinfo=UTC)
    assert last_day(ends, "Europe/Dublin") == date(2026, 10, 25)
    assert ends - start_of_day(date(2026, 10, 25), "Europe/Dublin") == timedelta(hours=25)


def test_a_soft_decline_is_tried_again_twice():
    soft = {"code": "card_declined", "decline_code": "insufficient_funds", "advice_code": ""}
    assert next_try(1, NOON, **soft) == NOON + timedelta(days=2)
    assert next_try(2, NOON, **soft) == NOON + timedelta(days=4)
    assert next_try(3, NOON, **soft) is None


@pytest.mark.parametrize(
    "said",
    [
        {"code": "authentication_required"},
        {"code": "expired_card"},
        {"decline_code": "stolen_card"},
        {"advice_code": "do_not_try_again"},
        {"advice_code": "confirm_card_data"},
    ],
)
def test_what_only_the_owner_can_mend_is_not_tried_again(said):
    words = {"code": "card_declined", "decline_code": "", "advice_code": ""} | said
    assert next_try(1, NOON, **words) is None


@pytest.mark.parametrize(
    ("part", "whole", "expected"), [(0, 100, 0), (999, 1000, 99), (1500, 1000, 150), (5, 0, 0)]
)
def test_a_goal_is_never_said_to_be_reached_before_it_is(part, whole, expected):
    assert percent(part, whole) == expected
