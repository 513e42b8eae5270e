"""A small run of `make chaos`; the full figures are in docs/trust.md."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from civicfund.launch.servers import ROOT

pytestmark = [
    pytest.mark.long,
    pytest.mark.processes,
    pytest.mark.xdist_group("the whole machine"),
    pytest.mark.timeout(400),
]


def test_no_promise_is_broken_and_careless_settling_breaks_them(tables):
    clean = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
    done = subprocess.run(
        [
            sys.executable, "-m", "tests.chaos", "--pledges", "30", "--kills", "3",
            "--crashes", "1", "--seeds", "1", "--control-pledges", "25",
            *(["--tables", tables] if tables else []),
        ],
        cwd=ROOT, env=clean, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    report = json.loads(done.stdout.splitlines()[-1])
    promises = ("double_charges", "lost", "stuck", "ledger_minus_provider", "broken_laws")
    assert [report[name] for name in promises] == [0] * 5
    assert report["control_double_charges"] > 0
    assert (report["crashes"], report["wipes"]) == (1, 1)
    assert report["kills"] > 10
