from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicfund.money import (
    NoAmountError,
    UnclearAmountError,
    minor_digits,
    one_major_unit,
    read_amount,
    split,
    to_decimal,
    to_minor,
)
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


def read(typed, currency="EUR", mark="."):
    return read_amount(typed, currency, decimal_mark=mark, names=["EUR", "\u20ac"])


@pytest.mark.parametrize("mark", [".", ","])
@pytest.mark.parametrize(
    ("typed", "amount_minor"),
    [
        ("12.50", 1250), ("12,50", 1250), ("12,5", 1250), ("12", 1200), ("12.", 1200), (",5", 50),
        ("1.200,50", 120_050), ("1,200.50", 120_050), ("1 200", 120_000), ("1 200,5", 120_050),
        ("1\u202f200,50", 120_050), ("1\u00a0200", 120_000), ("1'200.50", 120_050),
        ("1\u2019200", 120_000), ("1.200.000", 120_000_000), ("1,200,000.05", 120_000_005),
        ("1200.50", 120_050), ("0,20", 20), ("12,-", 1200), ("1.200,\u2013", 120_000),
        ("\u20ac 12", 1200), ("\u20ac12,50", 1250), ("12 \u20ac", 1200), ("eur 1.200,50", 120_050),
        ("12 EUR", 1200), (" 12 ", 1200), ("-5", -500), ("\u22125", -500), ("\u0663", 300),
    ],
)  # fmt: skip
def test_amounts_are_read_as_people_write_them_in_any_language(typed, amount_minor, mark):
    assert read(typed, mark=mark) == amount_minor


@pytest.mark.parametrize("mark", [".", ","])
@pytest.mark.parametrize("typed", ["1,200", "1.200", "\u20ac 1.200", "12,500 EUR", "999.999"])
def test_what_can_be_two_amounts_is_refused_with_both(typed, mark):
    with pytest.raises(UnclearAmountError) as refused:
        read(typed, mark=mark)
    whole, part = refused.value.readings
    assert whole == part * 1000
    assert str(whole) in typed.replace(",", "").replace(".", "")


@pytest.mark.parametrize(
    "typed",
    ["", ".", "ten", "1e5", "NaN", "1_000", "12\u00b2", "1 20", "12 50", "1,200,50", "1.2.3",
     "$ 12", "12\u20ac50", "1,200 300", "--5", "1.200."],
)  # fmt: skip
def test_what_nobody_writes_for_an_amount_is_none(typed):
    with pytest.raises(NoAmountError):
        read(typed)


@pytest.mark.parametrize("typed", ["0,200", "1200,500", "1,200.500", "12.0000"])
def test_what_is_finer_than_the_minor_unit_is_not_rounded(typed):
    with pytest.raises(ValueError, match="finer"):
        read(typed)


def test_a_currency_decides_what_can_be_unclear():
    assert read("1,200", "JPY") == read("1.200", "JPY") == 1200
    assert read("1.200", "KWD", ".") == read("1,200", "KWD", ",") == 1200
    with pytest.raises(UnclearAmountError):
        read("1,200", "KWD", ".")
    with pytest.raises(ValueError, match="finer"):
        read("12.5", "JPY")


@given(
    st.integers(0, 10**12),
    st.sampled_from(["EUR", "JPY", "KWD"]),
    st.sampled_from([(",", "."), (".", ","), (" ", ","), ("'", ".")]),
)
def test_whatever_is_written_with_all_its_digits_is_read_as_it_was_meant(
    amount_minor, currency, marks
):
    thousands, mark = marks
    written = f"{to_decimal(amount_minor, currency):,f}".translate(
        str.maketrans({",": thousands, ".": mark})
    )
    assert read(written, currency, mark) == amount_minor
