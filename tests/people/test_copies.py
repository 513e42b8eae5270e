from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from pathlib import Path
from zipfile import ZipFile

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.db import IntegrityError
from django.urls import reverse

from budgeting.models import SealedBallot
from budgeting.services.ballots import Choice, cast
from civicfund.audit.models import Event
from civicfund.audit.services import db_now
from civicfund.holdings import held, left_out
from civicfund.notices.services import tell
from civicfund.people.models import PersonalCopy, User
from civicfund.people.services import copies, vault
from civicfund.people.services.copies import (
    DRAWER,
    ask_for_copy,
    delete_copies,
    delete_copy,
    make_copy,
    packed,
    take_copy,
)
from civicfund.people.services.errors import CopyError
from civicfund.people.tasks import delete_due_copies, delete_due_documents, make_copies
from tests.factories.budgeting import codes, running_cycle
from tests.factories.people import ResidencyFactory, UserFactory
from tests.factories.pledges import PledgeFactory
from tests.factories.projects import ProjectFactory
from tests.factories.talk import CommentFactory
from tests.signing_in import PASSWORD, sign_in, sign_in_with_second_factor, verified

pytestmark = pytest.mark.django_db
PAGE, TAKE = "/me/data/", "/me/data/copy.zip"


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.RESIDENCE_DOCUMENTS = str(tmp_path / "sealed")
    return tmp_path / "sealed"


def opened(content: bytes) -> dict[str, str]:
    with ZipFile(io.BytesIO(content)) as folder:
        return {name: folder.read(name).decode() for name in folder.namelist()}


def give_password(client):
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})


def rows(files: dict[str, str], name: str) -> list[dict[str, object]]:
    return json.loads(files[f"{name}.json"])


def relations() -> set[str]:
    """Every column of every table that points at a person."""
    return {
        f"{found.related_model._meta.label}.{found.field.name}"
        for found in User._meta.get_fields(include_hidden=True)
        if found.auto_created and not found.concrete
    }


def test_every_column_that_points_at_a_person_is_held_or_left_out_with_a_reason():
    shown = set().union(*(kind.relations for kind in held())) - {"people.User.pk"}
    out = left_out()
    assert shown | out.keys() == relations()
    assert shown & out.keys() == set()
    assert all(str(why).strip() for why in out.values())


def test_a_column_that_nobody_declared_would_show():
    declared = set().union(*(kind.relations for kind in held())) | left_out().keys()
    assert "talk.Comment.author" in relations()
    assert relations() - (declared - {"talk.Comment.author"}) == {"talk.Comment.author"}


def test_a_copy_holds_what_is_mine_as_json_and_as_csv():
    mine = CommentFactory(body="=HYPERLINK(1)")
    CommentFactory(body="Of another.")
    pledge = PledgeFactory(backer=mine.author)
    files = opened(packed(mine.author))
    assert [row["body"] for row in rows(files, "comments")] == ["=HYPERLINK(1)"]
    assert [row["id"] for row in rows(files, "comments")] == [mine.pk]
    [line] = csv.DictReader(io.StringIO(files["comments.csv"]))
    assert line["body"] == "'=HYPERLINK(1)"
    assert [row["id"] for row in rows(files, "pledges")] == [str(pledge.pk)]
    assert rows(files, "account")[0]["email"] == mine.author.email
    assert files.keys() == {"README.txt"} | {
        f"{kind.name}.{ending}" for kind in held() for ending in ("json", "csv")
    }


def test_of_a_vote_a_copy_tells_that_and_never_how():
    cycle, [voter] = running_cycle()
    pot = cycle.pots.first()
    chosen = codes(pot)[0]
    receipt = cast(cycle, voter, {pot.pk: Choice([chosen])}).receipt
    entry = cycle.roll.get(claimed_by=voter)
    sealed = SealedBallot.objects.get(cycle=cycle)
    files = opened(packed(voter))
    [voted] = rows(files, "votes")
    assert voted["cycle_title"] == cycle.title
    assert voted["at"].endswith(":00Z")
    assert [row["version"] for row in rows(files, "casts")] == [1]
    everything = "".join(files.values())
    title = pot.options.get(code=chosen).name
    ciphertext = bytes(sealed.ciphertext).hex()
    for secret in (entry.person_key, receipt, sealed.slot, ciphertext[:64], title):
        assert secret, "nothing to look for"
        assert secret not in everything


def test_a_copy_holds_no_secret_and_nobody_else(client):
    person = UserFactory()
    sign_in_with_second_factor(client, person)
    project = ProjectFactory(proposer=person)
    other = CommentFactory(thread__subject_id=project.pk, body="I live next door.").author
    pledge = PledgeFactory(backer=person, setup_intent_id="seti_made_up")
    home = ResidencyFactory(user=person, proved_by=UserFactory(display_name="Officer Orla"))
    tell(person, "project_offer", project, url="/projects/invitations/secret-token/")
    everything = "".join(opened(packed(person)).values())
    factor = Authenticator.objects.filter(user=person).first()
    for secret in (
        person.password, factor.data["secret"], client.session.session_key, "secret-token",
        pledge.customer_id, pledge.payment_method_id, pledge.setup_intent_id,
        other.email, other.display_name, "I live next door.", "Officer Orla",
    ):  # fmt: skip
        assert secret, "nothing to look for"
        assert secret not in everything
    assert home.neighborhood.name in everything  # so what is looked through is the copy
    assert person.email in everything


def test_asked_for_made_by_a_worker_taken_and_deleted(client, folder):
    person = verified(UserFactory())
    sign_in(client, person)
    assert "Ask for a copy" in client.get(PAGE).content.decode()
    client.post(PAGE)
    assert "We are putting it together" in client.get(PAGE).content.decode()
    make_copies()
    assert "Your copy is ready" in client.get(PAGE).content.decode()
    give_password(client)
    taken = client.get(TAKE)
    assert taken["Cache-Control"] == "max-age=0, no-cache, no-store, must-revalidate, private"
    assert taken["Content-Disposition"].startswith("attachment")
    assert rows(opened(taken.content), "account")[0]["email"] == person.email
    client.post("/me/data/delete/")
    assert PersonalCopy.objects.at_hand().count() == 0
    assert client.get(TAKE).url == PAGE
    trail = Event.objects.filter(target_type="people.personalcopy").order_by("pk")
    assert list(trail.values_list("verb", "actor")) == [
        ("personal_copy.asked", person.pk),
        ("personal_copy.made", None),
        ("personal_copy.taken", person.pk),
        ("personal_copy.deleted", person.pk),
    ]


def test_a_session_alone_does_not_get_the_copy(client):
    person = verified(UserFactory())
    sign_in(client, person)
    ask_for_copy(person)
    make_copies()
    assert client.get(TAKE).url.startswith(reverse("account_reauthenticate"))
    assert not Event.objects.filter(verb="personal_copy.taken").exists()


def test_somebody_else_gets_nothing_of_it(client):
    ask_for_copy(UserFactory())
    make_copies()
    sign_in(client, verified(UserFactory()))
    give_password(client)
    assert client.get(TAKE).url == PAGE
    assert client.post("/me/data/delete/").status_code == 302
    assert PersonalCopy.objects.at_hand().count() == 1


def test_one_at_a_time_and_the_table_holds_it():
    person = UserFactory()
    first = ask_for_copy(person)
    with pytest.raises(CopyError):
        ask_for_copy(person)
    with pytest.raises(IntegrityError, match="personal_copy_one_at_a_time"):
        PersonalCopy.objects.create(
            user=person, asked_at=first.asked_at, delete_after=first.delete_after
        )


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"size": 3}, "personal_copy_made_iff_it_has_a_size"),
        ({"made_at": "2026-01-01T00:00Z"}, "personal_copy_made_iff_it_has_a_size"),
        ({"delete_after": "2020-01-01T00:00Z"}, "personal_copy_has_its_day"),
    ],
)
def test_the_table_refuses_a_copy_that_cannot_be(changes, name):
    copy = ask_for_copy(UserFactory())
    with pytest.raises(IntegrityError, match=name):
        PersonalCopy.objects.filter(pk=copy.pk).update(**changes)


def test_the_file_is_sealed_and_in_no_folder_that_is_served(folder, settings):
    person = UserFactory()
    copy = ask_for_copy(person)
    make_copies()
    [file] = folder.rglob("*.box")
    assert file.parent.name == DRAWER
    assert file.stat().st_mode & 0o777 == 0o600
    assert person.email.encode() not in file.read_bytes()
    assert b"PK\x03\x04" not in file.read_bytes()
    assert person.email.encode() not in copy.pk.bytes
    assert "account.json" in opened(vault.get(copy.pk, drawer=DRAWER))
    assert not Path(settings.RESIDENCE_DOCUMENTS).is_relative_to(settings.BASE_DIR / "static")


def test_past_its_day_it_cannot_be_taken_and_the_sweep_deletes_it(
    folder, django_capture_on_commit_callbacks
):
    person, other = UserFactory(), UserFactory()
    copy = ask_for_copy(person)
    ask_for_copy(other)
    make_copies()
    PersonalCopy.objects.filter(pk=copy.pk).update(
        asked_at=db_now() - timedelta(days=8), delete_after=db_now() - timedelta(seconds=1)
    )
    with pytest.raises(CopyError):
        take_copy(person)
    with django_capture_on_commit_callbacks(execute=True):
        delete_due_copies()
    copy.refresh_from_db()
    assert copy.deleted_at is not None
    assert len(list(folder.rglob("*.box"))) == 1
    assert take_copy(other)


def test_deleted_by_its_person_the_file_is_gone(folder, django_capture_on_commit_callbacks):
    person = UserFactory()
    ask_for_copy(person)
    make_copies()
    with django_capture_on_commit_callbacks(execute=True):
        delete_copy(person)
    assert list(folder.rglob("*.box")) == []
    ask_for_copy(person)


def test_a_file_that_a_killed_worker_left_is_replaced_or_swept(folder):
    copy = ask_for_copy(UserFactory())
    vault.put(copy.pk, b"half", drawer=DRAWER)
    assert make_copy(copy.pk)
    assert vault.get(copy.pk, drawer=DRAWER) != b"half"
    PersonalCopy.objects.filter(pk=copy.pk).delete()
    delete_due_documents()
    assert len(list(folder.rglob("*.box"))) == 1  # another sweep's, and younger than an hour
    assert delete_copies(orphaned_after=timedelta(0)) == 1
    assert list(folder.rglob("*.box")) == []


def test_one_that_cannot_be_made_holds_up_no_other(folder, monkeypatch, caplog):
    bad, good = ask_for_copy(UserFactory()), ask_for_copy(UserFactory())
    pack = copies.packed

    def failing(user):
        if user == bad.user:
            raise ValueError("a row that cannot be shown")
        return pack(user)

    monkeypatch.setattr(copies, "packed", failing)
    make_copies()
    assert list(PersonalCopy.objects.waiting()) == [bad]
    assert take_copy(good.user)
    assert "personal_copy.not_made" in caplog.text
    monkeypatch.undo()
    make_copies()
    assert not PersonalCopy.objects.waiting().exists()


def test_it_holds_what_was_pledged_as_a_guest_under_a_proved_address_and_under_no_other():
    person = verified(UserFactory(email="nell@example.org"))
    EmailAddress.objects.create(user=person, email="claimed@example.org", verified=False)
    amounts = {"nell@example.org": 4200, "claimed@example.org": 6600}
    for address, amount in amounts.items():
        guest = User.objects.create_guest(address, display_name="Nell")
        PledgeFactory(backer=guest, amount_minor=amount)
    pledges = rows(opened(packed(person)), "pledges")
    assert [each["amount_minor"] for each in pledges] == [4200]


def test_past_its_day_nobody_makes_it_any_more(folder):
    copy = ask_for_copy(UserFactory())
    day = {"asked_at": db_now() - timedelta(days=8), "delete_after": db_now() - timedelta(days=1)}
    PersonalCopy.objects.filter(pk=copy.pk).update(**day)
    make_copies()
    assert PersonalCopy.objects.filter(made_at=None).count() == 1


def test_too_many_are_refused(client, settings):
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"personal_copy": "2/d/key"}
    person = verified(UserFactory())
    sign_in(client, person)
    answers = []
    for _ in range(3):
        answers.append(client.post(PAGE).status_code)
        delete_copy(person)
    assert answers == [302, 302, 429]
    assert PersonalCopy.objects.count() == 2
