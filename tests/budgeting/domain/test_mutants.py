"""Rules made wrong on purpose, one line each: the comparisons of this folder notice every one.

A copy of the counting code is changed and its own tests are run on it. A mutant that they let
live fails here, and so does a change that no longer finds its line.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
# The quickest first: most mutants do not live to the second.
SUITE = [
    f"tests/budgeting/domain/test_{name}.py"
    for name in (
        "rules", "ties", "worked_examples", "rounding", "exactness", "invariances",
        "against_pabutools",
    )
]  # fmt: skip

MUTANTS = {
    "ties: last id first": (
        "ties.py",
        "sorted(option.id for option in options))",
        "sorted((option.id for option in options), reverse=True))",
    ),
    "ties: ids as numbers": (
        "ties.py",
        "sorted(option.id for option in options))",
        "sorted((option.id for option in options), key=lambda each: (len(each), each)))",
    ),
    "ties: a lot without the seed": (
        "ties.py",
        "hmac.digest(seed, option_id.encode(), hashlib.sha256)",
        "hashlib.sha256(option_id.encode()).digest()",
    ),
    "greedy: an exact fit is refused": (
        "rules/greedy.py",
        "cost_minor > self.remaining_minor:\n            return Result.DOES_NOT_FIT",
        "cost_minor >= self.remaining_minor:\n            return Result.DOES_NOT_FIT",
    ),
    "greedy: stop goes on": (
        "rules/greedy.py",
        "if result is Result.DOES_NOT_FIT and self.how.stop:",
        "if result is Result.DOES_NOT_FIT and not self.how.stop:",
    ),
    "greedy: the threshold itself is too little": (
        "rules/greedy.py",
        "self.support.totals[option] < self.how.threshold:",
        "self.support.totals[option] <= self.how.threshold:",
    ),
    "greedy: ratios in floats, rounded": (
        "rules/greedy.py",
        "return True, Fraction(-total, cost or 1)",
        "return True, Fraction(round(-total / (cost or 1), 9))",
    ),
    "greedy: ties by id, whatever the order says": (
        "rules/greedy.py",
        "self.ties.order(ids) if matters else ids",
        "ids",
    ),
    "greedy: a group may win twice": (
        "rules/greedy.py",
        "self.taken.add(group)",
        "self.taken.discard(group)",
    ),
    "equal shares: utilities swapped": (
        "rules/market.py",
        "each.cost_minor if cost_utility else 1)",
        "1 if cost_utility else each.cost_minor)",
    ),
    "equal shares: a group may win twice": (
        "rules/market.py",
        "if other == place or (group == own and own)]",
        "if other == place]",
    ),
    "equal shares: nearly equal prices are a tie": (
        "rules/shares.py",
        "if sale.rho == lowest)",
        "if abs(float(sale.rho) - float(lowest)) <= 1e-9 * float(lowest))",
    ),
    "equal shares: the first that floats cannot tell apart": (
        "rules/shares.py",
        "if len(contenders) == 1 and high < math.inf:",
        "if contenders and high < math.inf:",
    ),
    "equal shares: ties by place": (
        "rules/shares.py",
        "first, *behind = self.market.ties.order(tied)",
        "first, *behind = reversed(tied)",
    ),
    "equal shares: floats say who has the price": (
        "rules/exact.py",
        "margin = self.slack + ",
        "margin = 0 * self.slack - ",
    ),
    "equal shares: all the money is not enough": (
        "rules/shares.py",
        "missing = lot.cost - self._at_most(lot, money)\n        if missing > 0:\n"
        "            self.close(place, missing / lot.votes * (1 - 4 * ROUNDING))\n"
        "            return None\n",
        "missing = lot.cost - lot.sum_of(money)\n        if missing >= 0:\n"
        "            self.close(place, max(missing, 0) / lot.votes)\n            return None\n",
    ),
    "equal shares: who ran out still pays": (
        "rules/exact.py",
        "left[~above] = 0.0",
        "left[~above] = 1e-3",
    ),
    "equal shares: the costless win without support": (
        "rules/equal_shares.py",
        "votes >= max(minimum_support, 1)",
        "votes >= minimum_support",
    ),
    "Add1: the stops swapped": (
        "rules/equal_shares.py",
        "if stop is Stop.EXHAUSTIVE and",
        "if stop is Stop.INFEASIBLE and",
    ),
    "Add1: an exact fit counts as exhausted": (
        "rules/equal_shares.py",
        "min(unsold) + run.spent_minor > market",
        "min(unsold) + run.spent_minor >= market",
    ),
    "Add1: an outcome that spends all is too dear": (
        "rules/add1.py",
        "run.spent_minor > market.election.budget_minor",
        "run.spent_minor >= market.election.budget_minor",
    ),
    "Add1: keeps what exceeds the budget": (
        "rules/add1.py",
        "return Walked(kept, kept_steps,",
        "return Walked(run, steps,",
    ),
    "Add1: passes over one step more than is proven": (
        "rules/add1.py",
        "return int(max(most, 0.0) / step_minor * (1 - 2**-40))",
        "return int(max(most, 0.0) / step_minor * (1 - 2**-40)) + 1",
    ),
    "Add1: the integral start rounded up": (
        "rules/equal_shares.py",
        "Fraction(endowment // step_minor * step_minor)",
        "Fraction(-(-endowment // step_minor) * step_minor)",
    ),
    "completion: stops at the first that does not fit": (
        "rules/equal_shares.py",
        "Greedy(threshold=how.minimum_support)",
        "Greedy(threshold=how.minimum_support, stop=True)",
    ),
    "Phragmen: ties by last id": (
        "rules/phragmen.py",
        "ties.order(sorted(ids))",
        "reversed(ties.order(sorted(ids)))",
    ),
    "Phragmen: nearly equal loads are a tie": (
        "rules/phragmen.py",
        "if rival == load:",
        "if abs(rival - load) * 10**9 <= load:",
    ),
    "Phragmen: skips what does not fit": (
        "rules/phragmen.py",
        "rounds += _stopped(state, too_dear, load, remaining)\n            break",
        "rounds += _stopped(state, too_dear, load, remaining)\n"
        "            for each in too_dear:\n                state.bounds.pop(each, None)\n"
        "            unsupported = [each for each in unsupported if each not in too_dear]\n"
        "            continue",
    ),
    "Phragmen: the dearest may stop the count": (
        "rules/phragmen.py",
        "each.cost_minor > election.budget_minor or support",
        "support",
    ),
    "Borda: the last one listed gets a point": (
        "support.py",
        "ballots.lengths[ballots.row_of_choice] - place - 1",
        "ballots.lengths[ballots.row_of_choice] - place",
    ),
}


def scratch(folder: Path) -> Path:
    """The counting code and its tests, alone in a folder."""
    for part in ("budgeting/domain", "tests/budgeting/domain"):
        shutil.copytree(ROOT / part, folder / part)
    for part in ("budgeting", "tests", "tests/budgeting"):
        (folder / part / "__init__.py").touch()
    shutil.copy(ROOT / "tests" / "sizes.py", folder / "tests")
    (folder / "docs").mkdir()
    shutil.copy(ROOT / "docs" / "voting.md", folder / "docs")
    return folder


class Copy:
    """Of the counting code and its tests, and what runs them."""

    def __init__(self, folder: Path) -> None:
        self.folder = scratch(folder)
        # Other plugins would be loaded thirty times for nothing. A mutant is looked for in as many
        # random elections as there are.
        alone = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "SIZE": "full"}
        self.process = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("forked_runs.py")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=folder, env=alone, text=True,
        )  # fmt: skip
        code, said = self.run("--collect-only", *SUITE)
        assert code == 0, said[-3000:]

    def run(self, *tests: str) -> tuple[int, str]:
        """The exit code, and what pytest said."""
        print(json.dumps(tests), file=self.process.stdin, flush=True)
        code = int(self.process.stdout.readline())
        return code, (self.folder / "said").read_text(encoding="utf-8")

    @contextmanager
    def changed(self, file: str, right: str, wrong: str) -> Iterator[None]:
        path = self.folder / "budgeting" / "domain" / file
        text, then = path.read_text(encoding="utf-8"), path.stat().st_mtime
        assert text.count(right) == 1
        path.write_text(text.replace(right, wrong), encoding="utf-8")
        os.utime(path, (1, 1))  # so that no bytecode of the other text is taken
        yield
        path.write_text(text, encoding="utf-8")
        os.utime(path, (then, then))


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    made = Copy(tmp_path_factory.mktemp("copy"))
    yield made
    made.process.stdin.close()
    assert made.process.wait(10) == 0


@pytest.mark.turns(day=1)
@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_caught_by_what_passes_without_it(copy, name):
    with copy.changed(*MUTANTS[name]):
        code, said = copy.run(*SUITE)
    assert (code, " failed" in said) == (1, True), said[-3000:]
    assert "SyntaxError" not in said
    assert "NameError" not in said
    [caught] = re.findall(r"^FAILED (\S+)", said, re.MULTILINE)
    code, said = copy.run(caught)
    assert (code, "1 passed" in said) == (0, True), said[-3000:]
