"""Measure a count from opened ballots in PostgreSQL to a public outcome, beside a bare COPY."""

from __future__ import annotations

import json
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from budgeting.models import Cycle
from civicfund.town.bench.opened import measured, opened_election


class Command(BaseCommand):
    """Needs an empty database: `make bench-tally` brings throw-away servers. Loopback only."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Sizes and rules; each is measured with each."""
        parser.add_argument("--ballots", type=int, nargs="+", default=[100_000, 1_000_000])
        parser.add_argument("--rules", nargs="+", default=["equal_shares_cost_greedy"])

    def handle(self, **options: Any) -> None:
        """Write the ballots, count them, say how long that took; JSON on the last line."""
        call_command("migrate", database="owner", verbosity=0)
        call_command("grant_rights")
        if Cycle.objects.exists():
            raise CommandError("This database holds cycles; measure in an empty one.")
        figures = []
        for ballots in options["ballots"]:
            for rule in options["rules"]:
                self.stderr.write(f"{ballots} ballots, {rule}: writing")
                cycle = opened_election(ballots, rule)
                self.stderr.write(f"{ballots} ballots, {rule}: counting")
                figures.append(measured(cycle))
                self.stdout.write("  ".join(f"{key} {value}" for key, value in figures[-1].items()))
        self.stdout.write(json.dumps({"from_postgresql": figures}))
