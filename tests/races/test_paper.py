"""One voter, casts and check-ins for paper at once; and without the guard, which must fail."""

from __future__ import annotations

import re
from contextlib import contextmanager
from threading import Event

import pytest
from django.db import DatabaseError, connections, transaction

from budgeting.enums import Channel
from budgeting.models import Casting, CheckIn, Keying, OpenedBallot, Participation, SealedBallot
from budgeting.services.ballots import Cast
from budgeting.services.check_ins import check_in
from budgeting.services.errors import RefusedError, VotedOnPaperError
from budgeting.services.keying import Standing
from civicfund.audit.services import db_now
from civicfund.people.enums import Role
from tests.budgeting.test_check_ins import cast_on
from tests.factories.budgeting import open_by_trustees
from tests.factories.paper import all_keyed, closed, entry_of, holder, keyed, paper_cycle
from tests.races.threads import at_once, together

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

AT_ONCE = 20
CHANNELS = (Channel.WEB, Channel.CODE, Channel.KIOSK)


def test_casts_and_check_ins_of_one_voter_at_once_leave_one_counted_ballot():
    cycle, [person], place, [number, *_] = paper_cycle(1, sample_size=1)
    entry = entry_of(cycle, person)
    officers = [holder(Role.POLL_OFFICER) for _ in range(AT_ONCE // 4)]

    def act(turn):
        if turn % 4 == 0:
            return check_in(entry, place, by=officers[turn // 4])
        return cast_on(cycle, person, CHANNELS[turn % 4 - 1])

    told = at_once(AT_ONCE, act)
    given = [answer for answer in told if isinstance(answer, CheckIn)]
    assert len(given) == CheckIn.objects.count() == Participation.objects.count() == 1
    casts = [answer for answer in told if isinstance(answer, Cast)]
    refused = [answer for answer in told if isinstance(answer, RefusedError)]
    assert len(casts) + len(refused) + 1 == AT_ONCE
    assert all(answer.at <= given[0].at for answer in casts)
    late = [answer for answer in refused if isinstance(answer, VotedOnPaperError)]
    assert len(late) == AT_ONCE * 3 // 4 - len(casts)
    assert SealedBallot.objects.count() == Casting.objects.count() == len(casts)
    cycle = closed(cycle)
    assert (cycle.board.kept, cycle.board.replaced_by_paper) == (0, 1 if casts else 0)
    all_keyed(cycle, place, {number: [2]})
    open_by_trustees(cycle)
    assert list(OpenedBallot.objects.values_list("options", flat=True)) == [[2]]


def cast_beside_a_check_in(cycle, person, place, *, patience):
    """Without the service: a check-in is written, and committed only after a cast had the time.

    What became of the cast. ``patience`` is how long the check-in waits for it, in seconds.
    """
    officer = holder(Role.POLL_OFFICER)
    voted = Participation.objects.create(
        cycle=cycle, roll_entry=entry_of(cycle, person), channel=Channel.WEB, at=db_now()
    )
    written, cast_is_over = Event(), Event()

    def check():
        with transaction.atomic():
            CheckIn.objects.create(participation=voted, place=place, officer=officer, at=db_now())
            written.set()
            cast_is_over.wait(patience)

    def cast():
        written.wait(30)
        try:
            return Casting.objects.create(participation=voted, version=1, cast_at=db_now())
        finally:
            cast_is_over.set()

    return together([check, cast])[1]


def test_the_database_lets_no_cast_pass_beside_a_check_in():
    cycle, [person], place, _ = paper_cycle(1)
    refused = cast_beside_a_check_in(cycle, person, place, patience=0.5)
    assert isinstance(refused, DatabaseError)
    assert "that is final" in str(refused)
    assert (CheckIn.objects.count(), Casting.objects.count()) == (1, 0)


@contextmanager
def without_the_lock():
    """The guard looks, but does not wait for whoever is checking the voter in."""
    with connections["owner"].cursor() as owner:
        owner.execute("SELECT pg_get_functiondef('budgeting_paper_is_final'::regproc)")
        [guard] = owner.fetchone()
        careless = re.sub(r"PERFORM FROM budgeting_rollentry.*?;", "", guard, flags=re.DOTALL)
        assert careless != guard
        owner.execute(careless)
        try:
            yield
        finally:
            owner.execute(guard)


def test_control_without_the_lock_a_cast_passes_beside_a_check_in():
    cycle, [person], place, _ = paper_cycle(1)
    with without_the_lock():
        cast_beside_a_check_in(cycle, person, place, patience=30)
    assert (CheckIn.objects.count(), Casting.objects.count()) == (1, 1)


def test_clerks_who_key_one_sheet_at_once_follow_each_other():
    cycle, _people, _place, [number, *_] = paper_cycle(1)
    cycle = closed(cycle)
    clerks = [holder(Role.CLERK) for _ in range(8)]
    told = at_once(8, lambda turn: keyed(cycle, number, [0], by=clerks[turn]))
    assert told.count(Standing.ONCE) == told.count(Standing.DONE) == 1
    assert sum(isinstance(answer, RefusedError) for answer in told) == 6
    assert sorted(Keying.objects.values_list("turn", flat=True)) == [1, 2]
