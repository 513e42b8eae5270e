"""Extending a vote across its closing instant: it holds or it is refused, and nobody is misled."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from threading import Event

import pytest
from django.core.management import call_command
from django.db import connection, connections, transaction

from budgeting.models import Casting, Extension
from budgeting.services.ballots import Choice, cast
from budgeting.services.closing import close_cycle, due_to_close
from budgeting.services.errors import RefusedError, VotingClosedError
from budgeting.services.extensions import EXTEND, extend_voting
from budgeting.services.locks import take
from civicfund.audit.models import ActRequest
from civicfund.audit.services import db_now, request_act
from tests.budgeting.test_extending import approved, ends_at
from tests.factories.budgeting import administrator, codes, running_cycle, set_end
from tests.races.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

VOTERS = 8
HOUR = timedelta(hours=1)


def wait_until(at):
    while db_now() <= at:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(0.02)")


def asked_for(cycle, over):
    """Somebody has asked to extend a vote that ends at ``over``."""
    return request_act(
        EXTEND, cycle, requested_by=administrator(),
        from_at=over.isoformat(), to_at=(over + HOUR).isoformat(), reason="Outage.",
    )  # fmt: skip


def told_to(cycle, person, pot, code):
    """What one voter was told, and when: ``True`` and the instant of the cast, or ``False``."""
    try:
        return True, cast(cycle, person, {pot.pk: Choice([code])}).at
    except VotingClosedError:
        return False, db_now()


def misled(told):
    """Voters who were told that voting was over, before another one's ballot was taken."""
    accepted = [at for taken, at in told if taken]
    return [at for taken, at in told if not taken and any(at < other for other in accepted)]


def vote_across(cycle, people, others):
    """Everybody votes at once with ``others``; what the voters were told."""
    pot = cycle.pots.get()
    code = codes(pot)[0]

    def act(place):
        if place < len(people):
            return told_to(cycle, people[place], pot, code)
        return others[place - len(people)]()

    answers = at_once(len(people) + len(others), act)
    return answers[: len(people)], answers[len(people) :]


def test_casts_that_wait_for_an_extension_made_in_time_are_all_taken():
    """It is agreed to before the end, and committed only after it."""
    cycle, people = running_cycle(VOTERS)
    for moment in (1, 5, 30):  # a slow machine gets another try, with more time
        over = db_now() + timedelta(seconds=moment)
        asked, by = asked_for(cycle, over), administrator()
        set_end(cycle, over)
        held = Event()

        def extend(asked=asked, by=by, held=held, over=over):
            try:
                with transaction.atomic():
                    made = extend_voting(cycle, asked.pk, by=by)
                    held.set()
                    wait_until(over)
            except RefusedError:
                return None
            finally:
                held.set()
            return made

        pot = cycle.pots.get()
        code = codes(pot)[0]

        def act(place, extend=extend, held=held, pot=pot, code=code):
            if place == VOTERS:
                return extend()
            held.wait(30)
            return told_to(cycle, people[place], pot, code)

        *told, made = at_once(VOTERS + 1, act)
        if made is not None:
            break
    assert isinstance(made, Extension)
    assert all(taken and at > over for taken, at in told)
    assert Casting.objects.count() == VOTERS
    assert due_to_close() == []
    with pytest.raises(RefusedError, match="not over"):
        close_cycle(cycle)


def test_an_extension_that_waits_past_the_end_is_refused_and_no_cast_is_taken_after_it():
    cycle, people = running_cycle(VOTERS)
    over = db_now() + timedelta(seconds=1)
    asked, by = asked_for(cycle, over), administrator()
    set_end(cycle, over)
    held = Event()

    def hold():
        with transaction.atomic():
            take(cycle)
            held.set()
            wait_until(over)

    def extend():
        held.wait(30)
        return extend_voting(cycle, asked.pk, by=by)

    told, (_, refused) = vote_across(cycle, people, [hold, extend])
    assert isinstance(refused, RefusedError)
    assert all(at < over for taken, at in told if taken)
    assert Extension.objects.count() == 0
    assert ends_at(cycle) == over


def test_an_agreement_that_is_written_past_the_end_is_refused_in_words():
    """Voting ends between the look at the clock and the row: another one holds the request."""
    cycle, _ = running_cycle(1)
    over = db_now() + timedelta(seconds=2)
    asked, by = asked_for(cycle, over), administrator()
    set_end(cycle, over)
    held = Event()

    def hold():
        with transaction.atomic("owner"):
            ActRequest.objects.using("owner").select_for_update().get(pk=asked.pk)
            held.set()
            wait_until(over)

    def extend():
        assert held.wait(30)
        return extend_voting(cycle, asked.pk, by=by)

    let_go, refused = at_once(2, lambda place: (hold, extend)[place]())
    assert let_go is None
    assert isinstance(refused, RefusedError)
    assert "Voting is over" in str(refused)
    assert Extension.objects.count() == 0
    assert ends_at(cycle) == over


def test_whichever_comes_first_nobody_is_told_that_voting_is_over_and_outrun():
    """No arrangement: voters try again and again around the end, while a second person agrees."""
    cycle, people = running_cycle(VOTERS)
    over = db_now() + timedelta(seconds=0.7)
    asked, by = asked_for(cycle, over), administrator()
    set_end(cycle, over)
    pot = cycle.pots.get()
    code = codes(pot)[0]

    def act(place):
        if place == VOTERS:
            wait_until(over - timedelta(seconds=0.02))
            return extend_voting(cycle, asked.pk, by=by)
        told = []
        while not told or told[-1][1] < over + timedelta(seconds=0.3):
            told.append(told_to(cycle, people[place], pot, code))
        return told

    *told, made = at_once(VOTERS + 1, act)
    every = [each for one in told for each in one]
    assert misled(every) == []
    if isinstance(made, Extension):
        assert all(taken for taken, _ in every)
    else:
        assert isinstance(made, RefusedError)
        assert all(at < over for taken, at in every if taken)


@contextmanager
def without_the_guards():
    with connections["owner"].cursor() as owner:
        owner.execute("ALTER TABLE budgeting_extension DISABLE TRIGGER extension_in_time")
        try:
            yield
        finally:
            call_command("flush", interactive=False, verbosity=0)
            owner.execute("ALTER TABLE budgeting_extension ENABLE TRIGGER extension_in_time")


def test_control_an_extension_without_the_lock_misleads_a_voter():
    """A careless service looks at the clock in time, and writes without having held the cycle."""
    with without_the_guards():
        cycle, [first, second] = running_cycle(2)
        pot = cycle.pots.get()
        code = codes(pot)[0]
        looked_at = db_now()
        over = looked_at + timedelta(seconds=0.2)
        set_end(cycle, over)
        wait_until(over)
        told = [told_to(cycle, first, pot, code)]
        Extension.objects.create(
            cycle=cycle, from_at=over, to_at=over + HOUR, reason="Outage.",
            approval=approved(cycle, over, over + HOUR),
        )  # fmt: skip
        told.append(told_to(cycle, second, pot, code))
        assert [taken for taken, _ in told] == [False, True]
        assert misled(told) == [told[0][1]]
