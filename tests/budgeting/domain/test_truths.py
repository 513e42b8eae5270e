"""Published elections and what every rule selects on them, where the folder with both is given."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from budgeting.domain import pabulib
from budgeting.domain.recount import recount
from budgeting.domain.ties import lexicographic

FOLDER = os.environ.get("PABULIB_DIR")
NOT_RUN = "not run: PABULIB_DIR does not name a folder of published elections with their truths"


def truths() -> list[Path]:
    return sorted(Path(FOLDER, "truth").glob("*.json")) if FOLDER else []


@pytest.mark.skipif(not FOLDER, reason=NOT_RUN)
def test_every_rule_selects_the_truth_on_every_published_election():
    differing = []
    for truth in truths():
        record = json.loads(truth.read_text(encoding="utf-8"))
        file = pabulib.read(Path(FOLDER or "", record["file"]))
        for rule, expected in record["results"].items():
            ours = recount(file, rule, lexicographic(file.options), {}).to_json()
            if (ours["selected"], ours["total_cost"]) != (
                expected["selected"],
                expected["total_cost"],
            ):
                differing.append(f"{record['file']}: {rule}")
    assert truths()
    assert differing == []
