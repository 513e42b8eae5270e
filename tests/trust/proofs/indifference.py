"""No partial results before they are published: two towns that differ only in what was chosen."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from unittest.mock import patch

import psycopg
from django.core.cache import cache
from django.db import connections
from django.test import override_settings

from budgeting.models import Cycle
from budgeting.services import urns
from budgeting.services.ballots import Choice, cast
from budgeting.services.closing import close_cycle
from budgeting.services.counting import count_cycle
from budgeting.services.results import certify
from budgeting.services.trustees import approve_unsealing, request_unsealing
from budgeting.services.unsealing import unseal
from civicfund.launch.postgres import OWNER
from civicfund.people.enums import Role
from civicfund.people.models import User
from tests.factories.budgeting import trustees
from tests.trust import crawl, planted
from tests.trust.crawl import Answers, Asked, Cast, Key
from tests.trust.electorate import Vote, open_vote, opened_ballots
from tests.trust.result import Result, faults
from tests.trust.town import BLANK, Town

STATES = ("open", "closed", "unsealed", "counted", "certified")
TOWNS = ("trust_one", "trust_other")
OPTIONS = 6


def two_towns(town: Town, full: bool) -> Result:
    """Every route, role and format answers alike in both, until the results are published."""
    asked = Asked.full() if full else Asked.small()
    pairs, leaks, seen_at_desk = 0, 0, 0
    different: list[str] = []
    shut_out: set[str] = set()
    with _two_towns(town, 40 if full else 12) as (vote, people):
        for state in STATES:
            for name in TOWNS:
                _bring_to(town, name, vote, people, state)
            if state == "unsealed" and len({_opened(town, name, vote) for name in TOWNS}) == 1:
                raise RuntimeError("the two towns chose alike: nothing is tried")
            if state == "open":
                with override_settings(ROOT_URLCONF=planted.__name__):
                    leaks = len(_different(town, vote, people, Asked.planted())[1])
            if state in asked.states:
                answers, found = _different(town, vote, people, asked.in_state(state))
                pairs += len(answers)
                shut_out |= crawl.shut_out(answers)
                leaks_now = [key for key in found if not crawl.may_learn(state, key)]
                seen_at_desk += len(found) - len(leaks_now)
                different += [f"{state}: {' '.join(key)}" for key in leaks_now]
    return Result(
        tried=f"{len(asked.roles)} roles, every GET route of the URLconf, {len(asked.formats)}"
        f" formats; {', '.join(asked.states)}",
        size=f"{pairs} pairs of answers, {len(different)} different; beside them {seen_at_desk}"
        " at the desk of those who certify, after the count",
        faults=faults(pairs_that_differ=len(different), staff_whose_desk_was_shut=len(shut_out))
        + tuple(different[:10]),
        control=f"a view that shows a running count is found in {leaks} answers",
        control_failed=leaks > 0,
    )


def _different(town: Town, vote: Vote, people: Cast, asked: Asked) -> tuple[Answers, list[Key]]:
    """What one of the towns answers, and where the other answers differently."""
    answers: dict[str, Answers] = {}
    for name in TOWNS:
        with _in(town, name):
            answers[name] = crawl.answers(vote, people, asked)
    doubtful = crawl.differences(*answers.values())
    # A clock that moved on between the two is alike the next time; a leak is not.
    for name in TOWNS if doubtful else ():
        with _in(town, name):
            answers[name] |= crawl.ask(people, doubtful, vote)
    return answers[TOWNS[0]], crawl.differences(*answers.values())


def _opened(town: Town, name: str, vote: Vote) -> tuple[tuple[int, ...], ...]:
    with _in(town, name):
        return tuple(opened_ballots(vote))


@contextmanager
def _two_towns(town: Town, voters: int) -> Iterator[tuple[Vote, Cast]]:
    """Two databases that are copies of one, up to the first cast; our connections come back."""
    home = connections["default"].settings_dict["NAME"]
    one, other = TOWNS
    try:
        with town.superuser() as server:
            _make(server, one, BLANK)
        with _in(town, one):
            vote = open_vote(voters, options=OPTIONS)
            people = crawl.cast_of(vote)
        # Far enough away that "in … days" is the same word all the while.
        with town.superuser(one) as database:
            database.execute(
                "UPDATE budgeting_phase SET ends_at = clock_timestamp() + interval '40.5 days'"
            )
        with town.superuser() as server:
            _make(server, other, one)
        shutil.copytree(town.home / f"keys-{one}", town.home / f"keys-{other}")
        for seed, name in enumerate(TOWNS):
            with _in(town, name):
                _cast_all(vote, Random(seed))  # noqa: S311 -- repeatable
        yield vote, people
    finally:
        _use(home)
        with town.superuser() as server:
            for name in TOWNS:
                server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
                shutil.rmtree(town.home / f"keys-{name}", ignore_errors=True)


def _make(server: psycopg.Connection, name: str, template: str) -> None:
    server.execute(f"CREATE DATABASE {name} TEMPLATE {template} OWNER {OWNER}")


@contextmanager
def _in(town: Town, name: str) -> Iterator[None]:
    """Be in one of the towns, with its keys and a cache of its own."""
    _use(name)
    keys = town.home / f"keys-{name}"
    keys.mkdir(mode=0o700, exist_ok=True)
    with override_settings(SLOT_KEYS=str(keys)):
        yield
    for alias in connections:
        connections[alias].close()


def _use(name: str) -> None:
    for alias in connections:
        connections[alias].close()
        connections[alias].settings_dict["NAME"] = name
    cache.clear()


def _cast_all(vote: Vote, random: Random) -> None:
    """Everybody casts, some twice; receipts are the same in both towns, choices are not."""
    receipts = Random(99)  # noqa: S311 -- the same in both towns is the point
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

    def receipt() -> str:
        return "-".join("".join(receipts.choices(letters, k=4)) for _ in range(5))

    cycle = Cycle.objects.get(pk=vote.cycle.pk)
    pot = cycle.pots.get()
    favorites = random.sample(range(OPTIONS), 2)
    with patch.object(urns, "new_receipt", receipt):
        for voter in [*vote.voters[1:], *vote.voters[1:4]]:
            count = random.randint(1, 3)
            chosen = random.sample(favorites if count < 3 else range(OPTIONS), min(count, 2))
            named = [vote.named[place] for place in chosen]
            cast(cycle, voter.entry, {pot.pk: Choice(named)})
            planted.note(named)


def _bring_to(town: Town, name: str, vote: Vote, people: Cast, state: str) -> None:
    """From the state before to this one, by the services, and by the same people in both towns."""
    with _in(town, name):
        cycle = Cycle.objects.get(pk=vote.cycle.pk)
        one, other = (
            User.objects.get(pk=people[who])
            for who in (Role.BUDGET_ADMINISTRATOR, crawl.SECOND_ADMINISTRATOR)
        )
        match state:
            case "closed":
                with town.superuser(name) as database:
                    database.execute("UPDATE budgeting_phase SET ends_at = clock_timestamp()")
                close_cycle(cycle)
            case "unsealed":
                request_unsealing(cycle, by=one)
                approve_unsealing(cycle, by=other)
                unseal(cycle, trustees()[:2])
            case "counted":
                count_cycle(cycle)
            case "certified":
                certify(cycle, by=User.objects.get(pk=people[Role.CERTIFIER]))
