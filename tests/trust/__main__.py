"""`make trust`: try every promise of the vote, each beside a control that has to fail.

Prints a line for each promise, a table and, as its last line, one JSON object. The exit code is 1
where a promise was broken, or where a control kept one.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import django

from civicfund.launch.servers import LOCAL, ROOT
from civicfund.launch.trouble import say
from tests.trust.town import Town

if TYPE_CHECKING:
    from tests.trust.result import Proof, Result


def main() -> int:
    """Every proof, or those that are named; asked to stop, it stops what it started."""
    asked = _arguments()
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    LOCAL.mkdir(exist_ok=True)
    home = Path(tempfile.mkdtemp(prefix="trust-", dir=LOCAL))
    town, started, commit = Town(home), time.monotonic(), _commit()
    try:
        os.environ.update(town.start_servers())
        _prepare(home)
        town.make_tables(asked.tables)
        town.keep_blank()
        town.start_site()
        rows = [_try(town, proof, full=asked.size == "full") for proof in _proofs(asked.only)]
    finally:
        town.stop()
        if asked.keep:
            say(f"The town's files are in {home}.")
        else:
            shutil.rmtree(home, ignore_errors=True)
    report = {
        "date": datetime.now(UTC).date().isoformat(),
        "commit": commit,
        "size": asked.size,
        "promises": len(rows),
        "broken": sum(row["broken"] for row in rows),
        "controls_passed": sum(row["control_passed"] for row in rows),
        "seconds": round(time.monotonic() - started, 1),
    }
    say(_table(rows))
    say(json.dumps(report | {"rows": rows}))
    return 1 if report["broken"] or report["controls_passed"] else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=("small", "full"), default="full")
    parser.add_argument("--only", nargs="*", default=[], help="promises by their names, as B1")
    parser.add_argument("--tables", type=Path, help="a file of tests/tables.py, not to migrate")
    parser.add_argument("--keep", action="store_true", help="leave the logs and the data")
    return parser.parse_args()


def _prepare(home: Path) -> None:
    """The settings, now that the servers' addresses are known; their logs go to a file."""
    django.setup()
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setStream((home / "trials.log").open("a"))


def _proofs(only: list[str]) -> list[Proof]:
    from tests.trust.proofs import PROOFS  # noqa: PLC0415 -- they need the settings

    unknown = set(only) - {proof.name for proof in PROOFS}
    if unknown:
        raise SystemExit(f"No such promise: {', '.join(sorted(unknown))}")
    return [proof for proof in PROOFS if not only or proof.name in only]


def _try(town: Town, proof: Proof, *, full: bool) -> dict[str, Any]:
    """One promise; a trial that fails to run is a promise that was not shown, and so is broken."""
    started = time.monotonic()
    try:
        came: Result | None = proof.prove(town, full)
    except Exception:
        traceback.print_exc()
        came = None
    row = {
        "name": proof.name,
        "promise": proof.promise,
        "tried": came.tried if came else "the trial did not run to its end",
        "size": came.size if came else "",
        "result": "; ".join(came.faults) or "holds" if came else "not shown",
        "control": came.control if came else "",
        "seconds": round(time.monotonic() - started, 1),
        "broken": int(came is None or bool(came.faults)),
        "control_passed": int(came is not None and not came.control_failed),
    }
    say(
        f"{row['name']:<4} {'BROKEN' if row['broken'] else 'holds '}"
        f" {'CONTROL HELD' if row['control_passed'] else 'control failed'}"
        f" {row['seconds']:>7.1f} s  {row['promise']}"
    )
    return row


def _table(rows: list[dict[str, Any]]) -> str:
    """What was tried and what came of it, as docs/trust.md has it."""
    lines = ["| promise | tried | how often | result | control | seconds |", "|---" * 6 + "|"]
    for row in rows:
        cells = (f"{row['name']} {row['promise']}", row["tried"], row["size"], row["result"])
        lines.append(f"| {' | '.join(cells)} | {row['control']} | {row['seconds']:,.0f} |")
    return "\n".join(lines)


def _commit() -> str:
    done = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],  # noqa: S607 -- whichever there is
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.stdout.strip() or "unknown"


if __name__ == "__main__":
    sys.exit(main())
