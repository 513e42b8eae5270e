"""How fast the largest election at hand is read and counted."""

from __future__ import annotations

import os
import statistics
import time
from dataclasses import replace
from pathlib import Path

from budgeting.domain.election import Election
from budgeting.domain.generated import approval_election
from budgeting.domain.pabulib import read
from budgeting.domain.rules import count
from budgeting.domain.ties import TieOrder, lexicographic

RULES = ("greedy", "equal_shares_cost", "equal_shares_cardinality")
# The size of the largest published city-wide election at the time of writing (Warsaw 2024).
BALLOTS, OPTIONS = 75_255, 118


def largest_file() -> Path | None:
    """The largest ``.pb`` under ``PABULIB_DIR``; None where that is unset or holds none."""
    folder = os.environ.get("PABULIB_DIR")
    files = Path(folder).rglob("*.pb") if folder else ()
    return max(files, key=lambda path: path.stat().st_size, default=None)


def counted(ballots: int) -> dict[str, object]:
    """Milliseconds to read and to count by each rule, the median of three, and what was counted:
    the largest election at hand, or a made-up one of so many ballots.
    """
    path = largest_file()
    started = time.perf_counter()
    election = read(path).election if path else approval_election(ballots, OPTIONS, seed=7)
    read_ms = (time.perf_counter() - started) * 1000
    ties = lexicographic(election.options)
    return {
        "election": path.name if path else f"made up, {ballots} ballots x {OPTIONS} projects",
        "ballots": election.ballots.count,
        "read_ms" if path else "made_ms": round(read_ms, 1),
        **{f"{rule}_ms": _median_ms(rule, election, ties) for rule in RULES},
    }


def _median_ms(rule: str, election: Election, ties: TieOrder) -> float:
    taken = []
    for _ in range(3):
        # A copy, so that nothing found in an earlier count is at hand.
        fresh = replace(election, ballots=replace(election.ballots))
        started = time.perf_counter()
        count(rule, fresh, ties)
        taken.append((time.perf_counter() - started) * 1000)
    return round(statistics.median(taken), 1)
