"""Fill an empty database with a large town, to look at it or to measure it."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from civicfund.places.models import Neighborhood
from civicfund.town.bench.large import seed_large
from civicfund.town.bench.year import seed_year


class Command(BaseCommand):
    """Makes people up by the number; never for a town of real people."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """How many of each."""
        parser.add_argument("--people", type=int, default=100_000)
        parser.add_argument("--projects", type=int, default=20_000)
        parser.add_argument("--comments", type=int, default=200_000)
        parser.add_argument("--campaigns", type=int, default=200, help="that raise money now")
        parser.add_argument("--proposals", type=int, default=2_000, help="in one cycle")

    def handle(self, **options: Any) -> None:
        """Refuses a database with a town in it."""
        if Neighborhood.objects.exists():
            raise CommandError("This database holds a town; seed an empty one.")
        sizes = {name: options[name] for name in ("people", "projects", "comments", "campaigns")}
        seed_large(**sizes)
        seed_year(options["proposals"])
        sizes["proposals"] = options["proposals"]
        self.stdout.write("  ".join(f"{name} {number}" for name, number in sizes.items()))
