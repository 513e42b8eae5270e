"""A large town: so many people, projects and comments, made in batches."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from random import Random
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import models

from civicfund.people.models import User
from civicfund.places.models import Neighborhood
from civicfund.projects.enums import ASKED_PARTS, Category, ProjectState
from civicfund.projects.models import CostLine, Project, Support
from civicfund.talk.enums import SubjectKind, Wrong
from civicfund.talk.models import Comment, Flag, Thread
from civicfund.town.bench.settling import live_campaign
from civicfund.town.demo.accounts import make_staff
from civicfund.town.demo.geography import draw

BATCH = 5_000
# One project in so many is a stub: without story and costs, and looking for help.
STUBS = 4
# One comment in so many asks the city, one was reported.
QUESTIONS, REPORTED = 400, 1_000
# What a campaign of a large town aims at, and for how long.
BACKERS_WANTED, CAMPAIGN_SECONDS = 40, 20 * 86_400
THINGS = (
    "bench", "playground", "bridge", "library", "garden", "crossing", "lamp", "fountain", "shelter",
    "path", "orchard", "workshop", "kitchen", "stage", "court", "kiosk", "nursery", "meadow",
    "fence", "gallery", "toilet", "hedge", "pond", "ramp", "roof",
)  # fmt: skip
KINDS = (
    "new", "safer", "shared", "quiet", "brighter", "accessible", "covered", "larger", "second",
)  # fmt: skip
PLACES = (
    "Mill", "Harbor", "Chapel", "Station", "Market", "River", "School", "Brewery", "Garden",
    "Tower", "Bridge", "Quarry",
)  # fmt: skip


def seed_large(*, people: int, projects: int, comments: int, campaigns: int) -> None:
    """Places, staff, and so many of each; what exists already is added to."""
    random = Random(7)
    places = list(draw(settings.TOWN_NAME).values())
    make_staff()
    nobody = make_password(None)
    _make(User, (_person(n, nobody) for n in range(people)))
    who = list(User.objects.filter(email__endswith=_DOMAIN).values_list("pk", flat=True))
    _make(Project, (_project(n, random, places, who) for n in range(projects)))
    what = list(Project.objects.listed().order_by("pk").values_list("pk", flat=True))
    _make(CostLine, (_cost(pk, random) for n, pk in enumerate(what) if n % STUBS))
    _make(Support, _supports(what, who, random))
    _make(Thread, (Thread(kind=SubjectKind.PROJECT, subject_id=pk) for pk in what))
    threads = list(Thread.objects.filter(kind=SubjectKind.PROJECT).values_list("pk", flat=True))
    _make(Comment, (_comment(n, random, threads, who) for n in range(comments)))
    said = Comment.objects.order_by("pk").values_list("pk", flat=True)[::REPORTED]
    _make(Flag, (Flag(comment_id=pk, reporter_id=who[0], reason=Wrong.OTHER) for pk in said))
    for _ in range(campaigns):
        live_campaign(BACKERS_WANTED, CAMPAIGN_SECONDS)


_DOMAIN = "@large.example"


def _make(model: type[models.Model], rows: Iterator[Any]) -> None:
    while batch := list(islice(rows, BATCH)):
        model._default_manager.bulk_create(batch, ignore_conflicts=True)


def _person(n: int, password: str) -> User:
    return User(email=f"person-{n}{_DOMAIN}", display_name=f"Person {n}", password=password)


def _project(n: int, random: Random, places: list[Neighborhood], who: list[int]) -> Project:
    words = f"{random.choice(KINDS)} {random.choice(THINGS)}"
    street = f"{random.choice(PLACES)} {random.choice(('Lane', 'Street', 'Square'))} {n % 400}"
    is_stub = n % STUBS == 0
    return Project(
        state=ProjectState.STUB if is_stub else ProjectState.READY,
        title=f"A {words} at {street}",
        summary=f"People near {street} ask for a {words}, and say how it is looked after.",
        story="" if is_stub else f"Where {street} bends there is room for a {words}.\n\n" * 6,
        wanted=[random.choice(ASKED_PARTS)] if is_stub else [],
        category=random.choice(Category.values),
        neighborhood=random.choice(places),
        proposer_id=random.choice(who),
        latitude=47.6 + random.random() / 20,
        longitude=-23.47 + random.random() / 20,
    )


def _cost(project: int, random: Random) -> CostLine:
    return CostLine(
        project_id=project,
        position=1,
        label="All of it",
        amount_minor=random.randint(5, 90) * 10**5,
    )


def _supports(what: list[int], who: list[int], random: Random) -> Iterator[Support]:
    """From none to forty for each project."""
    for project in what:
        for person in random.sample(who, min(len(who), random.randint(0, 40))):
            yield Support(project_id=project, person_id=person)


def _comment(n: int, random: Random, threads: list[int], who: list[int]) -> Comment:
    """A tenth of them under a tenth of the projects' threads, as it happens where people argue."""
    thread = threads[n % max(1, len(threads) // 10)] if n % 10 == 0 else random.choice(threads)
    return Comment(
        thread_id=thread,
        author_id=random.choice(who),
        body=f"I walk there every day, and a {random.choice(THINGS)} would help. ({n})",
        asks_city=n % QUESTIONS == 0,
    )
