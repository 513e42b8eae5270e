"""Keying begun anew, past the service: what the database refuses, and what the killed leave."""

from __future__ import annotations

import os
import secrets
import signal
from contextlib import contextmanager
from hashlib import sha256
from itertools import count
from pathlib import Path

import pytest
from django.db import DatabaseError, connection, connections, transaction

from budgeting.enums import CycleState
from budgeting.models import Keying, KeyingAnew
from budgeting.services import key_files
from budgeting.services.cycles import cancel_cycle, request_cancelling
from budgeting.services.key_files import SlotKeyMissingError
from budgeting.services.keying import Standing
from budgeting.services.keying_anew import (
    ANEW,
    begin_keying_anew,
    keyings_anew_asked,
)
from civicfund.audit.models import Approval
from civicfund.audit.services import approve_act, db_now, request_act
from civicfund.people.enums import Role
from tests.budgeting.test_extending import refused
from tests.budgeting.test_keying_anew import WHY, asked, half_keyed, nothing_moves, standing
from tests.dying import in_a_process_that_may_die
from tests.factories.budgeting import (
    administrator,
    open_by_trustees,
)
from tests.factories.paper import (
    accounted,
    begun_anew,
    compared,
    ended,
    holder,
    keyed,
    lose_key,
)

pytestmark = pytest.mark.django_db
COMMITTED = {"transaction": True, "databases": ["default", "owner"]}


@pytest.fixture(autouse=True)
def keys(settings, tmp_path):
    """A folder of keys of the test's own."""
    settings.SLOT_KEYS = str(tmp_path / "keys")
    (tmp_path / "keys").mkdir()
    return Path(settings.SLOT_KEYS)


def approval(cycle, turn=1, reason=WHY, act=ANEW, **keyings):
    keyings = keyings or {"keyings": Keying.objects.filter(cycle=cycle).count()}
    request = request_act(
        act, cycle, requested_by=administrator(), turn=turn, reason=reason, **keyings
    )
    return approve_act(request, approved_by=administrator())


def written(cycle, turn=1, key_hash=None, reason=WHY, agreed=None):
    """A row, past the service."""
    agreed = agreed or approval(cycle, turn, reason)
    return KeyingAnew.objects.create(
        paper_id=cycle.pk, turn=turn, key_hash=key_hash or secrets.token_hex(32), reason=reason,
        approval=agreed,
    )  # fmt: skip


def test_the_database_refuses_another_turn_and_a_key_that_there_was():
    cycle, *_ = half_keyed()
    other, *_ = half_keyed()
    for turn in (0, 2):
        with nothing_moves_but_approvals(cycle), refused("keying_anew_forward"):
            written(cycle, turn=turn)
    for first in (cycle, other):
        with nothing_moves_but_approvals(cycle), refused("keying_anew_forward"):
            written(cycle, key_hash=first.paper.first_key_hash)
    made = written(cycle)
    with nothing_moves_but_approvals(cycle), refused("keying_anew_forward"):
        written(cycle, turn=1)
    with nothing_moves_but_approvals(cycle), refused("budgeting_keyinganew_key_hash_key"):
        written(cycle, turn=2, key_hash=made.key_hash)
    with nothing_moves_but_approvals(cycle), refused("keying_anew_key_is_hash"):
        written(cycle, turn=2, key_hash="key")


def test_the_database_refuses_what_two_people_did_not_agree_to():
    cycle, *_ = half_keyed()
    other, *_ = half_keyed()
    wrong = [
        {"agreed": approval(cycle, act="cycle.unseal")},
        {"agreed": approval(other)},
        {"agreed": approval(cycle, turn=2)},
        {"agreed": approval(cycle), "reason": "Another reason."},
    ]
    for each in wrong:
        with nothing_moves_but_approvals(cycle), refused("keying_anew_needs_two_people"):
            written(cycle, **each)
    with nothing_moves_but_approvals(cycle), refused("keying_anew_says_why"):
        written(cycle, reason=" ")
    request = asked_by_one(cycle)
    with nothing_moves(cycle), refused("approval_by_another_person"):
        one = request.requested_by
        Approval.objects.create(request=request, requested_by=one, approved_by=one)
    written(cycle)
    assert KeyingAnew.objects.get().dropped == 3


@pytest.mark.parametrize("keyings", [2, 4, None])
def test_the_database_refuses_to_drop_other_keyings_than_were_there_when_it_was_asked(keyings):
    cycle, *_ = half_keyed()
    agreed = approval(cycle, keyings=keyings)
    with nothing_moves(cycle), refused("keying_anew_as_asked"):
        written(cycle, agreed=agreed)
    written(cycle, agreed=approval(cycle, keyings=3))
    assert KeyingAnew.objects.get().dropped == 3


def asked_by_one(cycle):
    return request_act(ANEW, cycle, requested_by=administrator(), turn=1, reason=WHY, keyings=3)


@contextmanager
def nothing_moves_but_approvals(cycle):
    def rows():
        keyings, anew, key_hash, _approvals, events = standing(cycle)
        return keyings, anew, key_hash, events

    before = rows()
    yield
    assert rows() == before


def test_the_database_refuses_it_once_keying_has_ended_or_the_ballots_are_open():
    cycle, place, numbers = half_keyed()
    keyed(cycle, numbers[1], [1], by=holder(Role.CLERK))
    accounted(place, 2)
    ended(cycle)
    with nothing_moves_but_approvals(cycle), refused("keying_anew_in_time"):
        written(cycle)
    compared(cycle, {numbers[0]: [0], numbers[1]: [1]})
    cycle = open_by_trustees(cycle)
    assert cycle.state == CycleState.UNSEALED
    with nothing_moves_but_approvals(cycle), refused("keying_anew_in_time"):
        written(cycle)
    off, *_ = half_keyed()
    request_cancelling(off, reason="A flood", by=administrator())
    cancel_cycle(off, by=administrator())
    with nothing_moves_but_approvals(off), refused("keying_anew_in_time"):
        written(off)


@pytest.mark.django_db(**COMMITTED)
def test_what_was_begun_anew_is_there_for_good_and_nobody_drops_keyings_otherwise():
    cycle, *_ = half_keyed()
    begun_anew(cycle)
    keyed(cycle, cycle.sheets.first().number, [0], by=holder(Role.CLERK))
    for change in (
        "UPDATE budgeting_keyinganew SET dropped = 0",
        "UPDATE budgeting_papervote SET key_hash = repeat('0', 64)",
        "DELETE FROM budgeting_keyinganew",
        "DELETE FROM budgeting_keying",
    ):
        with (
            nothing_moves(cycle),
            pytest.raises(DatabaseError, match="is append-only"),
            connections["owner"].cursor() as owner,
        ):
            owner.execute(change)
    for change in (
        "UPDATE budgeting_keyinganew SET dropped = 0",
        "DELETE FROM budgeting_keyinganew",
        "TRUNCATE budgeting_keyinganew",
        f"TRUNCATE budgeting_keying_{cycle.pk}",
    ):
        with (
            nothing_moves(cycle),
            pytest.raises(DatabaseError, match=r"permission denied|must be owner"),
            connection.cursor() as cursor,
        ):
            cursor.execute(change)
    for change, words in (
        ("SELECT budgeting_drop_keyings()", "can only be called as triggers"),
        (f"SELECT budgeting_empty_urn({cycle.pk})", "once its ballots are opened"),
    ):
        with (
            nothing_moves(cycle),
            pytest.raises(DatabaseError, match=words),
            connection.cursor() as cursor,
        ):
            cursor.execute(change)


# --- what is left on the disk


def pages_of(cycle):
    """How many bytes the keyings of a cycle take on the disk."""
    with connections["owner"].cursor() as owner:
        owner.execute(f"SELECT pg_relation_size('budgeting_keying_{cycle.pk}')")
        return owner.fetchone()[0]


@pytest.mark.django_db(**COMMITTED)
def test_what_was_keyed_before_is_on_no_page_of_the_disk():
    cycle, *_ = half_keyed()
    assert pages_of(cycle) > 0
    begun_anew(cycle)
    assert pages_of(cycle) == 0


@contextmanager
def without_the_guard(cycle):
    """The partition stays, and a later cycle may get the same number."""
    guard = f"ALTER TABLE budgeting_keying_{cycle.pk} %s TRIGGER budgeting_keying_append_only"
    with connections["owner"].cursor() as owner:
        owner.execute(guard % "DISABLE")
        try:
            yield owner
        finally:
            owner.execute(guard % "ENABLE")


@pytest.mark.django_db(**COMMITTED)
def test_control_keyings_that_are_deleted_stay_on_the_disk():
    cycle, *_ = half_keyed()
    with without_the_guard(cycle) as owner:
        owner.execute("DELETE FROM budgeting_keying")
    assert not Keying.objects.filter(cycle=cycle).exists()
    assert pages_of(cycle) > 0


# --- killed at every step


def killed_before(statement, act):
    """A process of its own does it and dies before so many statements; whether it came through."""
    numbers = count()

    def die(execute, *given):
        if next(numbers) == statement:
            os.kill(os.getpid(), signal.SIGKILL)
        return execute(*given)

    def dying():
        with connection.execute_wrapper(die):
            act()

    code = in_a_process_that_may_die(dying)
    assert code in (0, -signal.SIGKILL)
    return code == 0


def left_by_the_dead(cycle, act):
    """Kill it before its first statement, before its second…, until one comes through.

    How many died, and how many of them left rows that moved.
    """
    before, moved = standing(cycle), 0
    died = 0
    while not killed_before(died, act):
        died += 1
        moved += standing(cycle) != before
    return died, moved


@pytest.mark.django_db(**COMMITTED)
def test_whoever_is_killed_at_any_statement_leaves_it_to_be_agreed_to_again(keys):
    cycle, _place, numbers = half_keyed()
    lose_key(cycle)
    request, by = asked(cycle), administrator()
    files = len(list(keys.iterdir()))
    died, moved = left_by_the_dead(cycle, lambda: begin_keying_anew(cycle, request.pk, by=by))
    assert died > 10
    assert moved == 0
    assert len(list(keys.iterdir())) > files + 1, "some died between the file and the commit"
    made = KeyingAnew.objects.get()
    assert (made.turn, made.dropped, made.approval.request) == (1, 3, request)
    assert Keying.objects.count() == 0
    assert keyed(cycle, numbers[0], [0], by=holder(Role.CLERK)) == Standing.ONCE


def begin_carelessly(cycle, keys, by):
    """Rows first, and the file when they are committed."""
    key = secrets.token_bytes(32)
    key_hash = sha256(key).hexdigest()
    with transaction.atomic():
        [request] = keyings_anew_asked(cycle)
        written(cycle, key_hash=key_hash, agreed=approve_act(request, approved_by=by))
    db_now()
    (keys / f"{key_hash}.key").write_bytes(key)


@pytest.mark.django_db(**COMMITTED)
def test_control_with_the_file_last_the_dead_leave_a_key_that_nobody_has(keys):
    cycle, *_ = half_keyed()
    lose_key(cycle)
    asked(cycle)
    by, before = administrator(), standing(cycle)
    for step in count():
        assert not killed_before(step, lambda: begin_carelessly(cycle, keys, by))
        if standing(cycle) != before:
            break
    assert not Keying.objects.exists()
    with pytest.raises(SlotKeyMissingError):
        key_files.read_key(KeyingAnew.objects.get().key_hash)
