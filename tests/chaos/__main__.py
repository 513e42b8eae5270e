"""`make chaos`: settle thousands of pledges while processes, servers and the provider fail.

Prints a line for each run and, as its last line, one JSON object. The exit code is 1 where a
promise was broken, or where the careless control kept them all.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from random import Random
from typing import Any

import django

from civicfund.launch.servers import LOCAL
from civicfund.launch.trouble import say
from tests.chaos.town import Town

# What befalls the provider's calls, and what it tells us.
FAULTS = [
    {"kind": "lose_request", "probability": 0.02},
    {"kind": "lose_response", "probability": 0.05},
    {"kind": "error_unsaved", "probability": 0.03},
    {"kind": "error_saved", "path": "/confirm$", "probability": 0.02},
    {"kind": "rate_limit", "probability": 0.02},
    {"kind": "slow", "probability": 0.02, "seconds": 0.3},
]
WEBHOOKS = {"duplicate": 0.3, "drop": 0.2, "reorder_seconds": 2}
LONGEST_SECONDS = 1_800
# Counts that stay zero, over all runs.
PROMISES = ("double_charges", "lost", "stuck", "ledger_minus_provider", "broken_laws")


def main() -> int:
    """Every seed, then the control."""
    asked = _arguments()
    LOCAL.mkdir(exist_ok=True)
    home = Path(tempfile.mkdtemp(prefix="chaos-", dir=LOCAL))
    town = Town(home)
    started = time.monotonic()
    try:
        os.environ.update(town.start_servers())
        django.setup()
        town.make_tables(asked.tables)
        runs = [_run(town, asked, seed, careless=False) for seed in range(1, asked.seeds + 1)]
        control = _run(town, asked, seed=0, careless=True)
    finally:
        town.stop()
        shutil.rmtree(home, ignore_errors=True)
    sums = {
        name: sum(run[name] for run in runs)
        for name in ("kills", "crashes", "wipes", "faults", *PROMISES)
    }  # fmt: skip
    report = {
        "pledges": asked.pledges,
        "seeds": asked.seeds,
        **sums,
        "boundaries": runs[0]["boundaries"],
        "control_double_charges": control["double_charges"],
        "seconds": round(time.monotonic() - started, 1),
    }
    say(json.dumps(report))
    kept = not any(run[name] for run in runs for name in PROMISES)
    return 0 if kept and control["double_charges"] else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pledges", type=int, default=5_000)
    parser.add_argument("--kills", type=int, default=100, help="at random moments, in each run")
    parser.add_argument("--crashes", type=int, default=3, help="of PostgreSQL, in each run")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--control-pledges", type=int, default=200)
    parser.add_argument("--tables", type=Path, help="a file of tests/tables.py, not to migrate")
    return parser.parse_args()


def _run(town: Town, asked: argparse.Namespace, seed: int, *, careless: bool) -> dict[str, Any]:
    from tests.chaos import backers, verdict  # noqa: PLC0415 -- they need the settings

    pledges = min(asked.control_pledges, asked.pledges) if careless else asked.pledges
    shutil.rmtree(town.home / "boundaries", ignore_errors=True)
    (town.home / "boundaries").mkdir()
    town.sandbox.control("faults", rules=[], seed=seed)
    town.sandbox.control("webhooks", seed=seed, **WEBHOOKS)
    campaign = backers.promised(_gateway(), pledges, f"run-{seed}")
    good = _good(campaign, backers.is_bad)
    town.sandbox.control("faults", rules=FAULTS, seed=seed)
    started, before = time.monotonic(), _faults(town)
    town.start_programs(careless=careless)
    backers.let_end(campaign)
    broken = _break_things(town, campaign, asked, Random(seed), careless=careless)  # noqa: S311 -- repeatable
    at_boundaries = sorted(path.name for path in (town.home / "boundaries").iterdir())
    town.stop_programs()
    said: dict[str, Any] = {
        "seed": seed,
        "control": careless,
        "pledges": pledges,
        **asdict(verdict.of(campaign, good)),
        "kills": broken["kills"] + len(at_boundaries),
        "crashes": broken["crashes"],
        "wipes": broken["wipes"],
        "faults": _faults(town) - before,
        "boundaries": len({name.rsplit(".", 1)[0] for name in at_boundaries}),
        "seconds": round(time.monotonic() - started, 1),
    }
    say("  ".join(f"{name} {value}" for name, value in said.items()))
    return said


def _faults(town: Town) -> int:
    return int(sum(town.sandbox.control("faults")["struck"].values()))


def _gateway() -> Any:
    from civicfund.payments.gateways import gateway  # noqa: PLC0415

    return gateway()


def _good(campaign: Any, is_bad: Any) -> set[str]:
    from civicfund.pledges.models import Pledge  # noqa: PLC0415

    rows = Pledge.objects.filter(campaign=campaign).order_by("backer_id")
    return {str(pk) for n, pk in enumerate(rows.values_list("pk", flat=True)) if not is_bad(n)}


def _break_things(
    town: Town, campaign: Any, asked: argparse.Namespace, random: Random, *, careless: bool
) -> dict[str, int]:
    """Kill, crash and wipe as the settlement goes on, until all is settled; how often each."""
    total, kills, crashes, wipes = _left(campaign), 0, 0, 0
    give_up = time.monotonic() + LONGEST_SECONDS
    while (left := _left(campaign)) and time.monotonic() < give_up:
        town.mend()
        done = 1 - left / total
        if kills < asked.kills and done >= kills / (asked.kills + 1):
            time.sleep(random.random() * 0.3)
            town.kill_a_worker(random)
            kills += 1
        if not careless and crashes < asked.crashes and done >= (crashes + 0.5) / asked.crashes:
            town.crash_database()
            crashes += 1
        if not wipes and done >= 0.4:
            town.wipe_redis()
            wipes = 1
        if careless and _nothing_moves(campaign):
            break
        time.sleep(0.1)
    return {"kills": kills, "crashes": crashes, "wipes": wipes}


def _left(campaign: Any) -> int:
    """How many are unfinished; asked again where the database has just crashed."""
    from django.db import OperationalError, close_old_connections  # noqa: PLC0415

    from tests.chaos import verdict  # noqa: PLC0415

    while True:
        try:
            return verdict.unfinished(campaign)
        except OperationalError:
            close_old_connections()
            time.sleep(0.2)


def _nothing_moves(campaign: Any) -> bool:
    """The control writes no outcome down: it is over when no pledge is due any more."""
    from civicfund.pledges.enums import PledgeState  # noqa: PLC0415
    from civicfund.pledges.models import Pledge  # noqa: PLC0415

    waiting = (PledgeState.ACTIVE, PledgeState.DUE)
    return not Pledge.objects.filter(campaign=campaign, state__in=waiting).exists()


if __name__ == "__main__":
    sys.exit(main())
