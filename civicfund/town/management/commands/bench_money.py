"""Measure pledging over HTTP, settlement at the provider's limits, and the books."""

from __future__ import annotations

import json
import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.people.services import grant_role
from civicfund.places.models import Neighborhood
from civicfund.town.bench.books import booked_per_second, fill_books
from civicfund.town.bench.measure import rate, timed
from civicfund.town.bench.paced import AT_LIVE_LIMITS, settled_at_live_limits
from civicfund.town.bench.seed import seed_town
from civicfund.town.bench.settling import live_campaign
from civicfund.town.bench.site import running_site
from civicfund.town.bench.visitors import Visitor

CLIENTS = 8
WRITERS = 4


class Command(BaseCommand):
    """Needs an empty database: `make bench-money` brings throw-away servers. Loopback only."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """The sizes; a test takes small ones."""
        parser.add_argument("--pledges", type=int, default=10_000, help="to settle")
        parser.add_argument("--http-pledges", type=int, default=400)
        parser.add_argument("--entries", type=int, default=4_000, help="booked one by one")
        parser.add_argument("--postings", type=int, default=1_000_000, help="under the page")
        parser.add_argument("--tries", type=int, default=20, help="requests for the page")

    def handle(self, **options: Any) -> None:
        """Seed, start the site, measure, stop it."""
        call_command("migrate", database="owner", verbosity=0)
        call_command("grant_rights")
        if Neighborhood.objects.exists():
            raise CommandError("This database holds a town; measure in an empty one.")
        seed_town(4)
        figures: dict[str, Any] = {
            "date": datetime.now(UTC).date().isoformat(),
            "cores": os.cpu_count(),
            "load_before": round(os.getloadavg()[0], 1),
        }
        with (
            tempfile.TemporaryDirectory() as name,
            running_site(Path(name), also=AT_LIVE_LIMITS, with_worker=False) as (site, sandbox),
        ):
            self.stderr.write("Pledging over HTTP")
            figures["pledged"] = _pledged(site, options["http_pledges"])
            self.stderr.write("Settling at the provider's limits")
            backers = _people(options["pledges"], "settled")
            figures["settled"] = settled_at_live_limits(backers, sandbox, Path(name))
            self.stderr.write("Booking")
            figures["postings_per_second"] = booked_per_second(options["entries"], WRITERS)
            self.stderr.write("Filling the books")
            fill_books(options["postings"])
            figures["treasury"] = _pages(site, options["postings"], options["tries"])
        for group, value in figures.items():
            self.stdout.write(f"{group:<24}{value}")
        self.stdout.write(json.dumps(figures))


def _people(number: int, word: str) -> list[User]:
    return User.objects.bulk_create(
        [
            User(email=f"{word}-{n}@bench.invalid", display_name=f"{word.title()} {n}")
            for n in range(number)
        ],
        batch_size=1000,
    )


def _pledged(site: str, number: int) -> dict[str, float]:
    """Pledges a second that the site takes: a choice, and the consent to what it comes to."""
    campaign = live_campaign(number, seconds=3600)
    each = max(1, number // CLIENTS)
    visitors = [Visitor(site, person) for person in _people(CLIENTS * each, "pledging")]
    path = f"{campaign.get_absolute_url()}pledge/"
    for visitor in visitors:
        visitor.read(path)
    left = [iter(visitors[first::CLIENTS]) for first in range(CLIENTS)]
    measured = rate(
        lambda client: next(left[client]).pledge(path, "25"), clients=CLIENTS, times_each=each
    )
    return {"clients": CLIENTS, "per_second": measured.per_second, "p95_ms": measured.timing.p95_ms}


def _pages(site: str, postings: int, tries: int) -> dict[str, float]:
    """The treasurers' desk and a statement, over so many postings."""
    [treasurer] = _people(1, "treasurer")
    grant_role(treasurer, Role.TREASURER, by=None)
    visitor = Visitor(site, treasurer, second_factor=True)
    found: dict[str, float] = {"postings": postings}
    pages = {"desk": "/treasury/", "statement": "/treasury/account/?code=stripe_pending"}
    for name, path in pages.items():
        taken = timed(lambda path=path: visitor.read(path), tries=tries)  # type: ignore[misc]
        found |= {f"{name}_p50_ms": taken.p50_ms, f"{name}_p95_ms": taken.p95_ms}
    return found
