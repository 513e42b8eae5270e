from __future__ import annotations

import io
import random
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from civicfund.audit.models import ActRequest, Approval, Event
from civicfund.audit.services import ApprovalError, approve_act, db_now, request_act
from civicfund.notices.models import Message
from civicfund.notices.services import send_next
from civicfund.people.domain import LARGEST_BYTES, UnfitError, fit, years_before
from civicfund.people.enums import Finding, Proof, Role
from civicfund.people.models import ResidenceDocument, Residency
from civicfund.people.services import (
    ResidencyError,
    grant_role,
    prove_by_post,
    state_residency,
    vault,
)
from civicfund.people.services.documents import (
    agree,
    delete_orphans,
    find,
    read_document,
    send_document,
    withdraw_document,
)
from civicfund.people.tasks import delete_due_documents
from civicfund.town.tasks import tell_about_documents
from tests.altering import bent_bytes
from tests.factories.people import ResidencyFactory, UserFactory
from tests.factories.places import NeighborhoodFactory
from tests.hostile_files import GPS, a_pdf, a_picture
from tests.signing_in import sign_in_with_second_factor

pytestmark = pytest.mark.django_db
SEND = "/me/residency/document/"


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    """The vault of one test."""
    settings.RESIDENCE_DOCUMENTS = str(tmp_path / "documents")
    return tmp_path / "documents"


def kept(folder):
    return sorted(folder.glob("*")) if folder.exists() else []


def stated():
    return ResidencyFactory(proof="", proved_at=None)


def officer():
    user = UserFactory()
    grant_role(user, Role.POLL_OFFICER, by=None)
    return user


def sent(home=None, content=None):
    home = home or stated()
    return send_document(home.user, content or a_picture())


def found_by(document, by, finding=Finding.SHOWS):
    read_document(document, by=by)
    return find(document, finding, by=by)


def agreed_by(document, by):
    read_document(document, by=by)
    return agree(document, by=by)


# --- what is kept of a document


def test_of_a_picture_only_the_picture_is_kept():
    exif = Image.Exif()
    exif.update({271: GPS[271]})
    exif.get_ifd(34853).update(GPS[34853])
    content = a_picture(exif=exif, comment=b"my house")
    assert b"Secret Camera" in content
    drawn = fit(content)
    assert drawn.is_picture
    assert b"Secret Camera" not in drawn.content
    assert b"my house" not in drawn.content
    with Image.open(io.BytesIO(drawn.content)) as picture:
        assert dict(picture.getexif()) == {}
        assert picture.format == "JPEG"
        assert picture.size == (120, 80)


def test_a_picture_that_lies_on_its_side_stands_upright():
    exif = Image.Exif()
    exif[274] = 6
    with Image.open(io.BytesIO(fit(a_picture(exif=exif)).content)) as picture:
        assert picture.size == (80, 120)


def test_a_transparent_png_becomes_a_picture_on_white():
    drawn = io.BytesIO()
    Image.new("RGBA", (10, 10), (0, 0, 0, 0)).save(drawn, "PNG")
    with Image.open(io.BytesIO(fit(drawn.getvalue()).content)) as picture:
        assert picture.getpixel((5, 5)) == (255, 255, 255)


def test_a_pdf_is_kept_as_it_came():
    content = a_pdf()
    assert fit(content).content == content
    assert not fit(content).is_picture


def test_what_is_hidden_behind_a_picture_is_gone(folder):
    hidden = a_picture() + b"PK\x03\x04<script>alert(1)</script>%PDF-1.7"
    document = sent(content=hidden)
    opened = vault.get(document.pk)
    assert b"<script>" not in opened
    assert b"%PDF-1." not in opened


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_no_broken_picture_is_more_than_refused(kind):
    whole, chance = bytearray(a_picture(kind, size=(64, 64))), random.Random(7)  # noqa: S311 -- the same ones each time
    refused = 0
    for _ in range(300):
        broken = bytearray(whole)
        for _ in range(chance.randint(1, 8)):
            broken[chance.randrange(8, len(broken))] = chance.randrange(256)
        try:
            assert fit(bytes(broken)).is_picture
        except UnfitError:
            refused += 1
    assert refused > 0


def test_a_name_with_a_path_in_it_is_not_used(client, folder):
    home = stated()
    client.force_login(home.user)
    file = SimpleUploadedFile("../../../bill.jpg", a_picture(), "image/jpeg")
    file.name = "../../../bill.jpg"
    assert client.post(SEND, {"document": file}).status_code == 302
    document = ResidenceDocument.objects.get()
    assert kept(folder) == [folder / f"{document.pk}.box"]
    assert list(folder.parent.iterdir()) == [folder]


# --- where it is kept


def test_a_file_is_sealed_and_only_for_this_user(folder):
    content = a_pdf()  # it carries the second of its making
    document = sent(content=content)
    [path] = kept(folder)
    assert b"%PDF-1." not in path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    assert vault.get(document.pk) == content


def test_a_file_that_was_altered_or_laid_in_anothers_place_is_not_given(folder):
    one, other = sent(), sent()
    first, second = folder / f"{one.pk}.box", folder / f"{other.pk}.box"
    second.write_bytes(first.read_bytes())
    by = officer()
    with pytest.raises(ResidencyError, match="cannot be read"):
        read_document(other, by=by)
    first.write_bytes(bent_bytes(first.read_bytes()))
    with pytest.raises(ResidencyError, match="cannot be read"):
        read_document(one, by=by)


@pytest.mark.parametrize("key", ["", "short", "z" * 64])
def test_without_its_key_nothing_is_taken(settings, folder, key):
    settings.RESIDENCE_DOCUMENT_KEY = key
    with pytest.raises(ImproperlyConfigured):
        sent()
    assert kept(folder) == []
    assert not ResidenceDocument.objects.exists()


def test_a_large_upload_is_never_written_to_the_disk_in_the_open(
    client, folder, settings, tmp_path
):
    """The control: without our handler, Django writes an upload of this size to a file."""
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path / "does-not-exist")
    large = a_pdf().replace(b"%%EOF", b"%" + b"x" * 3_000_000 + b"\n%%EOF")
    home = stated()
    client.force_login(home.user)
    file = SimpleUploadedFile("bill.pdf", large, "application/pdf")
    assert client.post(SEND, {"document": file}).status_code == 302
    assert len(kept(folder)) == 1
    again = SimpleUploadedFile("bill.pdf", large, "application/pdf")
    with pytest.raises(FileNotFoundError):
        client.post(reverse("residency"), {"document": again})


def test_somebody_sends_twenty_an_hour_at_most(client, folder, settings):
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"send_document": "2/h/key"}
    client.force_login(stated().user)
    answers = []
    for _ in range(3):
        file = SimpleUploadedFile("bill.jpg", a_picture(), "image/jpeg")
        answers.append(client.post(SEND, {"document": file}).status_code)
    assert answers == [302, 302, 429]
    assert len(kept(folder)) == 1


def test_sending_is_guarded_against_other_sites(folder):
    careful = Client(enforce_csrf_checks=True)
    home = stated()
    careful.force_login(home.user)
    file = SimpleUploadedFile("bill.jpg", a_picture(), "image/jpeg")
    assert careful.post(SEND, {"document": file}).status_code == 403
    assert kept(folder) == []


# --- who decides


def test_two_officers_decide_and_the_document_is_gone_at_once(folder):
    document, first, second = sent(), officer(), officer()
    found_by(document, first)
    with pytest.raises(ApprovalError):
        agree(document, by=first)
    assert len(kept(folder)) == 1
    agreed_by(document, second)
    document.refresh_from_db()
    home = document.residency
    home.refresh_from_db()
    assert (document.outcome, home.proof, home.proved_by) == ("accepted", Proof.DOCUMENT, second)
    assert document.deleted_at is not None
    assert kept(folder) == []


def test_two_officers_agree_to_an_age_as_well_and_the_date_of_birth_is_nowhere():
    document, first, second = sent(), officer(), officer()
    read_document(document, by=first)
    find(document, Finding.SHOWS, at_least=16, by=first)
    agreed_by(document, second)
    assert Residency.objects.get().born_by == years_before(timezone.localdate(), 16)


def test_an_age_that_was_not_seen_is_not_noted():
    document = sent()
    found_by(document, officer())
    agreed_by(document, officer())
    home = Residency.objects.get()
    assert home.proved_at is not None
    assert home.born_by is None


def test_a_document_that_does_not_show_the_home_is_deleted_and_confirms_nothing(folder):
    document = sent()
    found_by(document, officer(), Finding.OTHER_ADDRESS)
    agreed_by(document, officer())
    document.refresh_from_db()
    assert document.outcome == "refused"
    assert Residency.objects.get().proved_at is None
    assert kept(folder) == []


def test_who_sees_something_else_says_so_and_another_one_agrees_to_that():
    document, first, second = sent(), officer(), officer()
    found_by(document, first, Finding.SHOWS)
    found_by(document, second, Finding.TOO_OLD)
    with pytest.raises(ApprovalError):
        agree(document, by=second)
    agree(document, by=first)
    document.refresh_from_db()
    assert document.outcome == "refused"
    assert Residency.objects.get().proved_at is None


def test_nobody_judges_what_they_did_not_look_at():
    document, first, second = sent(), officer(), officer()
    with pytest.raises(ResidencyError, match="Look at the document"):
        find(document, Finding.SHOWS, by=first)
    found_by(document, first)
    with pytest.raises(ResidencyError, match="Look at the document"):
        agree(document, by=second)
    assert not Approval.objects.exists()
    assert Residency.objects.get().proved_at is None


def test_only_poll_officers_look_and_nobody_at_their_own():
    by = officer()
    document = sent(ResidencyFactory(user=by, proof="", proved_at=None))
    with pytest.raises(ResidencyError, match="Somebody else"):
        read_document(document, by=by)
    for role in set(Role) - {Role.POLL_OFFICER}:
        person = UserFactory(is_superuser=True)
        grant_role(person, role, by=None)
        with pytest.raises(ResidencyError, match="Only a poll officer"):
            read_document(document, by=person)
    assert not Event.objects.filter(verb="residence_document.read").exists()


def test_a_home_that_was_corrected_is_not_confirmed_by_what_was_sent_before(folder):
    document, first, second = sent(), officer(), officer()
    found_by(document, first)
    read_document(document, by=second)
    home = document.residency
    state_residency(home.user, NeighborhoodFactory(), since=home.since)
    with pytest.raises(ResidencyError, match="withdrawn"):
        agree(document, by=second)
    assert Residency.objects.get().proved_at is None
    delete_due_documents()
    assert kept(folder) == []


def test_a_home_that_is_confirmed_otherwise_needs_no_document(folder):
    document = sent()
    prove_by_post(document.residency, born_by=None)
    delete_due_documents()
    assert kept(folder) == []
    with pytest.raises(ResidencyError, match="is confirmed"):
        send_document(document.residency.user, a_picture())
    assert kept(folder) == []


def test_a_newer_document_takes_the_place_of_the_earlier_and_can_be_taken_back(folder):
    home = stated()
    sent(home)
    newer = sent(home)
    assert kept(folder) == [folder / f"{newer.pk}.box"]
    withdraw_document(home.user)
    assert kept(folder) == []
    assert list(ResidenceDocument.objects.waiting()) == []


# --- the database


def decided(document, **changes):
    given = {"decided_at": db_now()} | changes
    ResidenceDocument.objects.filter(pk=document.pk).update(**given)


@pytest.mark.parametrize("outcome", ["accepted", "refused"])
def test_the_database_decides_nothing_without_two_officers(outcome):
    document = sent()
    with pytest.raises(IntegrityError, match="two officers"), transaction.atomic():
        decided(document, outcome=outcome)
    other = sent()
    asked = request_act("residence_document.decide", other, requested_by=officer(), finding="shows")
    approve_act(asked, approved_by=officer())
    with pytest.raises(IntegrityError, match="two officers"), transaction.atomic():
        decided(document, outcome=outcome)
    with pytest.raises(IntegrityError, match="two officers"), transaction.atomic():
        decided(other, outcome="refused")
    assert set(ResidenceDocument.objects.values_list("outcome", flat=True)) == {""}


def test_the_database_confirms_no_home_by_a_document_that_was_not_accepted():
    home = stated()
    sent(home)
    with pytest.raises(IntegrityError, match="accepted a document"), transaction.atomic():
        Residency.objects.filter(pk=home.pk).update(proof="document", proved_at=db_now())
    with pytest.raises(IntegrityError, match="accepted a document"), transaction.atomic():
        ResidencyFactory(proof=Proof.DOCUMENT)
    home.refresh_from_db()
    assert home.proved_at is None


@pytest.mark.parametrize(
    "changes",
    [
        {"delete_after": db_now},
        {"outcome": "expired", "decided_at": lambda: None},
        {"outcome": "lost", "decided_at": db_now},
        {"deleted_at": db_now},
        {"told_at": db_now},
    ],
)
def test_the_database_keeps_a_document_to_its_day_and_its_states(changes):
    document = sent()
    given = {name: value() if callable(value) else value for name, value in changes.items()}
    with pytest.raises(IntegrityError), transaction.atomic():
        ResidenceDocument.objects.filter(pk=document.pk).update(**given)


def test_the_database_keeps_a_decision():
    document = sent()
    withdraw_document(document.residency.user)
    with pytest.raises(IntegrityError, match="decided once"), transaction.atomic():
        decided(document, outcome="expired")


# --- the schedule


def past_its_day(document):
    """The same document as if it had been sent weeks ago: the database moves no day."""
    old = ResidenceDocument.objects.get(pk=document.pk)
    ResidenceDocument.objects.filter(pk=old.pk).delete()
    weeks = timedelta(days=20)
    return ResidenceDocument.objects.create(
        pk=old.pk, residency=old.residency, kind=old.kind, size=old.size,
        sent_at=old.sent_at - weeks, delete_after=old.delete_after - weeks,
    )  # fmt: skip


def test_what_nobody_decides_on_is_deleted_on_its_day_and_not_before(folder):
    late, waiting = past_its_day(sent()), sent()
    delete_due_documents()
    assert kept(folder) == [folder / f"{waiting.pk}.box"]
    late.refresh_from_db()
    assert (late.outcome, late.residency.proved_at) == ("expired", None)
    assert late.deleted_at is not None
    assert not waiting.outcome


def test_a_worker_killed_before_it_deleted_is_made_up_for(folder):
    document = sent()
    home = document.residency
    with transaction.atomic():
        ResidenceDocument.objects.filter(pk=document.pk).update(
            outcome="withdrawn", decided_at=db_now()
        )
    assert len(kept(folder)) == 1
    delete_due_documents()
    assert kept(folder) == []
    assert sent(home).outcome == ""


def test_a_file_without_a_row_goes_once_it_is_old(folder):
    document, lost = sent(), uuid4()
    vault.put(lost, b"left by a killed process")
    assert delete_orphans(older_than=timedelta(hours=1)) == 0
    assert delete_orphans(older_than=timedelta(0)) == 1
    assert kept(folder) == [folder / f"{document.pk}.box"]


def test_a_file_is_overwritten_before_it_goes(folder, tmp_path):
    document = sent()
    [path] = kept(folder)
    other_name = tmp_path / "same-file"
    other_name.hardlink_to(path)
    size = path.stat().st_size
    withdraw_document(document.residency.user)
    assert other_name.read_bytes() == bytes(size)


# --- telling


@pytest.mark.parametrize(
    ("finding", "subject", "words"),
    [
        (Finding.SHOWS, "Your home is confirmed", "your home is confirmed"),
        (Finding.OTHER_NAME, "Your home is not confirmed yet", "another name"),
        (Finding.UNREADABLE, "Your home is not confirmed yet", "could not read"),
    ],
)
def test_the_person_is_told_once_what_was_decided(mailoutbox, finding, subject, words):
    document = sent()
    tell_about_documents()
    assert not Message.objects.exists()
    found_by(document, officer(), finding)
    agreed_by(document, officer())
    tell_about_documents()
    tell_about_documents()
    assert send_next()
    assert not send_next()
    [mail] = mailoutbox
    assert mail.to == [document.residency.user.email]
    assert mail.subject == subject
    [(page, _kind)] = mail.alternatives
    for text in (mail.body, page):
        assert words in text
        assert "/me/residency/" in text


def test_who_waited_in_vain_is_told_and_who_took_it_back_is_not(mailoutbox):
    past_its_day(sent())
    withdraw_document(sent().residency.user)
    delete_due_documents()
    tell_about_documents()
    [message] = Message.objects.all()
    assert message.context["outcome"] == "expired"


# --- pages


def test_a_resident_sends_sees_what_is_held_and_takes_it_back(client, folder):
    home = stated()
    client.force_login(home.user)
    page = client.get(reverse("residency")).content.decode()
    assert "Send a document" in page
    file = SimpleUploadedFile("bill.png", a_picture("PNG"), "image/png")
    assert client.post(SEND, {"document": file}).status_code == 302
    page = client.get(reverse("residency")).content.decode()
    assert "We hold the picture that you sent" in page
    assert "deleted by" in page
    assert client.post(reverse("withdraw_document")).status_code == 302
    assert kept(folder) == []
    assert "We hold" not in client.get(reverse("residency")).content.decode()


def page_of(document, name="residence_document"):
    return reverse(name, args=[document.pk])


def test_officers_look_say_and_agree_on_pages(client, folder, settings):
    document = sent()
    sign_in_with_second_factor(client, officer())
    assert str(document.residency.user) in client.get(reverse("residence_desk")).content.decode()
    assert client.post(page_of(document), {"act": "find", "finding": "shows"}).status_code == 400
    shown = client.post(page_of(document, "residence_content"))
    assert (shown["Content-Type"], shown["X-Content-Type-Options"]) == ("image/jpeg", "nosniff")
    assert "no-store" in shown["Cache-Control"]
    assert "sandbox" in shown["Content-Security-Policy"]
    assert client.post(page_of(document), {"act": "find", "finding": "shows"}).status_code == 302
    assert client.post(page_of(document), {"act": "agree"}).status_code == 400
    client.logout()
    sign_in_with_second_factor(client, officer())
    client.post(page_of(document, "residence_content"))
    settings.SECOND_FACTOR_RECENT_SECONDS = -1
    assert "reauthenticate" in client.post(page_of(document), {"act": "agree"})["Location"]
    assert Residency.objects.get().proved_at is None
    settings.SECOND_FACTOR_RECENT_SECONDS = 300
    assert client.post(page_of(document), {"act": "agree"}).status_code == 302
    assert Residency.objects.get().proof == Proof.DOCUMENT
    assert kept(folder) == []
    assert client.get(page_of(document)).status_code == 404
    assert client.post(page_of(document, "residence_content")).status_code == 404


def test_the_desk_asks_as_much_for_three_documents_as_for_one(client):
    sign_in_with_second_factor(client, officer())
    counts = []
    for more in (1, 2):
        for _ in range(more):
            sent()
        with CaptureQueriesContext(connection) as queries:
            assert client.get(reverse("residence_desk")).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_pdf_is_only_downloaded(client):
    document = sent(content=a_pdf())
    sign_in_with_second_factor(client, officer())
    answer = client.post(page_of(document, "residence_content"))
    assert answer["Content-Disposition"] == 'attachment; filename="document.pdf"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert Event.objects.get(verb="residence_document.read").target_id == str(document.pk)


def test_an_officer_does_not_see_their_own_document_on_the_desk(client):
    by = officer()
    document = sent(ResidencyFactory(user=by, proof="", proved_at=None))
    sign_in_with_second_factor(client, by)
    assert page_of(document) not in client.get(reverse("residence_desk")).content.decode()
    assert client.post(page_of(document, "residence_content")).status_code == 400


def test_nothing_of_a_document_stands_in_the_database_beyond_what_it_is():
    document = sent(content=a_pdf())
    by = officer()
    found_by(document, by)
    assert ActRequest.objects.get().parameters == {
        "finding": "shows",
        "neighborhood": document.residency.neighborhood_id,
        "since": document.residency.since.isoformat(),
    }
    assert Event.objects.get(verb="residence_document.sent").data == {"size": document.size}


def test_production_and_tests_keep_documents_outside_what_is_served(settings):
    assert not Path(settings.RESIDENCE_DOCUMENTS).is_relative_to(settings.BASE_DIR / "static")
    assert LARGEST_BYTES == 10 * 2**20
