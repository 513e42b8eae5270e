"""A made-up election, imported and counted as a published one would be."""

from __future__ import annotations

import tempfile
from pathlib import Path

from budgeting.domain.generated import approval_election
from budgeting.domain.pabulib.writer import lines
from budgeting.models import Cycle
from budgeting.services.counting import count_cycle
from budgeting.services.imports import import_election

# What the format wants to be told of an election.
META = {
    "description": "Made up for measuring",
    "country": "Nowhere",
    "unit": "Nowhere",
    "instance": "bench",
    "rule": "equalshares",
    "currency": "EUR",
    "date_begin": "2026",
    "date_end": "2026",
}
OPTIONS = 118


def import_made_up(ballots: int) -> Cycle:
    """The cycle of a made-up election with so many ballots on 118 projects, counted."""
    election = approval_election(ballots, OPTIONS, seed=1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "made-up.pb"
        with path.open("w") as file:
            file.writelines(lines(election, META, scale=100))
        cycle = import_election(path)
    count_cycle(cycle)
    cycle.refresh_from_db()
    return cycle
