from __future__ import annotations

import pytest

from budgeting.domain.election import Option
from budgeting.domain.rules import count
from budgeting.domain.ties import UnresolvedTie, lexicographic, refuse, seeded
from tests.budgeting.domain.elections import election

OPTIONS = [Option(each, 1) for each in ("9", "10", "a", "B")]
SEED = bytes(range(16))


def test_lexicographic_compares_ids_as_strings():
    assert lexicographic(OPTIONS).order(["a", "9", "B", "10"]) == ["10", "9", "B", "a"]


def test_a_seed_gives_one_order_whatever_the_order_of_options():
    order = seeded(SEED, OPTIONS).order(["9", "10", "a", "B"])
    assert order == seeded(SEED, OPTIONS[::-1]).order(["B", "a", "10", "9"])
    assert order == ["10", "9", "a", "B"]


def test_another_seed_gives_another_order():
    orders = {tuple(seeded(bytes([n] * 16), OPTIONS).order("9aB")) for n in range(20)}
    assert len(orders) > 1


def test_a_short_seed_is_refused():
    with pytest.raises(ValueError, match="16 bytes"):
        seeded(b"short", OPTIONS)


@pytest.mark.parametrize("rule", ["greedy", "greedy_per_cost", "equal_shares_cost", "phragmen"])
def test_refusing_stops_the_count_at_a_tie_that_matters(rule):
    tied = election({"a": 2, "b": 2}, ["ab", "ab"], 3)
    with pytest.raises(UnresolvedTie) as refusal:
        count(rule, tied, refuse())
    assert refusal.value.tied == ("a", "b")


def test_refusing_lets_a_tie_pass_that_changes_nothing():
    both_fit = election({"a": 2, "b": 2, "c": 9}, ["ab", "ab", "c", "c"], 8)
    assert set(count("greedy", both_fit, refuse()).selected) == {"a", "b"}


def test_the_tie_order_decides_and_is_on_the_record():
    tied = election({"a": 2, "b": 2}, ["ab", "ab"], 3)
    ties = seeded(bytes([3] * 16), tied.options)
    outcome = count("greedy", tied, ties)
    assert outcome.selected == (ties.order("ab")[0],)
    assert outcome.ties == "seeded:" + "03" * 16
