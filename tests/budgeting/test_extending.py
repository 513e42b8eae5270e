"""Extending a vote: forward only, before it ends, by two people, with a reason for everybody."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, connections, transaction
from django.urls import reverse
from django.utils.timezone import localtime

from budgeting.domain import board as boards
from budgeting.enums import CycleState, PhaseKind
from budgeting.models import Board, Extension, Phase
from budgeting.selectors import board_lines, options_on_board
from budgeting.services.closing import close_cycle, due_to_close
from budgeting.services.errors import RefusedError, VotingClosedError
from budgeting.services.extensions import (
    EXTEND,
    extend_voting,
    extensions_asked,
    request_extension,
)
from civicfund.audit.models import Approval
from civicfund.audit.services import ApprovalError, approve_act, request_act
from tests.budgeting.test_bundle import altered, broken, bundle_of, edited, published
from tests.factories.budgeting import (
    administrator,
    cast_positions,
    draft_cycle,
    end_voting,
    extended,
    running_cycle,
    set_end,
)
from tests.factories.people import UserFactory
from tests.signing_in import sign_in_with_second_factor

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
WHY = "Nobody could vote for an hour."


def ends_at(cycle):
    return Phase.objects.get(cycle=cycle, kind=PhaseKind.BALLOTING).ends_at


def asked(cycle, by=None, later=HOUR):
    by = by or administrator()
    return request_extension(cycle, ends_at=ends_at(cycle) + later, reason=WHY, by=by)


@contextmanager
def nothing_moves(cycle):
    before = ends_at(cycle), Board.objects.get(pk=cycle.pk).head, Extension.objects.count()
    yield
    after = ends_at(cycle), Board.objects.get(pk=cycle.pk).head, Extension.objects.count()
    assert before == after


@contextmanager
def refused(name, using="default"):
    with pytest.raises(DatabaseError) as error, transaction.atomic(using=using):
        yield
    assert error.value.__cause__.diag.constraint_name == name


# --- two people


def test_two_people_extend_a_vote_and_the_reason_stands_with_it():
    cycle, [person] = running_cycle()
    was = ends_at(cycle)
    first, second = administrator(), administrator()
    made = extend_voting(cycle, asked(cycle, by=first).pk, by=second)
    assert (made.from_at, made.to_at, made.reason) == (was, was + HOUR, WHY)
    assert ends_at(cycle) == was + HOUR
    approval = made.approval
    assert (approval.requested_by, approval.approved_by) == (first, second)
    cast_positions(cycle, person, [0])


def test_whoever_asked_cannot_agree():
    cycle, _ = running_cycle()
    request = asked(cycle)
    with nothing_moves(cycle), pytest.raises(ApprovalError):
        extend_voting(cycle, request.pk, by=request.requested_by)
    assert not Approval.objects.filter(request=request).exists()


def test_only_administrators_ask_and_agree():
    cycle, _ = running_cycle()
    with nothing_moves(cycle):
        with pytest.raises(PermissionDenied):
            asked(cycle, by=UserFactory())
        with pytest.raises(PermissionDenied):
            extend_voting(cycle, asked(cycle).pk, by=UserFactory())


def test_a_request_is_agreed_to_once_and_only_for_its_own_cycle():
    cycle, _ = running_cycle()
    other, _ = running_cycle()
    request = asked(cycle)
    with nothing_moves(other), pytest.raises(RefusedError, match="ask for this first"):
        extend_voting(other, request.pk, by=administrator())
    extend_voting(cycle, request.pk, by=administrator())
    with nothing_moves(cycle), pytest.raises(RefusedError, match="agreed to this already"):
        extend_voting(cycle, request.pk, by=administrator())


def test_what_was_asked_for_before_another_extension_is_not_agreed_to_after_it():
    cycle, _ = running_cycle()
    stale = asked(cycle, later=2 * HOUR)
    extend_voting(cycle, asked(cycle).pk, by=administrator())
    with nothing_moves(cycle), pytest.raises(RefusedError, match="extended since"):
        extend_voting(cycle, stale.pk, by=administrator())
    cycle = type(cycle).objects.get(pk=cycle.pk)
    assert extensions_asked(cycle) == []


# --- when, and which way


@pytest.mark.parametrize("later", [timedelta(0), -HOUR / 2, -3 * HOUR])
def test_voting_is_never_made_shorter(later):
    cycle, _ = running_cycle()
    with nothing_moves(cycle), pytest.raises(RefusedError, match="never shorter"):
        asked(cycle, later=later)


def test_nobody_extends_without_a_reason():
    cycle, _ = running_cycle()
    with nothing_moves(cycle), pytest.raises(RefusedError, match="Say why"):
        request_extension(cycle, ends_at=ends_at(cycle) + HOUR, reason="  ", by=administrator())


def test_nothing_is_extended_once_voting_is_over():
    cycle, _ = running_cycle()
    request = asked(cycle)
    end_voting(cycle)
    with nothing_moves(cycle), pytest.raises(RefusedError, match="Voting is over"):
        extend_voting(cycle, request.pk, by=administrator())
    with pytest.raises(RefusedError, match="Voting is over"):
        asked(cycle)
    close_cycle(cycle)
    with pytest.raises(RefusedError, match="vote that is open"):
        extend_voting(cycle, request.pk, by=administrator())


def test_a_draft_is_changed_and_not_extended():
    cycle = draft_cycle()
    with pytest.raises(RefusedError, match="vote that is open"):
        asked(cycle)


def test_an_extended_vote_closes_at_its_new_end_and_not_before():
    cycle, [person] = running_cycle()
    extended(cycle, HOUR)
    assert due_to_close() == []
    with pytest.raises(RefusedError, match="not over"):
        close_cycle(cycle)
    cast_positions(cycle, person, [0])
    end_voting(cycle)
    with pytest.raises(VotingClosedError):
        cast_positions(cycle, person, [0])
    assert close_cycle(cycle).state == CycleState.CLOSED


# --- what the database refuses, whoever asks


@pytest.mark.parametrize("alias", ["default", "owner"])
@pytest.mark.parametrize("moved", ["1 hour", "-10 minutes"])
@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_a_phase_moves_for_nobody_without_its_extension(alias, moved):
    cycle, _ = running_cycle()
    extended(cycle, HOUR)
    with (
        nothing_moves(cycle),
        refused("phase_frozen_when_opened", using=alias),
        connections[alias].cursor() as cursor,
    ):
        cursor.execute("UPDATE budgeting_phase SET ends_at = ends_at + %s::interval", [moved])


@pytest.mark.parametrize(
    "also", [{"starts_at": datetime(2026, 1, 1, tzinfo=UTC)}, {"kind": PhaseKind.INFORMING}]
)
def test_an_extension_moves_nothing_but_the_end(also):
    """The row is there and the update has its times, but it changes more."""
    cycle, _ = running_cycle()
    made = extended(cycle, HOUR)
    set_end(cycle, made.from_at)
    with nothing_moves(cycle), refused("phase_frozen_when_opened"):
        Phase.objects.filter(cycle=cycle).update(ends_at=made.to_at, **also)


def approved(cycle, from_at, to_at, act=EXTEND):
    request = request_act(
        act, cycle, requested_by=administrator(),
        from_at=from_at.isoformat(), to_at=to_at.isoformat(), reason=WHY,
    )  # fmt: skip
    return approve_act(request, approved_by=administrator())


def test_the_database_refuses_an_extension_that_shortens():
    cycle, _ = running_cycle()
    was = ends_at(cycle)
    sooner = was - HOUR / 2
    approval = approved(cycle, was, sooner)
    with nothing_moves(cycle), refused("extension_only_forward"):
        Extension.objects.create(
            cycle=cycle, from_at=was, to_at=sooner, reason=WHY, approval=approval
        )


def test_the_database_refuses_an_extension_after_the_end_or_from_another_one():
    cycle, _ = running_cycle()
    was = ends_at(cycle)
    with nothing_moves(cycle), refused("extension_in_time"):
        Extension.objects.create(
            cycle=cycle, from_at=was - HOUR, to_at=was + HOUR, reason=WHY,
            approval=approved(cycle, was - HOUR, was + HOUR),
        )  # fmt: skip
    end_voting(cycle)
    over = ends_at(cycle)
    with nothing_moves(cycle), refused("extension_in_time"):
        Extension.objects.create(
            cycle=cycle, from_at=over, to_at=over + HOUR, reason=WHY,
            approval=approved(cycle, over, over + HOUR),
        )  # fmt: skip


def test_the_database_refuses_an_extension_that_two_people_did_not_agree_to():
    cycle, _ = running_cycle()
    other, _ = running_cycle()
    was = ends_at(cycle)
    to = was + HOUR
    row = {"cycle": cycle, "from_at": was, "to_at": to, "reason": WHY}
    wrong = [
        row | {"approval": approved(cycle, was, to, act="cycle.open")},
        row | {"approval": approved(other, was, to)},
        row | {"approval": approved(cycle, was, to + HOUR)},
        row | {"approval": approved(cycle, was - HOUR, to)},
        row | {"approval": approved(cycle, was, to), "reason": "Another reason."},
    ]
    for each in wrong:
        with nothing_moves(cycle), refused("extension_needs_two_people"):
            Extension.objects.create(**each)


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
@pytest.mark.parametrize(
    "change", ["UPDATE budgeting_extension SET reason = 'x'", "DELETE FROM budgeting_extension"]
)
def test_an_extension_is_there_for_good(change):
    cycle, _ = running_cycle()
    extended(cycle, HOUR)
    with (
        nothing_moves(cycle),
        refused("budgeting_extension_append_only", using="owner"),
        connections["owner"].cursor() as owner,
    ):
        owner.execute(change)
    with pytest.raises(DatabaseError, match="permission denied"), connection.cursor() as cursor:
        cursor.execute(change)


def test_an_extension_says_why():
    cycle, _ = running_cycle()
    was = ends_at(cycle)
    request = request_act(
        EXTEND, cycle, requested_by=administrator(),
        from_at=was.isoformat(), to_at=(was + HOUR).isoformat(), reason=" ",
    )  # fmt: skip
    with nothing_moves(cycle), refused("extension_says_why"):
        Extension.objects.create(
            cycle=cycle, from_at=was, to_at=was + HOUR, reason=" ",
            approval=approve_act(request, approved_by=administrator()),
        )  # fmt: skip


# --- the board and the bundle


def test_the_board_takes_extensions_into_its_chain():
    cycle, people = running_cycle(3)
    made = []
    for person in people:
        cast_positions(cycle, person, [0])
        made.append(extended(cycle, HOUR))
    assert [each.board_size for each in made] == [1, 2, 3]
    board, lines = Board.objects.get(pk=cycle.pk), board_lines(Board.objects.get(pk=cycle.pk))
    said = [
        boards.Extension(
            each.board_size,
            boards.moment(each.from_at),
            boards.moment(each.to_at),
            boards.moment(each.at),
            each.reason,
        )
        for each in made
    ]
    options = options_on_board(board)
    chain, head = boards.chain_of(board.first, lines, said, options)
    assert head == board.head
    assert chain == list(cycle.board_lines.order_by("position").values_list("head", flat=True))
    assert boards.chain_of(board.first, lines, said[:2], options)[1] != board.head


def an_extended_bundle():
    cycle, _ = published(extend=lambda running: extended(running, HOUR, reason="Lost: ä “3 h”\n!"))
    return bundle_of(cycle)


@pytest.mark.parametrize(
    ("path", "value", "found"),
    [
        (("reason",), "All was well.", "chain"),
        (("to_at",), "2036-01-01T00:00:00.000000+00:00", "chain"),
        (("at",), "2036-01-01T00:00:00.000000+00:00", "go on from the end"),
        (("board_size",), 7, "chain"),
        (("board_size",), 7_000, "the board"),
    ],
)
def test_an_altered_extension_is_found_in_the_bundle(path, value, found):
    content = an_extended_bundle()
    assert broken(content) == []
    change = edited(("board", "extensions", 0, *path), value)
    assert any(found in each for each in broken(altered(content, "bundle.json", change)))


@pytest.mark.parametrize("change", [[], None])
def test_an_extension_that_is_kept_quiet_is_found(change):
    content = altered(an_extended_bundle(), "bundle.json", edited(("board", "extensions"), change))
    assert broken(content)


# --- pages


def test_the_public_reads_the_reason_on_the_cycles_pages(client):
    cycle, _ = running_cycle()
    for page in ("cycle", "ballot", "board"):
        assert WHY not in client.get(reverse(page, args=[cycle.slug])).content.decode()
    extended(cycle, HOUR, reason=WHY)
    for page in ("cycle", "ballot", "board"):
        assert WHY in client.get(reverse(page, args=[cycle.slug])).content.decode()
    [said] = client.get(reverse("api_cycle", args=[cycle.slug])).json()["extensions"]
    assert said["reason"] == WHY


def test_the_desk_asks_and_a_second_administrator_agrees(client, settings):
    cycle, _ = running_cycle()
    page = reverse("extending", args=[cycle.slug])
    sign_in_with_second_factor(client, administrator())
    # By the town's clocks, and by more than these are set back in autumn.
    later = f"{localtime(ends_at(cycle) + 3 * HOUR):%Y-%m-%d %H:%M}"
    told = client.post(page, {"act": "ask", "ends_at": later, "reason": WHY}, follow=True)
    assert "Now another administrator has to agree" in told.content.decode()
    [waiting] = extensions_asked(type(cycle).objects.get(pk=cycle.pk))
    told = client.post(page, {"act": "agree", "asked": waiting.request.pk})
    assert told.status_code == 400
    assert "cannot also approve" in told.content.decode()
    assert not Extension.objects.exists()
    client.logout()
    sign_in_with_second_factor(client, administrator())
    settings.SECOND_FACTOR_RECENT_SECONDS = -1
    told = client.post(page, {"act": "agree", "asked": waiting.request.pk})
    assert (told.status_code, "reauthenticate" in told.url) == (302, True)
    assert not Extension.objects.exists()
    settings.SECOND_FACTOR_RECENT_SECONDS = 300
    told = client.post(page, {"act": "agree", "asked": waiting.request.pk}, follow=True)
    assert "Voting now ends on" in told.content.decode()
    assert Extension.objects.get().reason == WHY


def test_the_desk_is_for_administrators(client):
    cycle, [person] = running_cycle()
    page = reverse("extending", args=[cycle.slug])
    sign_in_with_second_factor(client, person)
    assert client.get(page).status_code == 403
    assert client.post(page, {"act": "ask"}).status_code == 403
