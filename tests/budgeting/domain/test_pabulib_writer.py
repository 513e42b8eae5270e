from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pabulib.checker import Checker

from budgeting.domain import pabulib
from budgeting.domain.election import BallotKind, Ballots, Election, Option
from budgeting.domain.rules import count
from tests.budgeting.domain.elections import by_name, election
from tests.sizes import size

META = {
    "description": "A made-up town",
    "country": "Netherlands",
    "unit": "Town",
    "instance": "2026",
    "rule": "greedy",
    "date_begin": "01.03.2026",
    "date_end": "20.03.2026",
}
KINDS = list(BallotKind)


def written(counted, **arguments):
    meta = dict(META)
    if counted.ballots.kind == "cumulative":
        meta["max_sum_points"] = "99"
    return "".join(pabulib.lines(counted, meta, **{"scale": 100, **arguments}))


@st.composite
def any_election(draw: st.DrawFn) -> Election:
    kind = draw(st.sampled_from(KINDS))
    ids = draw(
        st.lists(
            st.text('ab9 é.;"', min_size=1, max_size=3).map(str.strip).filter(bool),
            min_size=1,
            max_size=4,
            unique=True,
        )
    )
    names = st.text('xy ";ż,', min_size=1, max_size=6).map(str.strip).filter(bool)
    options = [Option(each, draw(st.integers(0, 10**6)), draw(names)) for each in ids]
    most = 1 if kind is BallotKind.CHOOSE_ONE else len(ids)
    chosen = st.lists(st.integers(0, len(ids) - 1), max_size=most, unique=True)
    rows = []
    for choices in draw(st.lists(chosen, max_size=4)):
        points = [draw(st.integers(0, 50)) for _ in choices] if kind.has_points else None
        rows.append((choices, points, draw(st.integers(1, 2))))
    ballots = Ballots.from_rows(kind, rows, len(ids))
    return Election(tuple(options), draw(st.integers(0, 10**7)), ballots)


@settings(max_examples=size(80, 200), deadline=None)
@given(any_election())
def test_what_is_written_reads_back_the_same(counted):
    file = pabulib.read(written(counted).splitlines(keepends=True), places=2)
    kind = counted.ballots.kind
    assert file.options == counted.options
    assert file.election.budget_minor == counted.budget_minor
    assert file.election.ballots.kind == ("approval" if kind == "knapsack" else kind)
    expected = [row for row in counted.ballots.rows() for _ in range(row[2])]
    assert [row[:2] for row in file.election.ballots.rows()] == [row[:2] for row in expected]
    # Ballots made up at random may cost or give more than META allows: reading them says so.
    assert [each for each in file.warnings if "in all than META allows" not in each] == []


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_written_passes_the_format_s_own_checker(kind):
    votes = {
        BallotKind.CHOOSE_ONE: ["a", "b", "a"],
        BallotKind.CUMULATIVE: [{"a": 3, "b": 2}, {"c": 5}, {"a": 1}],
        BallotKind.SCORING: [{"a": 3, "b": 2}, {"c": 5}, {"a": 1}],
    }.get(kind, ["ab", "ca", "a"])
    counted = election({"a": 60_050, "b": 20_000, "c": 90_000}, votes, 100_000, kind=kind)
    rule = {"cumulative": "greedy_points", "scoring": "greedy_points", "ranking": "greedy_borda"}
    outcome = count(rule.get(kind, "greedy"), counted, by_name(counted))
    report = Checker().process_files([written(counted, selected=outcome.selected)])
    assert report["metadata"]["invalid"] == 0, report


def test_decimals_and_marks_are_written_as_the_format_has_them():
    counted = election({"a": 60_050, "b": 20_000}, ["ab", "a"], 100_000)
    text = written(counted, selected={"a"}, columns={"category": {"a": "green"}})
    assert "\nbudget;1000\n" in text
    assert (
        "\nproject_id;cost;votes;name;selected;category\na;600.5;2;a;1;green\nb;200;1;b;0;\n"
        in text
    )
    assert text.endswith("\nVOTES\nvoter_id;vote\n1;a,b\n2;a\n")


def test_an_id_that_no_reader_could_tell_apart_is_not_written():
    counted = Election((Option("a,b", 1),), 1, Ballots.from_rows(BallotKind.APPROVAL, [], 1))
    with pytest.raises(pabulib.UnwritableError, match="comma"):
        written(counted)


def test_a_file_that_would_lack_what_the_format_requires_is_not_written():
    counted = election({"a": 1}, [], 1)
    with pytest.raises(pabulib.UnwritableError, match="country, unit"):
        next(pabulib.lines(counted, {"description": "x"}, scale=1))
