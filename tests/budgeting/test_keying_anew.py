"""Keying begun anew: where the key of the sheets is lost, by two people, before its end."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction

from budgeting.models import Keying, KeyingAnew, KeyingEnd, OpenedBallot, PaperVote
from budgeting.services.cycles import cancel_cycle, request_cancelling
from budgeting.services.errors import RefusedError
from budgeting.services.key_files import SlotKeyMissingError
from budgeting.services.keying import Standing, end_keying
from budgeting.services.keying_anew import (
    ANEW,
    begin_keying_anew,
    keyings_anew_asked,
    request_keying_anew,
)
from budgeting.services.paper import offer_paper
from budgeting.tasks import close_due_cycles
from civicfund.audit.models import Approval, Event
from civicfund.audit.services import ApprovalError
from civicfund.people.enums import Role
from civicfund.town.selectors import alarms
from tests.factories.budgeting import (
    administrator,
    cast_positions,
    draft_cycle,
    open_by_trustees,
)
from tests.factories.paper import (
    accounted,
    all_keyed,
    begun_anew,
    closed,
    compared,
    ended,
    holder,
    keyed,
    keyed_by_two,
    lose_key,
    paper_cycle,
)
from tests.factories.people import UserFactory

pytestmark = pytest.mark.django_db
WHY = "The disk with the keys broke."


@pytest.fixture(autouse=True)
def keys(settings, tmp_path):
    """A folder of keys of the test's own."""
    settings.SLOT_KEYS = str(tmp_path / "keys")
    (tmp_path / "keys").mkdir()
    return Path(settings.SLOT_KEYS)


def file_of(keys, cycle):
    return keys / f"{PaperVote.objects.get(pk=cycle.pk).key_hash}.key"


def half_keyed(**cycle):
    """A closed cycle in which one sheet is keyed by two clerks, and another by one."""
    running, _people, place, numbers = paper_cycle(1, sample_size=2, **cycle)
    cycle = closed(running)
    clerks = keyed_by_two(cycle, {numbers[0]: [0]})
    keyed(cycle, numbers[1], [1], by=clerks[0])
    return cycle, place, numbers


def asked(cycle, by=None, reason=WHY):
    return request_keying_anew(cycle, reason=reason, by=by or administrator())


def standing(cycle):
    """All rows that beginning anew would move."""
    return (
        sorted(Keying.objects.filter(cycle=cycle).values_list("id", "slot", "digest")),
        list(KeyingAnew.objects.values_list("paper", "turn", "key_hash")),
        PaperVote.objects.get(pk=cycle.pk).key_hash,
        Approval.objects.filter(request__act=ANEW).count(),
        Event.objects.filter(verb="cycle.keying_begun_anew").count(),
    )


@contextmanager
def nothing_moves(cycle, keys=None):
    """Neither rows, nor files where ``keys`` is given."""

    def files():
        return sorted(keys.iterdir()) if keys else []

    before = standing(cycle), files()
    yield
    assert (standing(cycle), files()) == before


# --- two people


def test_two_people_have_every_sheet_keyed_again_under_a_new_key(keys):
    cycle, _place, numbers = half_keyed()
    old = lose_key(cycle)
    first, second = administrator(), administrator()
    made = begin_keying_anew(cycle, asked(cycle, by=first).pk, by=second)
    assert (made.turn, made.dropped, made.reason) == (1, 3, WHY)
    assert (made.approval.requested_by, made.approval.approved_by) == (first, second)
    assert not Keying.objects.filter(cycle=cycle).exists()
    assert cycle.paper.key_hash == made.key_hash != old
    assert file_of(keys, cycle).exists()
    one, two = holder(Role.CLERK), holder(Role.CLERK)
    assert keyed(cycle, numbers[0], [2], by=one) == Standing.ONCE
    assert keyed(cycle, numbers[0], [2], by=two) == Standing.DONE
    told = Event.objects.get(verb="cycle.keying_begun_anew")
    assert (told.actor, told.data) == (second, {"turn": 1, "dropped": 3})


def test_what_is_keyed_under_the_new_key_is_compared_opened_and_counted(keys):
    running, people, place, numbers = paper_cycle(1, sample_size=2)
    cast_positions(running, people[0], [0, 1])
    cycle = closed(running)
    keyed_by_two(cycle, {number: [2] for number in numbers})
    assert begun_anew(cycle).dropped == 12
    keyed_by_two(cycle, {numbers[0]: [2]})
    assert begun_anew(cycle).dropped == 2
    all_keyed(cycle, place, {numbers[0]: [0], numbers[1]: [1], numbers[2]: []}, spoiled=3)
    assert len(cycle.paper.key_hashes) == 3
    open_by_trustees(cycle)
    opened = sorted(OpenedBallot.objects.values_list("options", flat=True))
    assert opened == [[0], [0, 1], [1]]
    assert list(keys.iterdir()) == []


def test_what_was_asked_before_more_was_keyed_is_agreed_to_no_more(keys):
    cycle, _place, numbers = half_keyed()
    file = file_of(keys, cycle)
    content = file.read_bytes()
    lose_key(cycle)
    stale = asked(cycle)
    assert keyings_anew_asked(cycle) == [stale]
    file.write_bytes(content)  # it came back, from a copy
    keyed(cycle, numbers[2], [1], by=holder(Role.CLERK))
    lose_key(cycle)
    assert keyings_anew_asked(cycle) == []
    with nothing_moves(cycle, keys), pytest.raises(RefusedError, match="keyed since"):
        begin_keying_anew(cycle, stale.pk, by=administrator())
    assert begin_keying_anew(cycle, asked(cycle).pk, by=administrator()).dropped == 4


def test_whoever_asked_cannot_agree(keys):
    cycle, *_ = half_keyed()
    lose_key(cycle)
    request = asked(cycle)
    with nothing_moves(cycle, keys), pytest.raises(ApprovalError):
        begin_keying_anew(cycle, request.pk, by=request.requested_by)
    assert keyings_anew_asked(cycle) == [request]


def test_only_administrators_ask_and_agree(keys):
    cycle, *_ = half_keyed()
    lose_key(cycle)
    request = asked(cycle)
    for somebody in (UserFactory(), holder(Role.CLERK), holder(Role.OBSERVER)):
        with nothing_moves(cycle, keys):
            with pytest.raises(PermissionDenied):
                asked(cycle, by=somebody)
            with pytest.raises(PermissionDenied):
                begin_keying_anew(cycle, request.pk, by=somebody)
    assert keyings_anew_asked(cycle) == [request]


def test_nobody_begins_anew_without_a_reason(keys):
    cycle, *_ = half_keyed()
    lose_key(cycle)
    with nothing_moves(cycle, keys), pytest.raises(RefusedError, match="Say why"):
        asked(cycle, reason="  ")


def test_a_request_is_agreed_to_once_for_its_own_cycle_and_not_after_another(keys):
    cycle, *_ = half_keyed()
    other, *_ = half_keyed()
    lose_key(cycle)
    request, stale = asked(cycle), asked(cycle)
    lose_key(other)
    with nothing_moves(other, keys), pytest.raises(RefusedError, match="ask for this first"):
        begin_keying_anew(other, request.pk, by=administrator())
    begin_keying_anew(cycle, request.pk, by=administrator())
    lose_key(cycle)
    assert keyings_anew_asked(cycle) == []
    with nothing_moves(cycle, keys), pytest.raises(RefusedError, match="agreed to this already"):
        begin_keying_anew(cycle, request.pk, by=administrator())
    with nothing_moves(cycle, keys), pytest.raises(RefusedError, match="since this was asked"):
        begin_keying_anew(cycle, stale.pk, by=administrator())


# --- only where the key is lost


def is_there(file):
    """Nothing is wrong with it."""


def is_not_to_be_read(file):
    """As where rights or a disk fail: there is something, and reading it is an error."""
    file.unlink()
    file.mkdir()


def is_not_mounted(file):
    file.parent.rename(file.parent.with_name("elsewhere"))


NOT_LOST = [
    (is_there, "where it belongs"),
    (is_not_to_be_read, "cannot be read"),
    (is_not_mounted, "cannot be read"),
]


@pytest.mark.parametrize(("change", "words"), NOT_LOST)
def test_nothing_is_begun_anew_unless_the_key_is_lost(keys, change, words):
    cycle, _place, numbers = half_keyed()
    file = file_of(keys, cycle)
    kept = file.read_bytes()
    file.unlink()
    request = asked(cycle)
    file.write_bytes(kept)
    change(file)
    with nothing_moves(cycle):
        with pytest.raises(RefusedError, match=words):
            asked(cycle)
        with pytest.raises(RefusedError, match=words):
            begin_keying_anew(cycle, request.pk, by=administrator())
    if change is not is_there:
        with pytest.raises(SlotKeyMissingError), transaction.atomic():
            keyed(cycle, numbers[1], [1], by=holder(Role.CLERK))


def test_a_file_that_holds_something_else_is_a_lost_key(keys):
    cycle, *_ = half_keyed()
    file = file_of(keys, cycle)
    file.write_bytes(bytes(32))
    made = begin_keying_anew(cycle, asked(cycle).pk, by=administrator())
    assert made.dropped == 3
    close_due_cycles()
    assert [each.name for each in keys.iterdir()] == [f"{made.key_hash}.key"]


def test_a_key_that_is_lost_before_the_close_is_replaced_then(keys):
    drafted = draft_cycle()
    offer_paper(drafted, sample_size=1, by=administrator())
    assert begun_anew(drafted).dropped == 0
    running, _people, place, numbers = paper_cycle(1, sample_size=1)
    assert begun_anew(running).dropped == 0
    cycle = closed(running)
    all_keyed(cycle, place, {numbers[0]: [1]})
    open_by_trustees(cycle)
    assert list(OpenedBallot.objects.values_list("options", flat=True)) == [[1]]


def test_nothing_is_begun_anew_once_keying_has_ended(keys):
    """What is compared is known then, and after the comparison nobody needs the key."""
    cycle, place, numbers = half_keyed()
    keyed(cycle, numbers[1], [1], by=holder(Role.CLERK))
    lose_key(cycle)
    request = asked(cycle)
    begin_keying_anew(cycle, request.pk, by=administrator())
    keyed_by_two(cycle, {numbers[0]: [0], numbers[1]: [1]})
    file = file_of(keys, cycle)
    kept = file.read_bytes()
    file.unlink()
    late = asked(cycle)
    file.write_bytes(kept)
    officer = holder(Role.POLL_OFFICER)
    accounted(place, 2, by=officer)
    ended(cycle)

    def is_refused(words):
        file.unlink(missing_ok=True)
        with nothing_moves(cycle, keys):
            with pytest.raises(RefusedError, match=words):
                asked(cycle)
            with pytest.raises(RefusedError, match=words):
                begin_keying_anew(cycle, late.pk, by=administrator())

    is_refused("Keying has ended")
    file.write_bytes(kept)
    compared(cycle, {numbers[0]: [0], numbers[1]: [1]})
    is_refused("Keying has ended")
    cycle = open_by_trustees(cycle)
    assert OpenedBallot.objects.count() == 2
    is_refused("are opened, or called off")


def test_keying_is_not_ended_while_the_key_is_not_there(keys):
    cycle, place, numbers = half_keyed()
    keyed(cycle, numbers[1], [1], by=holder(Role.CLERK))
    accounted(place, 2)
    file = file_of(keys, cycle)
    kept = file.read_bytes()
    file.unlink()
    with nothing_moves(cycle, keys), pytest.raises(RefusedError, match="cannot be ended now"):
        end_keying(cycle, by=administrator())
    assert not KeyingEnd.objects.exists()
    file.write_bytes(kept)
    assert ended(cycle).sheets == 2


def test_nothing_is_begun_anew_in_a_cycle_that_was_called_off(keys):
    cycle, *_ = half_keyed()
    lose_key(cycle)
    request = asked(cycle)
    request_cancelling(cycle, reason="A flood", by=administrator())
    cancel_cycle(cycle, by=administrator())
    with nothing_moves(cycle, keys), pytest.raises(RefusedError, match="called off"):
        begin_keying_anew(cycle, request.pk, by=administrator())


def test_a_replaced_key_that_comes_back_is_destroyed_by_the_next_sweep(keys):
    cycle, *_ = half_keyed()
    old = file_of(keys, cycle)
    kept = old.read_bytes()
    made = begun_anew(cycle)
    old.write_bytes(kept)
    close_due_cycles()
    assert [each.name for each in keys.iterdir()] == [f"{made.key_hash}.key"]
    old.write_bytes(kept)
    request_cancelling(cycle, reason="A flood", by=administrator())
    cancel_cycle(cycle, by=administrator())
    close_due_cycles()
    assert list(keys.iterdir()) == []


# --- the health page


def trouble():
    return [name for name, number in alarms().items() if number and "key of paper ballots" in name]


def test_the_alarm_says_what_to_do(keys):
    cycle, place, numbers = half_keyed()
    file = file_of(keys, cycle)
    assert trouble() == []
    is_not_to_be_read(file)
    [told] = trouble()
    assert "look at its folder" in told
    file.rmdir()
    [told] = trouble()
    assert "bring its file back, or have keying begun anew" in told
    begin_keying_anew(cycle, asked(cycle).pk, by=administrator())
    assert trouble() == []
    file = file_of(keys, cycle)
    kept = file.read_bytes()
    keyed_by_two(cycle, {numbers[0]: [0], numbers[1]: [1]})
    accounted(place, 2)
    ended(cycle)
    file.unlink()
    [told] = trouble()
    assert "or the sample cannot be compared" in told
    file.write_bytes(kept)
    compared(cycle, {numbers[0]: [0], numbers[1]: [1]})
    file.unlink()
    assert trouble() == []
    open_by_trustees(cycle)
    assert trouble() == []
