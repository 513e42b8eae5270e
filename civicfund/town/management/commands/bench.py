"""Measure pages, ballots, settlement and counting; a table, then one JSON object."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from budgeting.models import Cycle
from civicfund.people.models import User
from civicfund.places.models import Neighborhood
from civicfund.town.bench.counting import BALLOTS, counted
from civicfund.town.bench.election import import_made_up
from civicfund.town.bench.measure import timed
from civicfund.town.bench.seed import seed_ballot, seed_town
from civicfund.town.bench.settling import settled_per_second
from civicfund.town.bench.site import running_site
from civicfund.town.bench.visitors import Visitor
from civicfund.town.bench.voting import casts_by_clients


class Command(BaseCommand):
    """Needs an empty database: `make bench` brings throw-away servers. Loopback only."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """The sizes; a test takes small ones."""
        parser.add_argument("--projects", type=int, default=2_000)
        parser.add_argument("--proposals", type=int, default=200)
        parser.add_argument("--tries", type=int, default=60, help="requests for each page")
        parser.add_argument("--casts", type=int, default=160)
        parser.add_argument("--pledges", type=int, default=200)
        parser.add_argument("--pledging-seconds", type=int, default=25)
        parser.add_argument("--ballots", type=int, default=20_000, help="of the imported election")
        parser.add_argument("--counted", type=int, default=BALLOTS, help="ballots that are counted")

    def handle(self, **options: Any) -> None:
        """Seed, start the site, measure, stop it."""
        self.prepare()
        self.stderr.write("Seeding")
        voters = seed_town(options["projects"])
        cycle = seed_ballot(options["proposals"])
        imported = import_made_up(options["ballots"])
        figures: dict[str, Any] = self.facts()
        with tempfile.TemporaryDirectory() as folder, running_site(Path(folder)) as (site, sandbox):
            figures["pages"] = self.pages(site, voters[0], cycle, imported, options["tries"])
            self.stderr.write("Casting")
            figures["casts"] = casts_by_clients(site, cycle, voters, options["casts"])
            self.stderr.write("Pledging and settling")
            figures["settlement"] = settled_per_second(
                voters[: options["pledges"]], sandbox, options["pledging_seconds"]
            )
        self.stderr.write("Counting")
        figures["count"] = counted(options["counted"])
        self.show(figures)

    def prepare(self) -> None:
        """Tables and rights, in a database that nobody uses."""
        call_command("migrate", database="owner", verbosity=0)
        call_command("grant_rights")
        if Neighborhood.objects.exists():
            raise CommandError("This database holds a town; measure in an empty one: make bench.")

    def facts(self) -> dict[str, Any]:
        """What the figures were measured on, and when."""
        commit = subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"],  # noqa: S607 -- whichever git is there
            cwd=settings.BASE_DIR,
            capture_output=True,
            text=True,
            check=False,
        )
        with connection.cursor() as cursor:
            cursor.execute("SHOW server_version")
            server = cursor.fetchone()[0]
        return {
            "date": datetime.now(UTC).date().isoformat(),
            "commit": commit.stdout.strip() or "unknown",
            "cores": os.cpu_count(),
            "load_before": round(os.getloadavg()[0], 1),
            "python": platform.python_version(),
            "postgresql": server,
        }

    def pages(
        self, site: str, voter: User, cycle: Cycle, imported: Cycle, tries: int
    ) -> dict[str, dict[str, float]]:
        """p50, p95 and p99 of each page, asked for one after the other."""
        stranger, resident = Visitor(site), Visitor(site, voter)
        acts: dict[str, Callable[[], object]] = {
            "home": lambda: stranger.read("/"),
            "home, signed in": lambda: resident.read("/"),
            "projects": lambda: stranger.read("/projects/"),
            "ballot": lambda: resident.read(f"/budget/{cycle.slug}/ballot/"),
            "results": lambda: stranger.read(f"/budget/{imported.slug}/results/"),
        }
        found = {}
        for name, act in acts.items():
            self.stderr.write(f"Page: {name}")
            found[name] = timed(act, tries=tries).as_dict()
        return found

    def show(self, figures: dict[str, Any]) -> None:
        """The table, and the JSON on the last line."""
        for group, values in figures.items():
            if not isinstance(values, dict):
                self.stdout.write(f"{group:<34}{values}")
                continue
            for name, value in values.items():
                shown = value
                if isinstance(value, dict):
                    shown = "  ".join(f"{key} {figure}" for key, figure in value.items())
                self.stdout.write(f"{group}: {name:<32}{shown}")
        self.stdout.write(json.dumps(figures))
