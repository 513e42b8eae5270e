"""One voter, twenty clicks at once; and the same with the guarantee taken away, which must fail."""

from __future__ import annotations

from contextlib import contextmanager
from threading import Event

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connections

from budgeting.enums import CycleState
from budgeting.models import Casting, OpenedBallot, Participation, RollEntry, SealedBallot
from budgeting.services.ballots import Cast, Choice, cast
from budgeting.services.closing import close_cycle
from budgeting.services.errors import VotingClosedError
from civicfund.audit.services import db_now
from tests.factories.budgeting import (
    cast_positions,
    codes,
    end_voting,
    in_urn,
    open_by_trustees,
    running_cycle,
)
from tests.races.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

CLICKS = 20


def test_twenty_casts_of_one_voter_at_once_leave_one_counted_ballot():
    cycle, [person] = running_cycle()
    pot = cycle.pots.get()
    named = codes(pot)
    told = at_once(CLICKS, lambda n: cast(cycle, person, {pot.pk: Choice([named[n % 3]])}))
    assert {type(answer) for answer in told} == {Cast}
    assert sorted(answer.changed for answer in told) == [False] + [True] * (CLICKS - 1)
    assert Participation.objects.count() == 1
    versions = Casting.objects.order_by("version").values_list("version", "cast_at")
    assert [version for version, _ in versions] == list(range(1, CLICKS + 1))
    assert [at for _, at in versions] == sorted(answer.at for answer in told)
    last = in_urn(cycle)[-1][str(pot.pk)]["options"]
    end_voting(cycle)
    open_by_trustees(close_cycle(cycle))
    assert list(OpenedBallot.objects.values_list("options", flat=True)) == [last]


def clicks_without_a_lock(cycle, person):
    """What a careless service does: look whether somebody has voted, then write that they have."""
    entry = RollEntry.objects.get(cycle=cycle, claimed_by=person)

    def click(_):
        if Participation.objects.filter(cycle=cycle, roll_entry=entry).exists():
            return "voted already"
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT pg_sleep(0.05)")  # a moment to think, as requests have
        return Participation.objects.create(
            cycle=cycle, roll_entry=entry, channel="web", at=db_now()
        )

    return at_once(CLICKS, click)


def test_a_careless_service_is_stopped_by_the_unique_key():
    cycle, [person] = running_cycle()
    told = clicks_without_a_lock(cycle, person)
    assert Participation.objects.count() == 1
    assert any(isinstance(answer, IntegrityError) for answer in told)


@contextmanager
def without_the_unique_key():
    table, name = "budgeting_participation", "participation_once"
    with connections["owner"].cursor() as owner:
        owner.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        try:
            yield
        finally:
            call_command("flush", interactive=False, verbosity=0)
            owner.execute(
                f"ALTER TABLE {table} ADD CONSTRAINT {name} UNIQUE (cycle_id, roll_entry_id)"
            )


def test_control_without_the_unique_key_one_voter_is_several():
    with without_the_unique_key():
        cycle, [person] = running_cycle()
        clicks_without_a_lock(cycle, person)
        assert Participation.objects.count() > 1


def test_casts_across_the_closing_instant_are_counted_exactly_if_they_were_told_so():
    """Closing waits for whoever holds the cycle; whoever comes after is told that it is closed."""
    voters = 12
    cycle, people = running_cycle(voters)

    def act(place):
        if place == voters:
            end_voting(cycle)
            return close_cycle(cycle).state
        return cast_positions(cycle, people[place], [0])

    told = at_once(voters + 1, act)
    assert told.pop() == CycleState.CLOSED
    accepted = [answer for answer in told if answer is None]
    assert all(isinstance(answer, VotingClosedError) for answer in told if answer is not None)
    open_by_trustees(cycle)
    assert OpenedBallot.objects.count() == len(accepted) == Participation.objects.count()


def test_a_cast_that_waited_for_the_closing_is_refused_by_the_clock_it_reads_after_waiting():
    cycle, [person] = running_cycle()
    held = Event()

    def act(place):
        if place == 1:
            assert held.wait(30)
            return cast_positions(cycle, person, [0])
        with connections["default"].cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute("SELECT FROM budgeting_cycle WHERE id = %s FOR UPDATE", [cycle.pk])
            held.set()
            cursor.execute("SELECT pg_sleep(0.3)")
            end_voting(cycle)
            cursor.execute("COMMIT")
        return None

    _, told = at_once(2, act)
    assert isinstance(told, VotingClosedError)
    assert SealedBallot.objects.count() == 0
