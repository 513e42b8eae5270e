"""Measure voting at its closing hour, and a whole vote from its close to its outcome."""

from __future__ import annotations

import json
import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from civicfund.places.models import Neighborhood
from civicfund.town.bench.seed import seed_ballot, seed_town
from civicfund.town.bench.site import running_site
from civicfund.town.bench.voting import casts_by_clients, voters_beside_readers
from civicfund.town.bench.whole_vote import measured, sealed_vote

# Voters a second, and for how many seconds: a busy evening, and the last minute.
PER_SECOND, SECONDS = [25, 60], [600, 60]
AS_SERVED = {"PAGES_KEPT_SECONDS": "5", "OPEN_CYCLE_KEPT_SECONDS": "1"}


class Command(BaseCommand):
    """Needs an empty database: `make bench-vote` brings throw-away servers. Loopback only."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """The sizes; a test takes small ones."""
        parser.add_argument("--projects", type=int, default=40, help="on the ballot")
        parser.add_argument("--casts", type=int, default=960, help="by each number of clients")
        parser.add_argument("--per-second", type=int, nargs="*", default=PER_SECOND)
        parser.add_argument("--seconds", type=int, nargs="*", default=SECONDS)
        parser.add_argument("--ballots", type=int, nargs="*", default=[100_000, 1_000_000])
        parser.add_argument("--options", type=int, default=118, help="of a whole vote")

    def handle(self, **options: Any) -> None:
        """Seed, start the site, measure, stop it; then close, open and count."""
        call_command("migrate", database="owner", verbosity=0)
        call_command("grant_rights")
        if Neighborhood.objects.exists():
            raise CommandError("This database holds a town; measure in an empty one.")
        loads = list(zip(options["per_second"], options["seconds"], strict=True))
        self.stderr.write("Seeding")
        most = max([64, *(per_second * seconds for per_second, seconds in loads)])
        voters = seed_town(max(options["projects"], options["options"]), voters=most)
        cycle = seed_ballot(options["projects"])
        figures: dict[str, Any] = {
            "date": datetime.now(UTC).date().isoformat(),
            "cores": os.cpu_count(),
            "load_before": round(os.getloadavg()[0], 1),
        }
        with (
            tempfile.TemporaryDirectory() as folder,
            running_site(Path(folder), also=AS_SERVED, with_worker=False) as (site, _sandbox),
        ):
            self.stderr.write("Casting")
            figures["casts"] = casts_by_clients(site, cycle, voters, options["casts"])
            for per_second, seconds in loads:
                self.stderr.write(f"{per_second} voters a second for {seconds} s")
                figures[f"{per_second} a second, {seconds} s"] = voters_beside_readers(
                    site, cycle, voters, per_second=per_second, seconds=seconds
                )
        for ballots in options["ballots"]:
            self.stderr.write(f"Sealing {ballots} ballots")
            whole = sealed_vote(ballots, options["options"])
            self.stderr.write(f"Closing, opening and counting {ballots} ballots")
            figures[f"whole vote of {ballots}"] = measured(whole)
        for group, value in figures.items():
            self.stdout.write(f"{group:<28}{value}")
        self.stdout.write(json.dumps(figures))
