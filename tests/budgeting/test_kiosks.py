"""Kiosks: registered devices, at which an officer unlocks one ballot for one voter at a time."""

from __future__ import annotations

import re
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError, connection, connections, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from psycopg import sql

from budgeting.enums import Channel, VoterGroup
from budgeting.models import (
    Casting,
    Kiosk,
    KioskEnd,
    KioskOpening,
    KioskUnlock,
    OpenedBallot,
    Participation,
    RollEntry,
    SealedBallot,
)
from budgeting.selectors import kiosk_by_key, kiosks_of, sitting_at
from budgeting.services.ballots import Choice, cast
from budgeting.services.closing import close_cycle
from budgeting.services.codes import claim_by_code, code_for
from budgeting.services.errors import BallotRefusedError, RefusedError, VotingClosedError
from budgeting.services.kiosks import (
    KioskOverError,
    cast_at_kiosk,
    end_ballot,
    free_kiosk,
    open_ballot,
    register_kiosk,
    revoke_kiosk,
    unlock_ballot,
)
from budgeting.services.roll import set_eligibility
from civicfund.people.enums import Role
from civicfund.people.services import grant_role
from tests.budgeting.test_roll import DAY, imported, letters_to, person_row
from tests.factories.budgeting import (
    administrator,
    age_unlock,
    codes,
    draft_cycle,
    end_voting,
    in_urn,
    open_by_trustees,
    opened,
)
from tests.factories.people import UserFactory
from tests.factories.places import NeighborhoodFactory
from tests.signing_in import sign_in_with_second_factor

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


def officer():
    user = UserFactory()
    grant_role(user, Role.POLL_OFFICER, by=None)
    return user


def a_vote(**cycle):
    """An open vote with three people on its roll, numbers 1 to 3."""
    place = NeighborhoodFactory()
    drafted = draft_cycle(place=place, **cycle)
    set_eligibility(
        drafted, minimum_age=16, age_on=DAY, groups=[VoterGroup.RESIDENT], by=administrator()
    )
    imported(drafted, *(person_row(n, place) for n in (1, 2, 3)))
    return opened(drafted)


def a_kiosk(cycle, name="Library"):
    return register_kiosk(cycle, name=name, by=officer())[0]


def unlocked(kiosk, number="1", by=None):
    """A ballot that is open at the kiosk."""
    return open_ballot(kiosk, unlock_ballot(kiosk, number=number, by=by or officer()).code)


def choosing(cycle, *places):
    pot = cycle.pots.get()
    named = codes(pot)
    return {pot.pk: Choice([named[place] for place in places])}


@contextmanager
def nothing_is_cast():
    counts = [kind.objects.count() for kind in (Casting, Participation, SealedBallot, KioskEnd)]
    yield
    after = [kind.objects.count() for kind in (Casting, Participation, SealedBallot, KioskEnd)]
    assert counts == after


@contextmanager
def refused(name):
    with pytest.raises(IntegrityError) as error, transaction.atomic():
        yield
    assert error.value.__cause__.diag.constraint_name == name


# --- registering


def test_officers_and_administrators_register_and_revoke_nobody_else():
    cycle = a_vote()
    for by in (officer(), administrator()):
        kiosk, key = register_kiosk(cycle, name=" Library ", by=by)
        assert kiosk_by_key(cycle, key) == kiosk
        assert (kiosk.name, key not in kiosk.key_hash) == ("Library", True)
        revoke_kiosk(kiosk, by=by)
        assert kiosk_by_key(cycle, key) is None
        with pytest.raises(RefusedError, match="revoked already"):
            revoke_kiosk(kiosk, by=by)
    with pytest.raises(PermissionDenied):
        register_kiosk(cycle, name="Mine", by=UserFactory())
    kiosk = a_kiosk(cycle)
    with pytest.raises(PermissionDenied):
        revoke_kiosk(kiosk, by=UserFactory())
    assert list(kiosks_of(cycle)) == [kiosk]


def test_a_kiosk_is_one_of_its_own_cycle_only():
    cycle, other = a_vote(), opened(draft_cycle())
    _, key = register_kiosk(cycle, name="Library", by=officer())
    assert kiosk_by_key(other, key) is None
    with pytest.raises(RefusedError, match="while a cycle is open"):
        register_kiosk(draft_cycle(), name="Early", by=officer())


# --- unlocking


def test_an_officer_unlocks_one_ballot_for_one_voter():
    cycle = a_vote()
    kiosk, by = a_kiosk(cycle), officer()
    told = unlock_ballot(kiosk, number="1", by=by)
    assert re.fullmatch(r"\d{6}", told.code)
    assert sitting_at(kiosk) is None
    unlock = open_ballot(kiosk, f" {told.code[:3]} {told.code[3:]} ")
    assert (unlock.officer, sitting_at(kiosk)) == (by, unlock)
    said = cast_at_kiosk(unlock, choosing(cycle, 1))
    assert (said.changed, sitting_at(kiosk)) == (False, None)
    assert Participation.objects.get().channel == Channel.KIOSK
    [choice] = in_urn(cycle)[-1].values()
    assert choice["options"] == [1]


def test_administrators_and_residents_unlock_nothing():
    kiosk = a_kiosk(a_vote())
    for by in (administrator(), UserFactory()):
        with pytest.raises(PermissionDenied):
            unlock_ballot(kiosk, number="1", by=by)
    assert not KioskUnlock.objects.exists()


def test_nobody_is_unlocked_who_is_not_on_the_roll():
    kiosk = a_kiosk(a_vote())
    for number in ("4", "", "x"):
        with pytest.raises(RefusedError, match="Nobody with this number"):
            unlock_ballot(kiosk, number=number, by=officer())
    assert not KioskUnlock.objects.exists()


def test_an_officer_does_not_unlock_their_own_ballot():
    cycle = a_vote()
    by = officer()
    [letter] = letters_to(cycle, person_row(1, RollEntry.objects.first().place))
    claim_by_code(code_for(cycle, letter.code, 1980), by=by)
    with pytest.raises(RefusedError, match="Another officer"):
        unlock_ballot(a_kiosk(cycle), number="1", by=by)


def test_while_somebody_votes_nothing_else_is_unlocked_there_until_it_is_freed():
    cycle = a_vote()
    kiosk, elsewhere = a_kiosk(cycle), a_kiosk(cycle, "Town hall")
    unlock = unlocked(kiosk)
    with pytest.raises(RefusedError, match="Somebody is voting there"):
        unlock_ballot(kiosk, number="2", by=officer())
    unlocked(elsewhere, "2")
    assert [each.is_busy for each in kiosks_of(cycle)] == [True, True]
    free_kiosk(kiosk, by=officer())
    with nothing_is_cast(), pytest.raises(KioskOverError):
        cast_at_kiosk(unlock, choosing(cycle, 0))
    unlocked(kiosk, "3")
    with pytest.raises(PermissionDenied):
        free_kiosk(kiosk, by=administrator())


# --- codes


def test_a_code_is_for_one_kiosk_and_typed_once():
    cycle = a_vote()
    kiosk, elsewhere = a_kiosk(cycle), a_kiosk(cycle, "Town hall")
    code = unlock_ballot(kiosk, number="1", by=officer()).code
    for device, typed in ((elsewhere, code), (kiosk, "x"), (kiosk, ""), (kiosk, code + "0")):
        with pytest.raises(RefusedError, match="not valid here"):
            open_ballot(device, typed)
    end_ballot(open_ballot(kiosk, code))
    with pytest.raises(RefusedError, match="not valid here"):
        open_ballot(kiosk, code)
    assert KioskOpening.objects.count() == 1


def test_a_code_ends_after_two_minutes():
    kiosk = a_kiosk(a_vote())
    code = unlock_ballot(kiosk, number="1", by=officer()).code
    age_unlock(KioskUnlock.objects.get(), 2 * MINUTE)
    with pytest.raises(RefusedError, match="not valid here"):
        open_ballot(kiosk, code)
    with refused("kiosk_opened_in_time"):
        KioskOpening.objects.create(unlock=KioskUnlock.objects.get())


def test_a_newer_code_ends_an_older_one():
    kiosk = a_kiosk(a_vote())
    older = unlock_ballot(kiosk, number="1", by=officer()).code
    newer = unlock_ballot(kiosk, number="2", by=officer())
    if newer.code != older:
        with pytest.raises(RefusedError, match="not valid here"):
            open_ballot(kiosk, older)
    with refused("kiosk_opened_in_time"):
        KioskOpening.objects.create(unlock=KioskUnlock.objects.order_by("pk").first())
    assert open_ballot(kiosk, newer.code).entry == KioskUnlock.objects.order_by("pk").last().entry


# --- casting


def test_a_ballot_is_cast_once_for_each_unlock():
    cycle = a_vote()
    unlock = unlocked(a_kiosk(cycle))
    cast_at_kiosk(unlock, choosing(cycle, 0))
    with nothing_is_cast(), pytest.raises(KioskOverError, match="unlock it again"):
        cast_at_kiosk(unlock, choosing(cycle, 1))


def test_after_ten_minutes_a_cast_is_refused_in_words_and_by_the_database():
    cycle = a_vote()
    kiosk = a_kiosk(cycle)
    unlock = unlocked(kiosk)
    age_unlock(unlock, 10 * MINUTE)
    unlock.refresh_from_db()
    with nothing_is_cast(), pytest.raises(KioskOverError, match="the time for which"):
        cast_at_kiosk(unlock, choosing(cycle, 0))
    assert sitting_at(kiosk) is None
    with nothing_is_cast(), refused("kiosk_ballot_in_time"):
        KioskEnd.objects.create(unlock=unlock, with_ballot=True)


def test_a_ballot_that_was_left_or_whose_kiosk_was_revoked_is_not_cast():
    cycle = a_vote()
    kiosk = a_kiosk(cycle)
    left = unlocked(kiosk)
    end_ballot(left)
    end_ballot(left)
    with nothing_is_cast(), pytest.raises(KioskOverError):
        cast_at_kiosk(left, choosing(cycle, 0))
    taken = unlocked(kiosk, "2")
    revoke_kiosk(kiosk, by=officer())
    with nothing_is_cast(), pytest.raises(KioskOverError):
        cast_at_kiosk(taken, choosing(cycle, 0))
    with nothing_is_cast(), refused("kiosk_ballot_in_time"):
        KioskEnd.objects.create(unlock=taken, with_ballot=True)
    with pytest.raises(RefusedError, match="revoked"):
        unlock_ballot(kiosk, number="3", by=officer())


def test_a_refused_ballot_stays_open_and_can_be_mended():
    cycle = a_vote(max_options=1)
    unlock = unlocked(a_kiosk(cycle))
    for wrong in ({}, choosing(cycle, 0, 1)):
        with nothing_is_cast(), pytest.raises(BallotRefusedError):
            cast_at_kiosk(unlock, wrong)
    cast_at_kiosk(unlock, choosing(cycle, 0))
    assert KioskEnd.objects.get().with_ballot


def test_nothing_is_unlocked_or_cast_once_voting_is_over():
    cycle = a_vote()
    kiosk = a_kiosk(cycle)
    unlock = unlocked(kiosk)
    end_voting(cycle)
    with nothing_is_cast(), pytest.raises(VotingClosedError):
        cast_at_kiosk(unlock, choosing(cycle, 0))
    with pytest.raises(VotingClosedError):
        unlock_ballot(kiosk, number="2", by=officer())
    with refused("kiosk_unlock_in_time"):
        KioskUnlock.objects.create(
            kiosk=kiosk, officer=officer(), entry=unlock.entry, code_hash="0" * 64
        )


def test_kiosk_code_and_web_are_one_voter_with_one_slot():
    cycle = a_vote()
    place = RollEntry.objects.first().place
    [letter] = letters_to(cycle, person_row(1, place))
    posted = code_for(cycle, letter.code, 1980)
    cast(cycle, posted.entry, choosing(cycle, 0), channel=Channel.CODE)
    kiosk = a_kiosk(cycle)
    assert cast_at_kiosk(unlocked(kiosk), choosing(cycle, 1)).changed
    account = UserFactory()
    claim_by_code(posted, by=account)
    assert cast(cycle, account, choosing(cycle, 0, 1)).changed
    assert cast_at_kiosk(unlocked(kiosk), choosing(cycle, 2)).changed
    assert Participation.objects.get().channel == Channel.CODE
    assert SealedBallot.objects.values("slot").distinct().count() == 1
    assert Casting.objects.count() == 4
    end_voting(cycle)
    open_by_trustees(close_cycle(cycle))
    assert list(OpenedBallot.objects.values_list("options", flat=True)) == [[2]]


# --- what the database keeps


def test_an_unlock_is_for_a_voter_of_the_kiosks_cycle():
    kiosk = a_kiosk(a_vote())
    stranger = RollEntry.objects.filter(cycle=a_vote()).first()
    with refused("kiosk_unlock_in_time"):
        KioskUnlock.objects.create(
            kiosk=kiosk, officer=officer(), entry=stranger, code_hash="0" * 64
        )


@pytest.mark.parametrize("change", [{"name": "x"}, {"key_hash": "0" * 64}, {"revoked_at": None}])
def test_a_kiosk_is_revoked_once_and_otherwise_kept(change):
    kiosk = a_kiosk(a_vote())
    with refused("kiosk_kept"):
        Kiosk.objects.filter(pk=kiosk.pk).update(**change)
    with refused("kiosk_kept"):
        Kiosk.objects.filter(pk=kiosk.pk)._raw_delete("default")
    with refused("kiosk_revoked_by_somebody"):
        Kiosk.objects.filter(pk=kiosk.pk).update(revoked_at="2026-01-01T00:00Z")


@pytest.mark.parametrize(
    ("values", "name"),
    [({"name": " "}, "kiosk_has_a_place"), ({"key_hash": "x"}, "kiosk_key_is_hash")],
)
def test_a_kiosk_has_a_place_and_keeps_a_hash(values, name):
    fields = {"name": "Library", "key_hash": "0" * 64, "registered_by": officer()}
    with refused(name):
        Kiosk.objects.create(cycle=a_vote(), **(fields | values))


def test_a_code_is_kept_as_a_digest():
    cycle = a_vote()
    entry = RollEntry.objects.filter(cycle=cycle).first()
    with refused("kiosk_code_is_a_digest"):
        KioskUnlock.objects.create(
            kiosk=a_kiosk(cycle), officer=officer(), entry=entry, code_hash="123456"
        )


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
@pytest.mark.parametrize("table", ["kioskunlock", "kioskopening", "kioskend"])
def test_unlocks_are_only_ever_added(table):
    cycle = a_vote()
    cast_at_kiosk(unlocked(a_kiosk(cycle)), choosing(cycle, 0))
    for act in ("DELETE FROM {}", "UPDATE {} SET id = id"):
        statement = sql.SQL(act).format(sql.Identifier(f"budgeting_{table}"))
        with (
            pytest.raises(IntegrityError, match="append-only"),
            connections["owner"].cursor() as cursor,
        ):
            cursor.execute(statement)
        with pytest.raises(DatabaseError, match="permission denied"), connection.cursor() as mine:
            mine.execute(statement)


def test_the_rows_of_an_unlock_hold_no_choice_receipt_code_or_number():
    cycle = a_vote()
    kiosk = a_kiosk(cycle)
    told = unlock_ballot(kiosk, number="1", by=officer())
    said = cast_at_kiosk(open_ballot(kiosk, told.code), choosing(cycle, 1))
    columns = {
        field.name
        for kind in (KioskUnlock, KioskOpening, KioskEnd)
        for field in kind._meta.get_fields()
    }
    assert columns == {
        "id", "kiosk", "officer", "entry", "code_hash", "made_at", "opening", "end",
        "unlock", "at", "with_ballot",
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT string_agg(t, '') FROM (SELECT u::text t FROM budgeting_kioskunlock u"
            " UNION ALL SELECT o::text FROM budgeting_kioskopening o"
            " UNION ALL SELECT e::text FROM budgeting_kioskend e"
            " UNION ALL SELECT v::text FROM audit_event v WHERE v.verb LIKE 'kiosk%') rows"
        )
        [kept] = cursor.fetchone()
    for secret in (said.receipt, f",{told.code},"):
        assert secret not in kept


# --- pages


def at_kiosk(cycle, name="Library"):
    """A browser that an officer has made a kiosk."""
    device = Client()
    sign_in_with_second_factor(device, officer())
    told = device.post(reverse("kiosks_desk", args=[cycle.slug]), {"act": "register", "name": name})
    assert told.url == reverse("kiosk", args=[cycle.slug])
    return device


def code_from(desk, cycle, number="1"):
    page = reverse("kiosks_desk", args=[cycle.slug])
    kiosk = kiosks_of(cycle).first()
    told = desk.post(page, {"act": "unlock", "kiosk": kiosk.pk, "number": number})
    text = told.content.decode()
    [field] = re.findall(r'<input[^>]*name="number"[^>]*>', text)
    assert "value=" not in field
    return re.search(r"data-code>(\d{6})<", text)[1]


def test_the_officers_sign_in_does_not_stay_on_the_kiosk():
    cycle = a_vote()
    device = at_kiosk(cycle)
    page = reverse("kiosk", args=[cycle.slug])
    cookie = device.cookies["kiosk"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Strict", page)
    assert device.get(reverse("kiosks_desk", args=[cycle.slug])).status_code == 302
    assert device.get(reverse("my_page")).status_code == 302
    told = device.get(page)
    assert "Library" in told.content.decode()
    assert "no-store" in told["Cache-Control"]


def test_a_cookie_that_was_not_signed_here_makes_no_kiosk(client):
    cycle = a_vote()
    page = reverse("kiosk", args=[cycle.slug])
    assert client.get(page).status_code == 403
    client.cookies["kiosk"] = at_kiosk(cycle).cookies["kiosk"].value[:-1]
    assert client.get(page).status_code == 403
    _, key = register_kiosk(cycle, name="Other", by=officer())
    client.cookies["kiosk"] = key
    assert client.get(page).status_code == 403


def test_a_voter_votes_at_a_kiosk_and_only_once(client):
    cycle = a_vote()
    device = at_kiosk(cycle)
    sign_in_with_second_factor(client, officer())
    page, pot = reverse("kiosk", args=[cycle.slug]), cycle.pots.get()
    vote = {"act": "cast", f"pot-{pot.pk}": codes(pot)[:1]}
    assert device.post(page, vote).status_code == 409
    told = device.post(page, {"act": "code", "code": code_from(client, cycle)})
    assert (told.status_code, told.url) == (302, page)
    ballot = device.get(page)
    assert "Cast my ballot" in ballot.content.decode()
    assert "no-store" in ballot["Cache-Control"]
    assert ballot["Refresh"].endswith(page)
    told = device.post(page, vote)
    receipt = re.search(r"data-receipt>([^<]+)<", told.content.decode())[1]
    assert "no-store" in told["Cache-Control"]
    again = device.post(page, vote)
    assert again.status_code == 409
    for later in (again, device.get(page)):
        assert receipt not in later.content.decode()
        assert "Cast my ballot" not in later.content.decode()
    assert Casting.objects.count() == 1


def test_leaving_and_refusals_at_the_kiosk(client):
    cycle = a_vote(max_options=1)
    device = at_kiosk(cycle)
    sign_in_with_second_factor(client, officer())
    page, pot = reverse("kiosk", args=[cycle.slug]), cycle.pots.get()
    told = device.post(page, {"act": "code", "code": "000 00"})
    assert (told.status_code, "not valid here" in told.content.decode()) == (400, True)
    device.post(page, {"act": "code", "code": code_from(client, cycle)})
    told = device.post(page, {"act": "cast", f"pot-{pot.pk}": codes(pot)[:2]})
    assert told.status_code == 400
    assert told.content.decode().count(" checked") == 2
    assert device.post(page, {"act": "leave"}).status_code == 302
    assert "Cast my ballot" not in device.get(page).content.decode()
    assert not Casting.objects.exists()
    device.post(page, {"act": "code", "code": code_from(client, cycle, "2")})
    age_unlock(KioskUnlock.objects.order_by("pk").last(), 10 * MINUTE)
    told = device.post(page, {"act": "cast", f"pot-{pot.pk}": codes(pot)[:1]})
    assert told.status_code == 409
    assert "Your ballot was not cast: the time" in told.content.decode()
    assert not Casting.objects.exists()


def test_the_kiosks_ballot_links_nowhere_and_fills_in_nothing(client):
    cycle = a_vote()
    device = at_kiosk(cycle)
    sign_in_with_second_factor(client, officer())
    page = reverse("kiosk", args=[cycle.slug])
    pages = [device.get(page).content.decode()]
    device.post(page, {"act": "code", "code": code_from(client, cycle)})
    pages.append(device.get(page).content.decode())
    pot = cycle.pots.get()
    vote = {"act": "cast", f"pot-{pot.pk}": codes(pot)[:1]}
    pages.append(device.post(page, vote).content.decode())
    for text in pages:
        assert re.findall(r'<a [^>]*href="(?!#)[^"]*"', text) == []
        assert "masthead" not in text
        assert "data-draft" not in text
        assert set(re.findall(r'autocomplete="([^"]*)"', text)) <= {"off"}
    assert 'autocomplete="off"' in pages[1]


def test_codes_are_tried_so_often_and_no_oftener(client):
    cycle = a_vote()
    device = at_kiosk(cycle)
    page = reverse("kiosk", args=[cycle.slug])
    tries = [device.post(page, {"act": "code", "code": "x"}).status_code for _ in range(21)]
    assert tries == [400] * 20 + [429]
    sign_in_with_second_factor(client, officer())
    told = device.post(page, {"act": "code", "code": code_from(client, cycle)})
    assert told.status_code == 429
    assert not KioskOpening.objects.exists()


def test_nobody_votes_at_a_kiosk_where_somebody_is_signed_in(client):
    cycle = a_vote()
    device = at_kiosk(cycle)
    sign_in_with_second_factor(client, officer())
    page = reverse("kiosk", args=[cycle.slug])
    code = code_from(client, cycle)
    device.force_login(UserFactory())
    assert device.get(page).status_code == 409
    assert device.post(page, {"act": "code", "code": code}).status_code == 409
    assert not KioskOpening.objects.exists()
    device.post(page, {"act": "sign_out"})
    assert device.post(page, {"act": "code", "code": code}).status_code == 302
    assert sitting_at(kiosks_of(cycle).get()) is not None


def test_a_revoked_kiosk_is_told_so(client):
    cycle = a_vote()
    device = at_kiosk(cycle)
    sign_in_with_second_factor(client, administrator())
    desk = reverse("kiosks_desk", args=[cycle.slug])
    told = client.post(desk, {"act": "unlock", "kiosk": kiosks_of(cycle).get().pk, "number": "1"})
    assert told.status_code == 403
    client.post(desk, {"act": "revoke", "one": kiosks_of(cycle).get().pk})
    assert device.get(reverse("kiosk", args=[cycle.slug])).status_code == 403


def test_the_desk_is_for_officers_and_administrators(client):
    cycle = a_vote()
    page = reverse("kiosks_desk", args=[cycle.slug])
    sign_in_with_second_factor(client, UserFactory())
    assert client.get(page).status_code == 403
    assert client.post(page, {"act": "register", "name": "Mine"}).status_code == 403
    assert not Kiosk.objects.exists()


def test_the_desk_asks_as_much_for_three_kiosks_as_for_one(client):
    cycle = a_vote()
    page = reverse("kiosks_desk", args=[cycle.slug])
    sign_in_with_second_factor(client, officer())
    counts = []
    for more in (1, 2):
        for _ in range(more):
            a_kiosk(cycle)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(page).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]
