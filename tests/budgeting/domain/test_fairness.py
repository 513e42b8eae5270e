from __future__ import annotations

from fractions import Fraction

from budgeting.domain.fairness import difference, fairness, spent_per_voter
from budgeting.domain.rules import count
from tests.budgeting.domain.elections import by_name, election

COUNTED = election(
    {"a": 60, "b": 20, "c": 30}, ["a", "bc", "c", "", "b"], 80, weights=[5, 4, 1, 2, 1]
)
GREEDY = count("greedy", COUNTED, by_name(COUNTED))
PER_COST = count("greedy_per_cost", COUNTED, by_name(COUNTED))


def test_ballots_are_counted_by_the_winners_they_chose():
    assert GREEDY.selected == ("a", "b")
    figures = fairness(COUNTED, GREEDY)
    assert (figures.ballots, figures.empty, figures.by_winners) == (13, 2, (3, 10))
    assert (figures.with_a_winner, figures.exclusion) == (10, Fraction(1, 11))
    assert (figures.average_winners, figures.spent) == (Fraction(10, 13), 1)
    assert figures.average_chosen_minor == Fraction(5 * 60 + 5 * 20, 13)


def test_nobody_voted_is_no_division_by_zero():
    nobody = election({"a": 1}, [], 0)
    figures = fairness(nobody, count("greedy", nobody, by_name(nobody)))
    assert figures.to_json() == {
        "ballots": 0,
        "empty": 0,
        "by_winners": [0],
        "with_a_winner": 0,
        "exclusion": "0/1",
        "average_winners": "0/1",
        "average_chosen_minor": "0/1",
        "spent": "0/1",
    }


def test_two_outcomes_are_compared_by_ballots():
    assert PER_COST.selected == ("b", "c")
    compared = difference(COUNTED, GREEDY, PER_COST)
    assert (compared.only_here, compared.only_there, compared.in_both) == (("a",), ("c",), ("b",))
    assert (compared.prefer_here, compared.prefer_there, compared.indifferent) == (5, 5, 3)


def test_money_per_voter_of_an_area_leaves_out_what_lies_nowhere():
    areas = {"a": "north", "b": "south"}
    spent = spent_per_voter(COUNTED, GREEDY, areas, {"north": 8, "south": 0, "east": 5})
    assert spent == {"north": Fraction(60, 8), "east": 0}
