from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicfund.money import minor_digits, one_major_unit, split, to_decimal, to_minor
from civicfund.templatetags.money import money


@given(
    st.integers(0, 10**15),
    st.lists(st.integers(0, 10**9), min_size=1, max_size=30).filter(any),
)
def test_a_split_loses_no_unit_and_stays_within_one_of_its_share(total_minor, weights):
    shares = split(total_minor, weights)
    assert sum(shares) == total_minor
    whole = sum(weights)
    for share, weight in zip(shares, weights, strict=True):
        assert total_minor * weight // whole <= share <= total_minor * weight // whole + 1


def test_units_left_over_go_to_the_largest_remainders_and_earlier_positions_first():
    assert split(100, [1, 1, 1]) == [34, 33, 33]
    assert split(10, [5, 3, 1]) == [6, 3, 1]


@pytest.mark.parametrize(("total", "weights"), [(-1, [1]), (1, [-1, 2]), (1, [0, 0]), (1, [])])
def test_what_cannot_be_split_is_refused(total, weights):
    with pytest.raises(ValueError, match="split"):
        split(total, weights)


@given(st.integers(-(10**12), 10**12), st.sampled_from(["EUR", "JPY", "KWD"]))
def test_minor_units_survive_the_way_to_major_units_and_back(amount_minor, currency):
    assert to_minor(to_decimal(amount_minor, currency), currency) == amount_minor


@pytest.mark.parametrize("amount", ["1.005", "abc", "NaN", "Infinity", ""])
def test_what_is_no_whole_number_of_cents_is_refused(amount):
    with pytest.raises(ValueError, match=r"amount of money|whole number"):
        to_minor(amount, "EUR")


def test_digits_follow_the_currency():
    assert [minor_digits(c) for c in ("EUR", "JPY", "KWD")] == [2, 0, 3]
    assert [one_major_unit(c) for c in ("EUR", "JPY", "KWD")] == [100, 1, 1000]
    assert to_decimal(123_456, "KWD") == Decimal("123.456")


@pytest.mark.parametrize(
    ("amount_minor", "currency", "shown"),
    [
        (123_450, "EUR", "€1,234.50"),
        (120_000, "EUR", "€1,200"),
        (500, "JPY", "¥500"),
        (-5, "EUR", "-€0.05"),
        (0, "EUR", "€0"),
        (3_042_814_000, "PLN", "PLN\u00a030,428,140"),
        (100_000, "EUR", "€1,000"),
        (None, "EUR", "\u2013"),
    ],
)
def test_an_amount_is_written_as_people_write_it(amount_minor, currency, shown):
    assert money(amount_minor, currency) == shown
