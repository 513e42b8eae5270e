"""A small run of `make trust`, of those that take long two a day; the full figures are in
docs/trust.md.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from budgeting.domain.roll import Wrong
from civicfund.launch.servers import ROOT
from tests.trust.proofs import PROOFS
from tests.trust.proofs.roll import PLANT

pytestmark = [pytest.mark.processes, pytest.mark.timeout(1_500)]

# What runs as tests of its own, in a browser.
ELSEWHERE = {"B7"}
# The long ones take turns: each is tried every third day, and all of them by `make trust`.
LONG = ("B1", "B2", "B4", "B8", "B9", "B12")


def todays() -> list[str]:
    turn = set(LONG[datetime.now(UTC).date().toordinal() % 3 :: 3])
    names = [proof.name for proof in PROOFS if proof.name not in ELSEWHERE]
    return [name for name in names if name not in LONG or name in turn]


@pytest.mark.long
@pytest.mark.xdist_group("the whole machine")
def test_every_promise_holds_and_every_control_breaks_it(tables):
    clean = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
    names = todays()
    done = subprocess.run(
        [sys.executable, "-m", "tests.trust", "--size", "small", "--only", *names,
         *(["--tables", tables] if tables else [])],
        cwd=ROOT, env=clean, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr[-4000:]
    report = json.loads(done.stdout.splitlines()[-1])
    assert (report["broken"], report["controls_passed"]) == (0, 0)
    assert report["promises"] == len(names) == len(report["rows"])


def test_every_kind_of_defect_that_the_reader_knows_is_planted():
    assert set(PLANT) == set(Wrong)
