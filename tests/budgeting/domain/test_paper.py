"""Numbers of sheets, digests of readings, samples, and the bound beside known values."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from math import gamma

import pytest

from budgeting.domain.paper import (
    LETTERS,
    Reading,
    digest_of,
    drawn,
    is_number,
    lacking_of,
    new_number,
    plain_number,
    shown_number,
    slot_of,
    surplus_of,
    upper_bound,
)

KEY, OTHER_KEY = bytes(range(32)), bytes(32)


def test_every_single_slip_in_a_number_is_found():
    number = new_number()
    assert is_number(number)
    for place, right in enumerate(number):
        for letter in LETTERS:
            if letter != right:
                assert not is_number(number[:place] + letter + number[place + 1 :])


def test_two_neighbours_that_changed_places_are_found():
    for _ in range(50):
        number = new_number()
        for place, (one, two) in enumerate(pairwise(number)):
            if one != two:
                assert not is_number(number[:place] + two + one + number[place + 2 :])


def test_a_number_is_known_however_it_is_typed():
    number = new_number()
    assert plain_number(f" {shown_number(number).lower()} ") == number
    assert not is_number("")
    assert not is_number(number + "2")
    assert len({new_number() for _ in range(2000)}) == 2000


def test_a_digest_tells_two_readings_of_one_sheet_apart_and_of_two_sheets_nothing():
    slot = slot_of(KEY, 1, "ABCDEFGH")
    read = Reading({"7": {"options": [1, 2], "points": None}})
    assert digest_of(KEY, slot, read) == digest_of(KEY, slot, Reading(dict(read.choices)))
    differing = [
        Reading({"7": {"options": [2, 1], "points": None}}),
        Reading({"7": {"options": [1], "points": None}}),
        Reading({"7": {"options": [1, 2], "points": None}}, "", {"8": "blank"}),
        Reading({}, "blank"),
        Reading({}, "spoiled"),
    ]
    assert len({digest_of(KEY, slot, each) for each in [read, *differing]}) == 6
    assert digest_of(KEY, slot, read) != digest_of(KEY, slot_of(KEY, 1, "ABCDEFGJ"), read)
    assert digest_of(KEY, slot, read) != digest_of(OTHER_KEY, slot, read)
    assert slot != slot_of(KEY, 2, "ABCDEFGH")


def test_a_seed_draws_the_same_sheets_in_whatever_order_they_come():
    numbers = [new_number() for _ in range(50)]
    sample = drawn("ab" * 32, numbers, 7)
    assert drawn("ab" * 32, reversed(numbers), 7) == sample
    assert len(set(sample)) == 7
    assert drawn("cd" * 32, numbers, 7) != sample
    assert sorted(drawn("ab" * 32, numbers, 99)) == sorted(numbers)


def beta(share, one, other, steps=4_000):
    """The chance below ``share`` under Beta(one, other), by Simpson's rule over its density."""
    scale = gamma(one + other) / gamma(one) / gamma(other)
    step = share / steps

    def density(at):
        return scale * at ** (one - 1) * (1 - at) ** (other - 1)

    inner = sum((4 if n % 2 else 2) * density(n * step) for n in range(1, steps))
    return step / 3 * (density(0) + inner + density(share))


@pytest.mark.parametrize(
    ("errors", "sample", "bound"),
    [
        # The rule of three, exactly: 1 - 0.05 ** (1 / sample).
        (0, 20, 0.139108),
        (0, 59, 0.049508),
        (0, 100, 0.029513),
        (1, 10, 0.394163),
        (2, 10, 0.506901),
        (1, 100, 0.046560),
        (5, 50, 0.198834),
    ],
)
def test_the_bound_is_the_known_one(errors, sample, bound):
    """By another way too: it is the 95 % point of Beta(errors + 1, sample - errors)."""
    found = float(upper_bound(errors, sample, 10_000))
    assert found == pytest.approx(bound, abs=2e-6)
    assert beta(found, errors + 1, sample - errors) == pytest.approx(0.95, abs=1e-5)
    if not errors:
        assert found == pytest.approx(1 - 0.05 ** (1 / sample), abs=2e-6)


def test_the_bound_where_there_is_nothing_to_bound():
    assert upper_bound(1, 4, 4) == Fraction(1, 4)
    assert upper_bound(0, 0, 0) == 0
    assert upper_bound(3, 3, 10) == 1
    for wrong in ((2, 1, 5), (0, 6, 5), (-1, 1, 5)):
        with pytest.raises(ValueError, match="More errors"):
            upper_bound(*wrong)


@pytest.mark.parametrize(
    ("in_box", "keyed", "people", "surplus", "lacking"),
    [(3, 3, 3, 0, 0), (5, 3, 4, 1, 0), (3, 5, 4, 1, 0), (2, 1, 4, 0, 2), (0, 0, 150, 0, 150)],
)
def test_sheets_beyond_people_and_people_beyond_sheets(in_box, keyed, people, surplus, lacking):
    assert surplus_of(in_box, keyed, people) == surplus
    assert lacking_of(in_box, keyed, people) == lacking


def test_a_comparison_of_nothing_bounds_nothing():
    assert upper_bound(0, 0, 10) == 1
