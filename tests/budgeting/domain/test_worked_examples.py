"""Every worked example of docs/voting.md, read from the page and counted."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import pytest

from budgeting.domain.election import BallotKind, Ballots, Election, Option
from budgeting.domain.explain import explain, what_if
from budgeting.domain.outcome import Outcome, Result
from budgeting.domain.rules import RULES, count
from budgeting.domain.ties import lexicographic

PAGE = Path(__file__).parents[3] / "docs" / "voting.md"
BLOCK = re.compile(r"^```election (\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
OPTION = re.compile(r"(\w+) costs (\d+)(?:, group (\w+))?")
VOTERS = re.compile(r"(\d+) voters?: (.*)")
COUNTED = re.compile(r"(\w+)((?: \w+=\w+)*) -> (.*?)(?: \| (.*))?")
FUNDED = re.compile(r"(\w+)(?: at ([\d/]+))?")


@dataclass
class Example:
    kind: BallotKind
    budget: int = 0
    options: list[Option] = field(default_factory=list)
    rows: list[tuple[list[int], list[int] | None, int]] = field(default_factory=list)
    expected: list[tuple[str, dict[str, int | str], str, str]] = field(default_factory=list)

    def read(self, line: str) -> None:
        if line.startswith("budget "):
            self.budget = int(line.removeprefix("budget "))
        elif found := OPTION.fullmatch(line):
            self.options.append(Option(found[1], int(found[2]), group=found[3]))
        elif found := VOTERS.fullmatch(line):
            self._ballot(int(found[1]), found[2])
        elif found := COUNTED.fullmatch(line):
            given = dict(pair.split("=") for pair in found[2].split())
            parameters = {key: int(v) if v.isdigit() else v for key, v in given.items()}
            self.expected.append((found[1], parameters, found[3], found[4] or ""))
        else:
            raise ValueError(f"not a line of an example: {line}")

    def _ballot(self, voters: int, text: str) -> None:
        ids = [option.id for option in self.options]
        marks = [] if text == "nothing" else [mark.split() for mark in re.split(", | > ", text)]
        points = [int(mark[1]) for mark in marks] if self.kind.has_points else None
        self.rows.append(([ids.index(mark[0]) for mark in marks], points, voters))

    def election(self) -> Election:
        ballots = Ballots.from_rows(self.kind, self.rows, len(self.options))
        return Election(tuple(self.options), self.budget, ballots, increment_minor=1)


def example(kind: str, text: str) -> Example:
    made = Example(BallotKind(kind))
    for line in filter(None, text.splitlines()):
        made.read(line)
    return made


EXAMPLES = [example(*found) for found in BLOCK.findall(PAGE.read_text(encoding="utf-8"))]
CASES = [
    pytest.param(each, *expected, id=f"{number}-{expected[0]}")
    for number, each in enumerate(EXAMPLES)
    for expected in each.expected
]


def shown(outcome: Outcome, asked: str) -> str:
    """The winners as the page writes them, with a price or load where the page gives one."""
    won = {each.option: each for each in outcome.rounds if each.result is Result.SELECTED}
    priced = {name for name, price in FUNDED.findall(asked) if price}
    words = []
    for name in outcome.selected:
        price = won[name].price
        figure = won[name].score if price is None else price
        words.append(f"{name} at {figure}" if name in priced else name)
    return ", ".join(words) or "nothing"


@pytest.mark.parametrize(("made", "rule", "parameters", "funded", "facts"), CASES)
def test_an_example_of_the_page_comes_out_as_written(made, rule, parameters, funded, facts):
    counted = made.election()
    outcome = count(rule, counted, lexicographic(counted.options), **parameters)
    assert shown(outcome, funded) == funded
    for fact in filter(None, facts.split(", ")):
        name, value = fact.split(" ")
        found = outcome.facts[name]
        assert (str(found) if isinstance(found, str) else found) == (
            value if isinstance(found, str) else Fraction(value)
        )


SAID = re.search(
    r"^```reasons\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
)


@pytest.mark.parametrize("line", SAID[1].splitlines() if SAID else [None])
def test_a_reason_on_the_page_is_what_is_said(line):
    rule, option, said = re.fullmatch(r"(\w+) \? (\w+): (.*)", line).groups()
    counted = next(each for each in EXAMPLES if len(each.options) == 3).election()
    ties = lexicographic(counted.options)
    outcome = count(rule, counted, ties)
    told = [explain(counted, outcome)[option], *what_if(counted, ties, outcome, option).reasons()]
    assert " ".join(each.sentence() for each in told) == said


def test_every_sort_of_rule_has_an_example():
    shown_rules = {rule for each in EXAMPLES for rule, *_ in each.expected}
    assert {name for name in RULES if name.startswith(("greedy", "phragmen"))} - shown_rules == {
        f"greedy_{unit}_{way}" for unit in ("points", "borda") for way in ("stop", "threshold")
    }
    assert len([name for name in shown_rules if name.startswith("equal_shares")]) >= 8


def test_the_page_names_every_rule():
    page = PAGE.read_text(encoding="utf-8")
    assert [name for name in RULES if f"`{name}`" not in page] == []
