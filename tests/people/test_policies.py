from __future__ import annotations

import re
from functools import partial
from urllib.parse import urlencode

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from civicfund.audit.models import Event
from civicfund.notices.models import Message
from civicfund.people.models import PolicyConsent, ResidenceDocument, User
from civicfund.people.services.consenting import agree
from civicfund.people.services.erasure import erase
from civicfund.policies import VERSION, digest
from civicfund.projects.models import Offer, ProjectFile
from tests.factories.people import UserFactory
from tests.factories.projects import ProjectFactory
from tests.people.test_accounts import sign_up

pytestmark = pytest.mark.django_db

# Whoever changes the words of a version that people agreed to sees this fail: make another one.
PINNED = {
    "2026-11": "eb0c9b68ce93bfc0d1ebc4834c33d76ddd04ea22f33832b623e96dc6f246fb4c",
    "2026-12": "72b285a7535a95512302b0e5802a2d323465a3253acc04649ec41fbb32fa7890",
}


def test_each_version_has_the_words_that_people_agreed_to():
    assert {version: digest(version) for version in PINNED} == PINNED
    assert VERSION in PINNED


@pytest.mark.parametrize("name", ["terms", "privacy", "retention", "accessibility"])
def test_a_stranger_reads_each_page_and_finds_it_in_the_footer(client, name):
    page = client.get(reverse("policy", args=[name]))
    assert page.status_code == 200
    assert reverse("policy", args=[name]) in client.get("/").content.decode()
    assert client.get(reverse("policy", args=["nothing"])).status_code == 404


def test_figures_are_those_that_the_software_goes_by(client, settings):
    settings.RESIDENCE_DOCUMENT_DAYS, settings.PERSONAL_COPY_DAYS = 311, 312
    settings.SESSION_COOKIE_AGE = 313 * 86_400
    page = client.get(reverse("policy", args=["retention"])).content.decode()
    assert [days for days in ("311 days", "312 days", "313 days") if days not in page] == []


def test_what_a_browser_keeps_is_named_on_the_privacy_page(client, settings):
    settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME = "who", "forgery"
    settings.CSRF_COOKIE_AGE = 314 * 86_400
    page = client.get(reverse("policy", args=["privacy"])).content.decode()
    named = (
        "<code>who</code>",
        "<code>forgery</code>",
        "314 days",
        "s own storage",
        "<code>messages</code>",
    )
    assert [words for words in named if words not in page] == []


def test_signing_up_agrees_to_the_words_of_today(client):
    sign_up(client)
    consent = PolicyConsent.objects.get()
    assert (consent.user, consent.version) == (User.objects.get(), VERSION)
    assert consent.digest == digest()
    assert consent.user.agreed_to == VERSION


def test_without_agreeing_there_is_no_account(client):
    answer = sign_up(client, agree="")
    assert "Without this we cannot make an account" in answer.content.decode()
    assert not User.objects.exists()
    assert not PolicyConsent.objects.exists()


@pytest.mark.parametrize(
    "act", ["UPDATE people_policyconsent SET version = 'x'", "DELETE FROM people_policyconsent"]
)
def test_a_consent_is_never_changed(act):
    agree(UserFactory())
    with pytest.raises(DatabaseError, match=r"append-only|permission denied"), transaction.atomic():
        connection.cursor().execute(act)


def test_the_database_refuses_a_second_consent_and_one_without_words():
    person = UserFactory()
    agree(person)
    with pytest.raises(IntegrityError, match="policy_consent_once"), transaction.atomic():
        PolicyConsent.objects.create(user=person, version=VERSION, digest=digest())
    with pytest.raises(IntegrityError, match="policy_consent_digest"), transaction.atomic():
        PolicyConsent.objects.create(user=person, version="another", digest="")
    agree(person)
    assert PolicyConsent.objects.count() == 1


def test_who_agreed_to_an_earlier_version_agrees_anew_and_both_consents_stay(client):
    person = UserFactory(agreed_to="2026-11")
    PolicyConsent.objects.create(user=person, version="2026-11", digest=digest("2026-11"))
    client.force_login(person)
    address = reverse("thread", args=["project", ProjectFactory().pk])
    asked = send(client, address, {"body": "A bench."})
    assert "Our terms have changed" in asked.content.decode()
    send(client, address, fields_of(asked) | {"agreed_policies": VERSION, "body": "A bench."})
    person.refresh_from_db()
    assert person.agreed_to == VERSION == "2026-12"
    kept = PolicyConsent.objects.order_by("pk").values_list("version", "digest")
    assert dict(kept) == {version: digest(version) for version in ("2026-11", "2026-12")}


@pytest.fixture
def resident(client):
    """Somebody who agreed to an earlier version."""
    person = UserFactory(agreed_to="2020-01")
    client.force_login(person)
    return person


def send(client, address, fields):
    """As a browser sends a form without files."""
    kind = "application/x-www-form-urlencoded"
    return client.post(address, urlencode(fields), content_type=kind)


def fields_of(page):
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.content.decode()))


def test_after_a_change_it_is_asked_once_and_what_was_sent_is_not_lost(client, resident):
    project = ProjectFactory()
    address = reverse("thread", args=["project", project.pk])
    words = {"body": "A <b>bench</b> & a tree."}
    asked = send(client, address, words)
    assert "Our terms have changed" in asked.content.decode()
    assert not resident.comments.exists()
    held = fields_of(asked) | {"agreed_policies": VERSION} | words
    send(client, address, held)
    assert [comment.body for comment in resident.comments.all()] == [words["body"]]
    assert PolicyConsent.objects.get().user == resident
    send(client, address, {"body": "And lamps."})
    assert resident.comments.count() == 2
    assert Event.objects.filter(verb="policies.agreed").count() == 1


def test_what_is_held_is_written_into_the_page_as_words(client, resident):
    address = reverse("thread", args=["project", ProjectFactory().pk])
    asked = send(client, address, {"body": '"><script>alert(1)</script>'})
    assert "<script>alert" not in asked.content.decode()


def test_an_agreement_without_the_token_of_a_form_is_none(resident):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(resident)
    address = reverse("thread", args=["project", ProjectFactory().pk])
    assert send(strict, address, {"body": "x", "agreed_policies": VERSION}).status_code == 403
    assert not PolicyConsent.objects.exists()


@pytest.mark.parametrize(
    "address", ["/budget/nothing/ballot/", "/me/close/", "/me/data/", "/accounts/logout/"]
)
def test_it_stands_in_the_way_of_no_ballot_and_of_nobody_who_leaves(client, resident, address):
    assert "Our terms have changed" not in send(client, address, {}).content.decode()


def test_reading_and_files_are_let_through(client, resident):
    assert client.get(reverse("project_new")).status_code == 200
    file = SimpleUploadedFile("a.pdf", b"%PDF-1.4 %%EOF")
    project = ProjectFactory(proposer=resident)
    sent = client.post(reverse("project_files", args=[project.pk]), {"file": file, "words": "x"})
    assert "Our terms have changed" not in sent.content.decode()


@pytest.mark.parametrize(
    ("part", "kind"), [("hands", "urlencoded"), ("photo", "multipart"), ("photo", "urlencoded")]
)
def test_an_offer_of_words_waits_for_the_agreement(client, resident, part, kind):
    project = ProjectFactory(wanted=["hands", "photo"])
    address, words = reverse("project_offer", args=[project.pk, part]), {"words": "Call me."}
    post = client.post if kind == "multipart" else partial(send, client)
    asked = post(address, words)
    assert "Our terms have changed" in asked.content.decode()
    assert (Offer.objects.count(), Message.objects.count()) == (0, 0)
    assert not PolicyConsent.objects.exists()
    again = fields_of(asked) | {"agreed_policies": VERSION} | words
    assert send(client, address, again).status_code == 302
    assert Offer.objects.get().words == "Call me."
    assert PolicyConsent.objects.get().user == resident


@pytest.mark.parametrize("name", ["project_offer", "project_files", "send_document"])
def test_pages_that_take_files_keep_no_agreement_without_the_token(resident, name):
    project = ProjectFactory(proposer=resident, wanted=["photo"])
    given = {"project_offer": [project.pk, "photo"], "project_files": [project.pk]}
    address = reverse(name, args=given.get(name, []))
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(resident)
    fields = {"agreed_policies": VERSION, "words": "x"}
    for post in (strict.post, partial(send, strict)):
        assert post(address, fields).status_code == 403
    assert not PolicyConsent.objects.exists()


@pytest.mark.parametrize("name", ["project_files", "send_document"])
def test_pages_that_only_take_files_store_nothing_without_one(client, resident, name):
    project = ProjectFactory(proposer=resident)
    address = reverse(name, args=[project.pk] if name == "project_files" else [])
    for post in (client.post, partial(send, client)):
        assert post(address, {"words": "x"}).status_code == 400
    assert not ProjectFile.objects.exists()
    assert not ResidenceDocument.objects.exists()


@pytest.mark.parametrize("agreed_to", [None, VERSION])
def test_who_need_not_be_asked_is_not(client, agreed_to):
    client.force_login(UserFactory(agreed_to=agreed_to))
    address = reverse("thread", args=["project", ProjectFactory().pk])
    assert "Our terms have changed" not in send(client, address, {"body": "Hm."}).content.decode()


def test_of_somebody_erased_the_consent_stays_without_a_name():
    person = UserFactory()
    agree(person)
    erase(person)
    assert PolicyConsent.objects.get().user.display_name == "A former resident"
