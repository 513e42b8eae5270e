"""Votes with many voters, each of whom has an account and a code from a letter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import uuid4

import psycopg
from django.contrib.auth.hashers import make_password

from budgeting.domain.roll import plain_number
from budgeting.enums import VoterGroup
from budgeting.models import Cycle, OpenedBallot, RollEntry
from budgeting.services.closing import close_cycle
from budgeting.services.roll import person_key, set_eligibility
from civicfund.people.models import User
from tests.budgeting.test_roll import imported, letters_to
from tests.factories.budgeting import administrator, codes, draft_cycle, open_by_trustees, opened
from tests.factories.paper import all_keyed
from tests.factories.places import NeighborhoodFactory
from tests.trust.town import Town

BORN = 1980


@dataclass(frozen=True, slots=True)
class Voter:
    """One line of the roll; ``number`` counts from one, and ``code`` came in a letter."""

    number: int
    entry: RollEntry
    user: User
    code: str

    @property
    def address(self) -> str:
        """Everybody comes from a network address of their own: those of loopback are many."""
        return f"127.1.{self.number // 250}.{self.number % 250 + 1}"


@dataclass(frozen=True, slots=True)
class Vote:
    """An open cycle with one pot, and who may vote in it."""

    cycle: Cycle
    voters: Sequence[Voter]
    pot: int
    named: Sequence[str]

    @property
    def field(self) -> str:
        """What the pot is called in the ballot's form."""
        return f"pot-{self.pot}"

    @property
    def page(self) -> str:
        """Where ballots are cast."""
        return f"{self.cycle.get_absolute_url()}ballot/"

    def own_choice(self, voter: Voter) -> list[int]:
        """Options by which a voter's ballot is told from all others: their number, in binary."""
        return [place for place in range(len(self.named)) if voter.number >> place & 1]


def open_vote(
    voters: int, *, options: int | None = None, letters: bool = True, **cycle_as: Any
) -> Vote:
    """An open vote; unless ``options`` says how many, enough to tell all voters' ballots apart.

    ``cycle_as`` is what ``draft_cycle`` takes.
    """
    place = NeighborhoodFactory()
    costs = [10_000] * (options or voters.bit_length())
    cycle = draft_cycle(**{"costs_minor": costs, "amount_minor": 20_000} | cycle_as)
    set_eligibility(
        cycle, minimum_age=16, age_on=date(2026, 1, 1), groups=[VoterGroup.RESIDENT],
        by=administrator(),
    )  # fmt: skip
    rows = [_row(number, place.name) for number in range(1, voters + 1)]
    imported(cycle, *rows)
    cycle = opened(cycle)
    entries = {entry.person_key: entry for entry in cycle.roll.select_related("place")}
    on_roll = [
        entries[person_key(cycle, plain_number(str(number)))] for number in range(1, voters + 1)
    ]
    # A letter ends what came of an earlier one, so accounts come after it.
    sent = {letter.name: letter.code for letter in letters_to(cycle, *rows)} if letters else {}
    accounts = _accounts(cycle, on_roll)
    people = [
        Voter(number, entry, user, sent.get(f"Person {number}", ""))
        for number, (entry, user) in enumerate(zip(on_roll, accounts, strict=True), start=1)
    ]
    pot = cycle.pots.get()
    return Vote(cycle, people, pot.pk, codes(pot))


def _row(number: int, place: str) -> str:
    return f"{number},{BORN}-05-06,{place},Person {number},{number} Long Street,12345,Anytown"


def _accounts(cycle: Cycle, entries: Sequence[RollEntry]) -> list[User]:
    """An account for each line of the roll, which votes as it."""
    nobody = make_password(None)
    users = User.objects.bulk_create(
        User(
            email=f"voter-{cycle.pk}-{number}@trust.example",
            display_name=f"Voter {uuid4().hex}",
            password=nobody,
        )
        for number, _ in enumerate(entries, start=1)
    )
    for entry, user in zip(entries, users, strict=True):
        entry.claimed_by = user
    RollEntry.objects.bulk_update(entries, ["claimed_by"], batch_size=1_000)
    return users


def end_voting(town: Town, cycle: Cycle, *, in_seconds: float = 0) -> None:
    """Let voting end so soon, by the database's clock: tests move the dates, not the clock."""
    with town.superuser() as database:
        database.execute(
            "UPDATE budgeting_phase SET ends_at = clock_timestamp() + make_interval(secs => %s)"
            " WHERE cycle_id = %s AND kind = 'balloting'",
            [in_seconds, cycle.pk],
        )


def counted(
    town: Town, vote: Vote, sheets: Mapping[str, Sequence[int]] | None = None
) -> list[tuple[int, ...]]:
    """Close the vote, have its ballots opened, and say what will be counted, sorted.

    ``sheets`` are those in the box of its polling place, by number, with what they say.
    """
    if vote.cycle.state == "open":
        end_voting(town, vote.cycle)
        vote.cycle.refresh_from_db()
    closed = close_cycle(vote.cycle)
    if sheets:
        all_keyed(closed, closed.polling_places.get(), dict(sheets))
    open_by_trustees(closed)
    return opened_ballots(vote)


def opened_ballots(vote: Vote) -> list[tuple[int, ...]]:
    """What will be counted, sorted."""
    return sorted(
        tuple(options)
        for options in OpenedBallot.objects.filter(cycle=vote.cycle).values_list(
            "options", flat=True
        )
    )


def forget(database: psycopg.Connection, cycle: Cycle) -> None:
    """Take away, as only the server's owner can, what a careless control wrote of a vote."""
    of_the_vote = (
        "participation_id IN (SELECT id FROM budgeting_participation WHERE cycle_id = %(cycle)s)"
    )
    for table, condition in (
        ("budgeting_checkin", of_the_vote),
        ("budgeting_casting", of_the_vote),
        ("budgeting_participation", "cycle_id = %(cycle)s"),
        ("budgeting_openedballot", "cycle_id = %(cycle)s"),
    ):
        database.execute(f"DELETE FROM {table} WHERE {condition}", {"cycle": cycle.pk})  # noqa: S608
