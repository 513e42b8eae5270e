"""`make bench-tally`: how long counting takes, beside the reference implementation.

Prints a table and, as its last line, one JSON object. The election is the largest file under
PABULIB_DIR, or one made up in that size where the folder is not given; it says which.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from copy import copy
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from budgeting.domain import pabulib
from budgeting.domain.ballots import Ballots
from budgeting.domain.election import BallotKind, Election
from budgeting.domain.generated import approval_election
from budgeting.domain.rules import count, fitting_rules
from budgeting.domain.rules.market import Market, open_market
from budgeting.domain.rules.shares import Run
from budgeting.domain.support import Borda, choice_worth, supporters
from budgeting.domain.ties import lexicographic

ROOT = Path(__file__).parents[2]
SIZE = (75_000, 118)
GROWTH = (10_000, 100_000, 1_000_000, 10_000_000)
ONCE = ("greedy", "greedy_per_cost", "equal_shares_cost", "equal_shares_cardinality", "phragmen")


def seconds(work: Callable[[], object], runs: int) -> float:
    """The median of several runs."""
    taken = []
    for _ in range(runs):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def fresh(election: Election) -> Election:
    """The same election, with nothing kept from an earlier count."""
    return replace(election, ballots=copy(election.ballots))


def ours(election: Election, rule: str) -> Callable[[], object]:
    return lambda: count(rule, fresh(election), lexicographic(election.options))


def found(election: Election, *, cold: bool) -> Callable[[], object]:
    """Equal shares until winners are proven, prices not yet exact.

    ``cold`` starts from the ballots; otherwise who supports what is already looked up.
    """

    def market(ballots: Ballots) -> Market:
        support, worth = supporters(ballots), choice_worth(ballots, Borda.LISTED)
        ties = lexicographic(election.options)
        return open_market(election, support, worth, ties, cost_utility=True)

    warm = None if cold else market(election.ballots)
    endowment = Fraction(election.budget_minor, election.ballots.count)
    return lambda: Run(warm or market(copy(election.ballots)), endowment).finish()


def reference(path: Path, rule: str, limit: int) -> float | None:
    """Seconds pabutools takes for a rule in a process of its own, None beyond the limit."""
    command = [sys.executable, "-m", "tests.budgeting.tally_bench", "--reference", rule, str(path)]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=limit, check=True)
    except subprocess.TimeoutExpired:
        return None
    return float(done.stdout.split()[-1])


def count_by_reference(path: Path, rule: str) -> float:
    # Imported here: only the process that measures it pays for loading it.
    from pabutools import election as pb  # noqa: PLC0415
    from pabutools import rules  # noqa: PLC0415

    instance, profile = pb.parse_pabulib(str(path))
    profile = profile.as_multiprofile()
    cost, each = {"sat_class": pb.Cost_Sat}, {"sat_class": pb.Cardinality_Sat}
    calls: dict[str, Callable[[], object]] = {
        "greedy": lambda: rules.greedy_utilitarian_welfare(instance, profile, **cost),
        "greedy_per_cost": lambda: rules.greedy_utilitarian_welfare(instance, profile, **each),
        "equal_shares_cost": lambda: rules.method_of_equal_shares(instance, profile, **cost),
        "equal_shares_cardinality": lambda: rules.method_of_equal_shares(instance, profile, **each),
        "equal_shares_cost_add1": lambda: rules.method_of_equal_shares(
            instance, profile, **cost, voter_budget_increment=1
        ),
        "phragmen": lambda: rules.sequential_phragmen(instance, profile),
    }
    return seconds(calls[rule], 1)


def grow(ballots: int) -> dict[str, Any]:
    """Group and count a made-up election of a size; run in a process of its own.

    The first rule also looks up who supports what, which the others then use.
    """
    election = approval_election(ballots, SIZE[1], seed=1)
    before = _peak_mib()
    started = time.perf_counter()
    grouped = replace(election, ballots=election.ballots.grouped())
    figures: dict[str, Any] = {
        "ballots": ballots,
        "distinct": len(grouped.ballots),
        "group_s": time.perf_counter() - started,
    }
    for rule in ONCE:
        begun = time.perf_counter()
        count(rule, grouped, lexicographic(grouped.options))
        figures[f"{rule}_s"] = time.perf_counter() - begun
    figures["all_s"] = time.perf_counter() - started
    return {**figures, "made_mib": before, "peak_mib": _peak_mib()}


def _peak_mib() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (2**20 if sys.platform == "darwin" else 2**10), 1)


def grown(ballots: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.budgeting.tally_bench", "--grow", str(ballots)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def largest() -> tuple[str, Path | None, Election]:
    folder = os.environ.get("PABULIB_DIR")
    files = (
        sorted(Path(folder).glob("*.pb"), key=lambda path: path.stat().st_size) if folder else []
    )
    if files:
        return files[-1].name, files[-1], pabulib.read(files[-1]).election
    made = approval_election(*SIZE, seed=1)
    return f"made up: {SIZE[0]} ballots, {SIZE[1]} options, seed 1", None, made


def whole_process(path: Path, rule: str) -> float:
    """Reading, counting and printing by the command, start of Python included."""
    command = [sys.executable, "manage.py", "recount", str(path), "--rule", rule]
    command += ["--ties", "lexicographic", "--json"]
    return seconds(lambda: subprocess.run(command, cwd=ROOT, capture_output=True, check=True), 3)


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    name, path, election = largest()
    report: dict[str, Any] = {
        "election": name,
        "ballots": election.ballots.count,
        "options": len(election.options),
        "choices": len(election.ballots.choices),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
        "load": os.getloadavg()[0],
        "rules": {},
    }
    print(f"{name}: {report['ballots']} ballots, {report['options']} options; {report['machine']}")
    if path is not None:
        report["read_s"] = seconds(lambda: pabulib.read(path), 3)
        report["whole_process_s"] = whole_process(path, "equal_shares_cost")
        print(f"read {report['read_s']:.3f} s, whole process {report['whole_process_s']:.3f} s")
    if election.ballots.kind is BallotKind.APPROVAL:
        for name, cold in (("found_ms", True), ("search_ms", False)):
            report[name] = 1000 * seconds(found(election, cold=cold), arguments.runs)
        print(
            f"equal shares found, prices not yet exact: {report['found_ms']:.1f} ms,"
            f" of which search {report['search_ms']:.1f} ms"
        )
    for rule in fitting_rules(election.ballots.kind):
        figures: dict[str, float | None] = {
            "ms": (taken := 1000 * seconds(ours(election, rule), arguments.runs))
        }
        report["rules"][rule] = figures
        if path is not None and arguments.seconds and rule in (*ONCE, "equal_shares_cost_add1"):
            theirs = reference(path, rule, arguments.seconds)
            figures["pabutools_ms"] = None if theirs is None else 1000 * theirs
            figures["ratio"] = None if theirs is None else 1000 * theirs / taken
        print(_line(rule, figures, arguments.seconds))
    report["growth"] = [grown(ballots) for ballots in arguments.ballots]
    for each in report["growth"]:
        print("  ".join(f"{key} {value:.4g}" for key, value in each.items()))
    return report


def _line(rule: str, figures: dict[str, float | None], limit: int) -> str:
    text = f"{rule:36} {figures['ms']:10.1f} ms"
    if "ratio" not in figures:
        return text
    if figures["ratio"] is None:
        return f"{text}   pabutools: not within {limit} s"
    return f"{text}   pabutools {figures['pabutools_ms']:10.1f} ms   x {figures['ratio']:.0f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="runs of ours, of which the median")
    parser.add_argument(
        "--seconds", type=int, default=120, help="for pabutools per rule; 0: skip it"
    )
    parser.add_argument("--ballots", type=int, nargs="*", default=GROWTH, help="sizes to grow to")
    parser.add_argument("--reference", nargs=2, metavar=("RULE", "FILE"), help=argparse.SUPPRESS)
    parser.add_argument("--grow", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.reference:
        print(count_by_reference(Path(arguments.reference[1]), arguments.reference[0]))
    elif arguments.grow:
        print(json.dumps(grow(arguments.grow)))
    else:
        print(json.dumps(measure(arguments)))


if __name__ == "__main__":
    main()
