"""Who the trustees are: named by the opening, to whoever agrees to it and to everybody."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from nacl.public import PrivateKey

from budgeting.domain.naming import NamedTrustee, trustees_digest
from budgeting.domain.outcome import digest_of
from budgeting.domain.sealing import public_key_of
from budgeting.domain.trustee import fingerprint
from budgeting.enums import CycleState
from budgeting.models import Board, Cycle, Rehearsal, Trustee, TrusteeKey
from budgeting.services.cycles import (
    OPEN,
    cancel_cycle,
    open_cycle,
    request_cancelling,
    request_opening,
)
from budgeting.services.errors import RefusedError
from budgeting.services.trustees import give_key
from budgeting.services.urns import make_urn
from civicfund.audit.models import Approval, Event
from civicfund.audit.services import approve_act, request_act
from civicfund.people.enums import Role
from civicfund.people.services import grant_role
from tests.budgeting.test_cycle_desk import checklist, desk_of, send, signed_in, state_of
from tests.factories.budgeting import (
    administrator,
    draft_cycle,
    filled_in,
    named_trustees,
    rehearsed,
    running_cycle,
)
from tests.factories.people import UserFactory

pytestmark = pytest.mark.django_db

PUBLIC = public_key_of(bytes(range(32)))
SEED = bytes(32)
ONE, TWO, THREE = named_trustees()
OTHER = NamedTrustee("Lorna Dahl", "the sports club")


def named(cycle):
    return [each.named for each in Trustee.objects.filter(key__cycle=cycle)]


def renamed(cycle, *people):
    """The same key, kept by other people as far as anybody is told."""
    return give_key(cycle, cycle.trustee_key.public_key, people, by=administrator())


def refused_by(name, act):
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        act()
    assert refused.value.__cause__.diag.constraint_name == name


# --- naming them


@pytest.mark.parametrize(
    ("people", "field"),
    [
        ((ONE, TWO), ""),
        ((ONE, TWO, replace(THREE, name=" ")), "name_3"),
        ((ONE, replace(TWO, name="\u200b"), THREE), "name_2"),
        ((ONE, TWO, replace(THREE, stands_for="")), "stands_for_3"),
        ((ONE, ONE, THREE), "name_2"),
        ((ONE, TWO, replace(ONE, name="abel,  IRIS")), "name_3"),
        ((ONE, TWO, replace(TWO, name="Jonas Peter Bath")), "name_3"),
    ],
)
def test_three_different_people_have_to_be_named(people, field):
    cycle = rehearsed(draft_cycle())
    for key in (PUBLIC, cycle.trustee_key.public_key):
        with pytest.raises(RefusedError) as refused:
            give_key(cycle, key, people, by=administrator())
        assert refused.value.field == field
    assert named(cycle) == [ONE, TWO, THREE]
    assert Rehearsal.objects.filter(key__cycle=cycle, passed_at__isnull=False).count() == 3
    assert not Event.objects.filter(verb="cycle.trustees_named").exists()
    assert Event.objects.filter(verb="cycle.key_given").count() == 1


def test_whoever_works_here_is_no_trustee_unless_they_are_two_people(client):
    clerk, resident = UserFactory(display_name="Iris Abel"), UserFactory(display_name="Kaya Cole")
    cycle = draft_cycle()
    give_key(cycle, PUBLIC, named_trustees(), by=administrator())
    grant_role(clerk, Role.CLERK, by=None)
    signed_in(client)
    page = reverse("cycle_key", args=[cycle.slug])
    sent = {"public_key": "ab" * 32, **filled_in(named_trustees())}
    assert 'name="namesakes"' not in client.get(page).content.decode()
    refused = client.post(page, sent)
    assert refused.status_code == 400
    assert "goes by such a name: Iris Abel." in refused.content.decode()
    assert resident.display_name not in refused.context["key_form"].errors["namesakes"][0]
    assert 'name="namesakes"' in refused.content.decode()
    assert TrusteeKey.objects.get(cycle=cycle).public_key == PUBLIC
    assert client.post(page, sent | {"namesakes": "on"}).status_code == 302
    assert TrusteeKey.objects.get(cycle=cycle).public_key == "ab" * 32


def test_a_name_is_corrected_without_another_rehearsal_and_no_name_is_on_the_trail():
    cycle = rehearsed(draft_cycle())
    key = renamed(cycle, ONE, TWO, OTHER)
    assert named(cycle) == [ONE, TWO, OTHER]
    assert key.rehearsals.filter(passed_at__isnull=False).count() == 3
    assert Event.objects.get(verb="cycle.trustees_named").data == {
        "trustees": trustees_digest([ONE, TWO, OTHER])
    }
    renewed = give_key(cycle, PUBLIC, named_trustees(), by=administrator())
    assert not renewed.rehearsals.filter(passed_at__isnull=False).exists()


def test_a_draft_whose_key_came_before_names_needs_them(client):
    cycle = rehearsed(draft_cycle())
    Trustee.objects.all().delete()
    signed_in(client)
    assert checklist(client, cycle)["Key of the vote"] is False
    assert "nobody has said who the trustees are" in client.get(desk_of(cycle)).content.decode()
    with pytest.raises(RefusedError, match="three trustees by name"):
        request_opening(cycle, by=administrator())
    page = reverse("cycle_key", args=[cycle.slug])
    sent = {"public_key": cycle.trustee_key.public_key, **filled_in(named_trustees())}
    assert client.post(page, sent).status_code == 302
    assert checklist(client, cycle)["Key of the vote"] is True
    assert checklist(client, cycle)["Rehearsal"] is True


def test_a_draft_that_is_dropped_forgets_who_would_have_kept_its_key():
    cycle = rehearsed(draft_cycle())
    request_cancelling(cycle, by=administrator(), reason="Another year.")
    cancel_cycle(cycle, by=administrator())
    assert named(cycle) == []


# --- what the database refuses


def test_the_database_takes_three_trustees_by_name_and_no_others():
    key = give_key(draft_cycle(), PUBLIC, named_trustees(), by=administrator())
    rows = Trustee.objects.filter(key=key)
    add = Trustee.objects.create
    for part in (0, 4):
        refused_by(
            "trustee_part_known",
            lambda part=part: add(key=key, part=part, name="X", stands_for="Y"),
        )
    refused_by("trustee_one_for_each_part", lambda: add(key=key, part=3, name="X", stands_for="Y"))
    first = rows.filter(part=1)
    refused_by("trustee_another_person_each", lambda: first.update(name="JONAS BÅTH"))
    for wrong in ("", " ", "\n", "X\nY"):
        refused_by("trustee_is_named", lambda words=wrong: first.update(name=words))
        refused_by("trustee_is_named", lambda words=wrong: first.update(stands_for=words))
    assert named(key.cycle) == [ONE, TWO, THREE]


def test_who_they_are_is_fixed_when_the_cycle_opens():
    running, _ = running_cycle()
    key = running.trustee_key
    draft = give_key(draft_cycle(), PUBLIC, named_trustees(), by=administrator())
    [first, *_] = key.trustees.all()
    with pytest.raises(RefusedError, match="its key is fixed"):
        renamed(running, ONE, TWO, OTHER)
    rows = Trustee.objects.filter(pk=first.pk)
    for act in (
        lambda: rows.update(name="Lorna Dahl"),
        lambda: rows.update(stands_for="the sports club"),
        lambda: rows.update(key=draft, part=1),
        lambda: Trustee.objects.filter(key=draft, part=1).update(key=key),
        rows.delete,
        lambda: Trustee.objects.create(key=key, part=1, name="X", stands_for="Y"),
    ):
        refused_by("trustee_while_draft", act)
    assert named(running) == [ONE, TWO, THREE]


def opened_by_sql(cycle, *, people, agreed=None, key=None):
    """By two people with the application's role, with such a board, and without the service."""
    given = cycle.trustee_key
    held = [{"name": each.name, "stands_for": each.stands_for} for each in people]
    said = {"public_key": key or given.public_key, "trustees": trustees_digest(agreed or people)}
    asked = request_act(OPEN, cycle, requested_by=administrator(), **said)
    approve_act(asked, approved_by=administrator())
    make_urn(cycle, given, {"rules": {}, "opening": {"trustees": held}})
    Cycle.objects.filter(pk=cycle.pk).update(
        state=CycleState.OPEN, tie_seed=SEED.hex(), tie_commitment=sha256(SEED).hexdigest()
    )


def test_the_database_opens_no_cycle_without_the_trustees_that_two_people_agreed_to():
    people = [ONE, TWO, THREE]
    cycle = rehearsed(draft_cycle())
    for wrong in ([ONE, TWO, OTHER], [ONE, TWO], []):
        refused_by("cycle_trustees_named", lambda said=wrong: opened_by_sql(cycle, people=said))
    for others in ({"agreed": [ONE, TWO, OTHER]}, {"key": PUBLIC}):
        refused_by(
            "cycle_opened_as_asked", lambda o=others: opened_by_sql(cycle, people=people, **o)
        )
    Trustee.objects.filter(part=3).delete()
    refused_by("cycle_trustees_named", lambda: opened_by_sql(cycle, people=[ONE, TWO]))
    assert state_of(cycle) == CycleState.DRAFT
    assert not Board.objects.exists()
    assert not Approval.objects.exists()


def test_so_it_opens_where_all_of_it_fits():
    cycle = rehearsed(draft_cycle())
    opened_by_sql(cycle, people=[ONE, TWO, THREE])
    assert state_of(cycle) == CycleState.OPEN


# --- agreeing to them


def test_whoever_agrees_sees_who_they_are_and_everybody_after_the_opening(client):
    cycle = rehearsed(draft_cycle())
    known_by = fingerprint(bytes.fromhex(cycle.trustee_key.public_key))
    request_opening(cycle, by=administrator())
    signed_in(client)
    desk = client.get(desk_of(cycle)).content.decode()
    assert 'value="agree_open"' in desk
    assert "A name of somebody who works here" not in desk
    key_page = client.get(reverse("cycle_key", args=[cycle.slug])).content.decode()
    assert send(client, cycle, "agree_open").status_code == 302
    client.logout()
    board = client.get(reverse("board", args=[cycle.slug])).content.decode()
    for page in (desk, key_page, board):
        assert known_by in page
        for each in named_trustees():
            assert f"{each.name}, for {each.stands_for}" in page


def test_whoever_agrees_is_warned_of_a_name_of_somebody_who_works_here(client):
    cycle = rehearsed(draft_cycle())
    request_opening(cycle, by=administrator())
    grant_role(UserFactory(display_name="Kaya Cole"), Role.MODERATOR, by=None)
    signed_in(client)
    desk = client.get(desk_of(cycle)).content.decode()
    assert "Make sure that this is another person: Kaya Cole." in desk


@pytest.mark.parametrize(
    "key", [None, bytes(PrivateKey.generate())], ids=["other trustees", "another key"]
)
def test_other_trustees_or_another_key_than_asked_for_open_nothing(client, key):
    cycle = rehearsed(draft_cycle())
    asked = request_opening(cycle, by=administrator())
    people = [ONE, TWO, OTHER] if key is None else named_trustees()
    public = public_key_of(key) if key else cycle.trustee_key.public_key
    given = give_key(cycle, public, people, by=administrator())
    given.rehearsals.update(passed_at=given.given_at)
    signed_in(client)
    desk = client.get(desk_of(cycle)).content.decode()
    assert "Nobody can agree to this" in desk
    assert 'value="agree_open"' not in desk
    refused = send(client, cycle, "agree_open", asked=asked.pk)
    assert refused.status_code == 400
    assert "The trustees or their key have changed" in refused.content.decode()
    with pytest.raises(RefusedError, match="trustees or their key have changed"):
        open_cycle(cycle, by=administrator())
    assert state_of(cycle) == CycleState.DRAFT
    assert not Board.objects.exists()
    assert not Approval.objects.filter(request__act="cycle.open").exists()
    assert send(client, cycle, "ask_open").status_code == 302
    signed_in(client)
    newest = offered(client, cycle)
    assert send(client, cycle, "agree_open", asked=newest).status_code == 302
    assert state_of(cycle) == CycleState.OPEN


def offered(client, cycle):
    """The opening that can be agreed to."""
    offers = client.get(desk_of(cycle)).context["offers"]
    [asked] = [each.asked.pk for each in offers if each.name == "agree_open" and each.stands]
    return asked


def test_what_was_asked_for_holds_no_name_and_the_board_begins_with_them():
    cycle = rehearsed(draft_cycle())
    asked = request_opening(cycle, by=administrator())
    assert "Iris" not in str(asked.parameters)
    assert asked.parameters["trustees"] == trustees_digest(named_trustees())
    opened = open_cycle(cycle, by=administrator())
    board = Board.objects.get(pk=opened.pk)
    assert board.trustees == named_trustees()
    assert board.first == digest_of(board.opened["opening"])


def test_a_vote_from_before_names_nobody():
    assert Board(opened={"rules": {}, "opening": {"public_key": PUBLIC}}).trustees == []
    assert Board(opened={}).trustees == []
