"""One unlocked ballot at a kiosk, clicked many times at once; and without the guarantee."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from django.core.management import call_command
from django.db import connections

from budgeting.models import Casting, KioskEnd
from budgeting.services.ballots import Cast, cast
from budgeting.services.kiosks import KioskOverError, cast_at_kiosk, end_ballot
from tests.budgeting.test_kiosks import a_kiosk, a_vote, choosing, unlocked
from tests.races.threads import at_once, together

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

CLICKS = 8


def test_eight_clicks_on_one_unlock_are_one_cast():
    cycle = a_vote()
    unlock = unlocked(a_kiosk(cycle))
    told = at_once(CLICKS, lambda n: cast_at_kiosk(unlock, choosing(cycle, n % 3)))
    assert [type(answer) for answer in told].count(Cast) == 1
    assert [type(answer) for answer in told].count(KioskOverError) == CLICKS - 1
    assert (Casting.objects.count(), KioskEnd.objects.get().with_ballot) == (1, True)


def test_leaving_and_casting_at_once_leave_one_truth():
    cycle = a_vote()
    unlock = unlocked(a_kiosk(cycle))
    vote = choosing(cycle, 0)
    told, _ = together([lambda: cast_at_kiosk(unlock, vote), lambda: end_ballot(unlock)])
    was_cast = isinstance(told, Cast)
    assert was_cast or isinstance(told, KioskOverError)
    assert KioskEnd.objects.get().with_ballot is was_cast
    assert Casting.objects.count() == was_cast


@contextmanager
def without_the_unique_key():
    table, name = "budgeting_kioskend", "budgeting_kioskend_unlock_id_key"
    with connections["owner"].cursor() as owner:
        owner.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        try:
            yield
        finally:
            call_command("flush", interactive=False, verbosity=0)
            owner.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} UNIQUE (unlock_id)")


def test_control_without_the_unique_key_one_unlock_is_several_casts():
    """What a careless service does: look whether it is over, think, cast, and end it."""
    with without_the_unique_key():
        cycle = a_vote()
        unlock = unlocked(a_kiosk(cycle))
        vote = choosing(cycle, 0)

        def click(_):
            if KioskEnd.objects.filter(unlock=unlock).exists():
                return "over"
            with connections["default"].cursor() as cursor:
                cursor.execute("SELECT pg_sleep(0.1)")
            KioskEnd.objects.create(unlock=unlock, with_ballot=True)
            return cast(cycle, unlock.entry, vote)

        at_once(CLICKS, click)
        assert Casting.objects.count() > 1
