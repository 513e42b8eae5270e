from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import browser
from tests.browser.conftest import ALWAYS as ALWAYS_IN_A_BROWSER
from tests.turns import DAYS, waiting


@dataclass(frozen=True)
class Item:
    nodeid: str
    takes_turns: bool = True
    day: int | None = None

    def get_closest_marker(self, name: str) -> object:
        given = {} if self.day is None else {"day": self.day}
        return pytest.mark.turns(**given).mark if self.takes_turns and name == "turns" else None


GIVEN = [
    Item(f"a.py::test_{name}[{size}]")
    for name in "abcdefghijklmnopqrstuvwxyz"
    for size in (390, 1280)
]
ALWAYS = [Item("b.py::test_always", takes_turns=False)]


def test_each_has_its_turn_on_one_day_and_what_takes_none_is_always_run():
    run = [set(GIVEN + ALWAYS) - set(waiting(GIVEN + ALWAYS, day)) for day in range(7, 7 + DAYS)]
    assert set.union(*run) == set(GIVEN + ALWAYS)
    assert set.intersection(*run) == set(ALWAYS)
    assert sum(map(len, run)) == len(GIVEN) + DAYS * len(ALWAYS)
    assert all(len(each) > len(ALWAYS) for each in run)


def test_what_a_function_is_given_is_run_on_the_same_day():
    for day in range(DAYS):
        names = [item.nodeid.partition("[")[0] for item in set(GIVEN) - set(waiting(GIVEN, day))]
        assert all(names.count(name) == 2 for name in names)


def test_another_test_moves_nobodys_turn():
    for day in range(DAYS):
        more = waiting([Item("a.py::test_another"), *GIVEN], day)
        assert [item for item in more if item in GIVEN] == waiting(GIVEN, day)


def test_one_that_says_its_day_is_run_on_that_day():
    for day in range(DAYS):
        one = Item("a.py::test_long", day=day)
        assert [each for each in range(DAYS) if not waiting([one], each)] == [day]


def test_what_is_always_run_in_a_browser_is_there():
    folder = Path(browser.__file__).parent
    for always in ALWAYS_IN_A_BROWSER:
        name, _, function = always.partition("::")
        assert not function or f"\ndef {function}(" in (folder / name).read_text(), always
        assert (folder / name).is_file(), always


def test_the_same_day_comes_again_after_so_many():
    assert waiting(GIVEN, 5) == waiting(GIVEN, 5 + DAYS) != waiting(GIVEN, 6)
