"""Two who agree at once to begin keying anew, and clerks who key meanwhile."""

from __future__ import annotations

import secrets
from contextlib import contextmanager
from pathlib import Path
from threading import Barrier

import pytest
from django.core.management import call_command
from django.db import connections, transaction

from budgeting.domain.paper import slot_of
from budgeting.models import Keying, KeyingAnew
from budgeting.services.errors import RefusedError
from budgeting.services.key_files import SlotKeyMissingError, read_key
from budgeting.services.keying import Standing
from budgeting.services.keying_anew import ANEW, begin_keying_anew, request_keying_anew
from civicfund.audit.models import Approval
from civicfund.audit.services import approve_act, request_act
from civicfund.people.enums import Role
from tests.factories.budgeting import administrator
from tests.factories.paper import closed, holder, keyed, keyed_by_two, lose_key, paper_cycle
from tests.races.threads import at_once, together

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

AT_ONCE = 6
WHY = "The disk broke."


@pytest.fixture(autouse=True)
def keys(settings, tmp_path):
    settings.SLOT_KEYS = str(tmp_path / "keys")
    (tmp_path / "keys").mkdir()
    return Path(settings.SLOT_KEYS)


def without_key():
    """A closed cycle of which one sheet is keyed, and whose key is lost."""
    running, _people, _place, numbers = paper_cycle(1)
    cycle = closed(running)
    keyed_by_two(cycle, {numbers[0]: [0]})
    lose_key(cycle)
    return cycle, numbers


def ask(cycle):
    return request_keying_anew(cycle, reason=WHY, by=administrator())


@pytest.mark.parametrize("requests", [1, AT_ONCE])
def test_of_many_who_agree_at_once_one_begins_anew(keys, requests):
    """To one request, or each to one of their own."""
    cycle, _numbers = without_key()
    asked = [ask(cycle) for _ in range(requests)]
    people = [administrator() for _ in range(AT_ONCE)]
    told = at_once(
        AT_ONCE,
        lambda turn: begin_keying_anew(cycle, asked[turn % requests].pk, by=people[turn]),
    )
    [made] = [answer for answer in told if isinstance(answer, KeyingAnew)]
    assert sum(isinstance(answer, RefusedError) for answer in told) == AT_ONCE - 1
    assert KeyingAnew.objects.get() == made
    assert (made.dropped, Keying.objects.count()) == (2, 0)
    assert Approval.objects.filter(request__act=ANEW).count() == 1
    assert [each.name for each in keys.iterdir()] == [f"{made.key_hash}.key"]


def test_what_clerks_key_meanwhile_is_kept_under_the_new_key_or_refused():
    cycle, numbers = without_key()
    asked, by = ask(cycle), administrator()
    clerks = [holder(Role.CLERK) for _ in range(AT_ONCE)]

    def act(turn):
        if turn == AT_ONCE:
            return begin_keying_anew(cycle, asked.pk, by=by)
        return keyed(cycle, numbers[turn], [1], by=clerks[turn])

    *told, made = at_once(AT_ONCE + 1, act)
    assert isinstance(made, KeyingAnew)
    kept = [answer for answer in told if answer == Standing.ONCE]
    gone = [answer for answer in told if isinstance(answer, SlotKeyMissingError)]
    assert len(kept) + len(gone) == AT_ONCE
    key = read_key(made.key_hash)
    slots = {slot_of(key, cycle.pk, number) for number in numbers}
    found = set(Keying.objects.values_list("slot", flat=True))
    assert (len(found), found <= slots) == (len(kept), True)


def write_two_rows_at_once(cycle):
    """Past the service: two have looked, and each writes the first new beginning."""
    seen = {"turn": 1, "reason": WHY, "keyings": Keying.objects.filter(cycle=cycle).count()}
    agreed = [
        approve_act(
            request_act(ANEW, cycle, requested_by=administrator(), **seen),
            approved_by=administrator(),
        )
        for _ in range(2)
    ]
    looked = Barrier(2)

    def write(approval):
        with transaction.atomic():
            looked.wait(30)
            return KeyingAnew.objects.create(
                paper_id=cycle.pk, turn=1, key_hash=secrets.token_hex(32), reason=WHY,
                approval=approval,
            )  # fmt: skip

    return together([lambda approval=each: write(approval) for each in agreed])


def test_the_database_lets_one_of_two_rows_in():
    cycle, _numbers = without_key()
    told = write_two_rows_at_once(cycle)
    assert sorted(isinstance(each, KeyingAnew) for each in told) == [False, True]
    assert KeyingAnew.objects.count() == 1


GUARDS = ("keying_anew_in_time", "keying_anew_as_asked")


@contextmanager
def without_the_guards():
    with connections["owner"].cursor() as owner:
        for guard in GUARDS:
            owner.execute(f"ALTER TABLE budgeting_keyinganew DISABLE TRIGGER {guard}")
        owner.execute("ALTER TABLE budgeting_keyinganew DROP CONSTRAINT keying_anew_turn")
        try:
            yield
        finally:
            call_command("flush", interactive=False, verbosity=0)
            owner.execute(
                "ALTER TABLE budgeting_keyinganew ADD CONSTRAINT keying_anew_turn"
                " UNIQUE (cycle_id, turn)"
            )
            for guard in GUARDS:
                owner.execute(f"ALTER TABLE budgeting_keyinganew ENABLE TRIGGER {guard}")


def test_control_without_the_guards_both_are_written():
    with without_the_guards():
        cycle, _numbers = without_key()
        told = write_two_rows_at_once(cycle)
        assert all(isinstance(each, KeyingAnew) for each in told)
        assert KeyingAnew.objects.count() == 2
