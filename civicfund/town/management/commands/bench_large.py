"""Measure every list, search and page of a large town, eight people asking at once."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser
from django.db import connection, connections

from budgeting.models import Cycle
from budgeting.selectors import proposals_paged
from civicfund.people.models import User
from civicfund.places.models import Neighborhood
from civicfund.projects.models import Project
from civicfund.projects.selectors.similar import Idea, similar_projects
from civicfund.projects.views.listing import PER_PAGE
from civicfund.talk.enums import SubjectKind
from civicfund.town.bench.measure import rate, timed
from civicfund.town.bench.site import running_site
from civicfund.town.bench.visitors import Visitor
from civicfund.town.bench.year import SLUG
from civicfund.town.demo.accounts import account

CLIENTS = 8
WARM_UP = 5
FOR_PEOPLE = {"/me/", "/me/notices/", "/me/all/supports/"}
# Who of the staff reads what.
DESKS = {
    "review board": ("reviewer", f"/budget/{SLUG}/reviews/"),
    "desk of comments": ("moderator", "/desk/comments/"),
    "desk of questions": ("spokesperson", "/desk/questions/"),
    "trail of the cycle": ("administrator", f"/budget/{SLUG}/trail/"),
    "participation in the cycle": ("administrator", f"/budget/{SLUG}/participation/"),
}
TYPED = ("A safer crossing at School Lane", "New bench", "quiet gardn near the harbor", "Bridge")
# Pages are drawn anew for each who asks; what the cache spares is measured apart.
NOTHING_KEPT = {"PAGES_KEPT_SECONDS": "0"}
AS_SERVED = {"PAGES_KEPT_SECONDS": "5"}


class Command(BaseCommand):
    """Needs an empty database: `make bench` brings throw-away servers. Loopback only."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """The sizes; a test takes small ones."""
        parser.add_argument("--people", type=int, default=100_000)
        parser.add_argument("--projects", type=int, default=20_000)
        parser.add_argument("--comments", type=int, default=200_000)
        parser.add_argument("--campaigns", type=int, default=200, help="that raise money now")
        parser.add_argument("--proposals", type=int, default=2_000, help="in one cycle")
        parser.add_argument("--times", type=int, default=15, help="by each client and page")

    def handle(self, **options: Any) -> None:
        """Seed, start the site, measure, stop it."""
        call_command("migrate", database="owner", verbosity=0)
        call_command("grant_rights")
        names = ("people", "projects", "comments", "campaigns", "proposals")
        sizes = {name: options[name] for name in names}
        self.stderr.write(f"Seeding {sizes}")
        started = time.perf_counter()
        call_command("seed_large", **sizes)
        figures: dict[str, Any] = {
            "date": datetime.now(UTC).date().isoformat(),
            "cores": os.cpu_count(),
            "load_before": round(os.getloadavg()[0], 1),
            "seeded_in_seconds": round(time.perf_counter() - started, 1),
        }
        with connections["owner"].cursor() as owner:
            owner.execute("VACUUM (ANALYZE)")  # as autovacuum has done in any town of some age
        figures["similar projects"] = _similar(options["times"])
        figures |= _of_a_site(NOTHING_KEPT, lambda site: self._pages(site, options["times"]))
        figures |= _of_a_site(AS_SERVED, lambda site: self._kept_pages(site, 4 * options["times"]))
        for name, value in figures.items():
            self.stdout.write(f"{name:<36}{value}")
        self.stdout.write(json.dumps(figures))

    def _pages(self, site: str, times: int) -> dict[str, dict[str, float]]:
        person = User.objects.filter(email__endswith="@large.example").latest("pk")
        found = {}
        for name, path in _addresses().items():
            self.stderr.write(f"Page: {name}")
            everybody = {"": None, ", signed in": person}
            for who, user in everybody.items():
                if user or path not in FOR_PEOPLE:
                    visitors = [Visitor(site, user) for _ in range(CLIENTS)]
                    found[f"{name}{who}"] = _read(visitors, path, times)
        for name, (role, path) in DESKS.items():
            self.stderr.write(f"Page: {name}")
            staff = [Visitor(site, account(role), second_factor=True) for _ in range(CLIENTS)]
            found[f"{name}, a {role}"] = _read(staff, path, times)
        return found

    def _kept_pages(self, site: str, times: int) -> dict[str, dict[str, float]]:
        """As strangers get them usually: drawn once in some seconds by each web process."""
        found = {}
        for name, path in _addresses().items():
            if path not in FOR_PEOPLE and not path.startswith("/api/"):
                self.stderr.write(f"Page as it is kept: {name}")
                visitors = [Visitor(site) for _ in range(CLIENTS)]
                found[f"{name}, kept"] = _read(visitors, path, times)
        return found


def _of_a_site(
    also: dict[str, str], measure: Callable[[str], dict[str, dict[str, float]]]
) -> dict[str, dict[str, float]]:
    with (
        tempfile.TemporaryDirectory() as folder,
        running_site(Path(folder), also=also, with_worker=False) as (site, _sandbox),
    ):
        return measure(site)


def _similar(times: int) -> dict[str, float]:
    ideas = [Idea(title=typed, latitude=47.62, longitude=-23.44) for typed in TYPED]
    turns = iter(range(10**9))
    act: Callable[[], object] = lambda: similar_projects(ideas[next(turns) % len(ideas)])  # noqa: E731
    return timed(act, tries=max(2, times * len(ideas))).as_dict()


def _read(visitors: list[Visitor], path: str, times: int) -> dict[str, float]:
    def read(client: int) -> None:
        visitors[client].read(path)

    # Every thread of the site has its own connection, whose server plans each question once.
    rate(read, clients=len(visitors), times_each=WARM_UP)
    measured = rate(read, clients=len(visitors), times_each=times)
    return measured.timing.as_dict() | {"per_second": measured.per_second}


def _addresses() -> dict[str, str]:
    """What people open most, each where it holds most."""
    talked = (
        Project.objects.listed()
        .filter(pk__in=_threads_with_most())
        .order_by("pk")
        .values_list("pk", flat=True)[0]
    )
    last_page = -(-Project.objects.listed().count() // PER_PAGE)
    hood = Neighborhood.objects.filter(parent__isnull=False).order_by("pk")[0].slug
    city = Neighborhood.objects.get(kind="city").slug
    return {
        "home": "/",
        "projects": "/projects/",
        "projects, last page": f"/projects/?page={last_page}",
        "projects, searched": "/projects/?q=playground+harbor",
        "projects, misspelt": "/projects/?q=plaground",
        "projects of a place, by cost": f"/projects/?neighborhood={hood}&sort=dearest",
        "projects, most supported": "/projects/?sort=supported",
        "projects in a cycle": "/projects/?became=in_cycle",
        "help wanted": "/projects/help/",
        "project with most comments": f"/projects/{talked}/",
        "its whole thread": f"/talk/project/{talked}/",
        "its history": f"/projects/{talked}/history/",
        "neighborhood": f"/neighborhoods/{hood}/",
        "whole town": f"/neighborhoods/{city}/",
        "campaigns": "/campaigns/",
        "cycles": "/budget/",
        "cycle with most proposals": f"/budget/{SLUG}/",
        "cycle, last page": f"/budget/{SLUG}/?page={_pages_of_cycle()}",
        "cycle, searched": f"/budget/{SLUG}/?q=playground+harbor",
        "cycle, most supported": f"/budget/{SLUG}/?sort=supported",
        "moderation, in counts": "/moderation/",
        "my page": "/me/",
        "my notices": "/me/notices/",
        "what I support": "/me/all/supports/",
        "API, projects": "/api/v1/projects/",
    }


def _pages_of_cycle() -> int:
    return proposals_paged(Cycle.objects.get(slug=SLUG)).num_pages


def _threads_with_most() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT thread.subject_id FROM talk_comment comment"
            " JOIN talk_thread thread ON thread.id = comment.thread_id AND thread.kind = %s"
            " GROUP BY thread.subject_id ORDER BY count(*) DESC, 1 LIMIT 1",
            [SubjectKind.PROJECT],
        )
        return [subject for (subject,) in cursor.fetchall()]
