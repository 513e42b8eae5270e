"""The pages: complaining, the link, the desk."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from civicfund.audit.services import db_now
from civicfund.complaints.access import link_to
from civicfund.complaints.models import Complaint, Look
from civicfund.complaints.services import answering
from civicfund.complaints.services.filing import ask_again
from civicfund.people.models import User
from tests.altering import bent
from tests.complaints.test_complaints import ADDRESS, answered, complained, officer, send_all
from tests.factories.people import UserFactory
from tests.payloads import PAYLOADS, chunks
from tests.signing_in import sign_in_with_second_factor
from tests.talk.test_injection import assert_harmless

pytestmark = pytest.mark.django_db
SENT = {"about": "vote", "words": "The page was down.", "answer_to": ADDRESS}


def at_desk(client, by=None):
    by = by or officer()
    sign_in_with_second_factor(client, by)
    return by


def state(complaint):
    return reverse("complaint_state", args=[complaint.pk])


def test_a_stranger_complains_and_comes_back_by_the_link_in_the_mail(client):
    answer = client.post("/complaint/", SENT)
    complaint = Complaint.objects.get()
    assert answer.url == state(complaint)
    assert "The page was down." in client.get(answer.url).content.decode()
    send_all()
    link = re.search(r"http\S+(/complaint/link/\S+)", mail.outbox[0].body)[1]
    other = Client()
    assert other.get(state(complaint)).url.startswith("/accounts/login/")
    opened = other.get(link)
    assert (opened.url, opened["Referrer-Policy"]) == (state(complaint), "no-referrer")
    assert "The page was down." in other.get(opened.url).content.decode()
    assert other.get(bent(link[:-1]) + "/").status_code == 404
    assert other.get(state(complained())).url.startswith("/accounts/login/")


def test_an_account_finds_its_own_without_a_link(client):
    person = UserFactory()
    client.force_login(person)
    assert person.email in client.get("/complaint/").content.decode()
    client.post("/complaint/", SENT | {"answer_to": person.email})
    elsewhere = Client()
    elsewhere.force_login(person)
    assert elsewhere.get(state(Complaint.objects.get())).status_code == 200
    elsewhere.force_login(UserFactory())
    assert elsewhere.get(state(Complaint.objects.get())).status_code == 404


@pytest.mark.parametrize("whose", ["own", "own as a guest", "another's", "nobody's"])
def test_whoever_signs_in_finds_nothing_open_of_somebody_else_who_was_here(client, whose):
    person, other = UserFactory(), UserFactory()
    given = {
        "own": {"by": person, "answer_to": person.email},
        "own as a guest": {"answer_to": ADDRESS},
        "another's": {"by": other, "answer_to": other.email},
        "nobody's": {"answer_to": ""},
    }
    EmailAddress.objects.create(user=person, email=ADDRESS, verified=True)
    complaint = complained(**given[whose])
    client.get(link_to(complaint))
    assert client.get(state(complaint)).status_code == 200
    client.force_login(person)
    expected = 200 if whose.startswith("own") else 404
    assert client.get(state(complaint)).status_code == expected


def test_without_an_address_the_page_says_to_keep_the_link(client):
    client.post("/complaint/", SENT | {"answer_to": ""})
    complaint = Complaint.objects.get()
    page = client.get(state(complaint)).content.decode()
    assert link_to(complaint) in page
    assert "keep this link" in page


@pytest.mark.parametrize(
    "wrong",
    [
        {"words": ""},
        {"about": "nothing"},
        {"answer_to": "nell@example.org\nBcc: all@example.org"},
        {"words": "x" * 4_001},
        {"page": "x" * 301},
    ],
)
def test_a_wrong_complaint_is_not_kept_and_its_words_stay_in_the_form(client, wrong):
    answer = client.post("/complaint/", SENT | wrong)
    assert answer.status_code == 400
    assert (SENT | wrong)["words"] in answer.content.decode()
    assert (Complaint.objects.count(), User.objects.count()) == (0, 0)


def test_too_many_from_one_network_are_refused(client, settings):
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"complaint": "2/h/ip"}
    answers = [client.post("/complaint/", SENT).status_code for _ in range(3)]
    assert answers == [302, 302, 429]
    assert Complaint.objects.count() == 2


def test_what_is_wrong_is_not_counted_and_what_is_too_much_stays_in_the_form(client, settings):
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"complaint": "1/h/ip"}
    wrong = [client.post("/complaint/", SENT | {"about": ""}).status_code for _ in range(3)]
    assert wrong == [400] * 3
    assert client.post("/complaint/", SENT).status_code == 302
    answer = client.post("/complaint/", SENT | {"words": "All that I wrote."})
    assert answer.status_code == 429
    assert "All that I wrote." in answer.content.decode()
    assert "What you wrote is still here" in answer.content.decode()
    assert Complaint.objects.count() == 1


def test_the_page_shows_counts_and_no_words(client):
    complaint = complained(words="marmalade")
    answered(complaint, words="marmalade")
    ask_again(complaint, words="marmalade")
    complained(about="vote")
    page = Client().get("/complaint/")
    vote, staff = page.context["counts"]
    assert (vote.made, vote.answered, vote.in_time, vote.second_looks) == (1, 0, 0, 0)
    assert (staff.made, staff.answered, staff.in_time, staff.second_looks) == (1, 1, 1, 1)
    assert "marmalade" not in page.content.decode()


def test_the_answer_stands_on_the_page_and_a_second_look_is_asked_for_once(client):
    client.post("/complaint/", SENT)
    complaint = Complaint.objects.get()
    by = officer()
    answering.note(complaint, by=by, words="marmalade")
    answered(complaint, by)
    page = client.get(state(complaint)).content.decode()
    assert "We are sorry." in page
    assert "marmalade" not in page
    assert by.display_name not in page
    assert client.post(state(complaint), {"words": " "}).status_code == 400
    assert client.post(state(complaint), {"words": "Why?"}).status_code == 302
    again = client.post(state(complaint), {"words": "Why?"})
    assert again.status_code == 400
    assert complaint.looks.count() == 2


def test_it_is_taken_back_on_its_page(client):
    client.post("/complaint/", SENT)
    complaint = Complaint.objects.get()
    assert client.post(state(complaint), {"act": "take_back"}).url == "/complaint/"
    assert client.get(state(complaint)).status_code == 404
    assert Look.objects.get().asked == ""


def test_at_the_desk_one_is_taken_noted_and_answered(client):
    complaint = complained()
    by = at_desk(client)
    assert "Nobody listened." in client.get("/desk/complaints/").content.decode()
    address = reverse("complaint_desk", args=[complaint.pk])
    assert client.post(address, {"act": "nothing"}).status_code == 400
    assert client.post(address, {"act": "answer", "answer-words": "Sorry."}).status_code == 400
    assert client.post(address, {"act": "take"}).url == address
    assert client.post(address, {"act": "note", "note-words": "Ask the clerk."}).url == address
    assert client.post(address, {"act": "answer", "answer-words": ""}).status_code == 400
    assert client.post(address, {"act": "answer", "answer-words": "Sorry."}).url == address
    look = complaint.looks.get()
    assert (look.taken_by, look.answer) == (by, "Sorry.")
    page = client.get(address).content.decode()
    assert "Ask the clerk." in page
    assert "Nobody listened." not in client.get("/desk/complaints/").content.decode()
    assert "Nobody listened." in client.get("/desk/complaints/?show=answered").content.decode()


def test_whom_it_names_finds_nothing_at_the_desk(client):
    complaint = complained(whom="Ann Quill")
    at_desk(client, officer(display_name="Ann Quill"))
    assert client.get(reverse("complaint_desk", args=[complaint.pk])).status_code == 404
    for shown in ("", "?show=answered"):
        assert "Nobody listened." not in client.get(f"/desk/complaints/{shown}").content.decode()


def test_who_names_themselves_is_led_back_to_the_queue(client):
    complaint, by = complained(), at_desk(client)
    address = reverse("complaint_desk", args=[complaint.pk])
    answer = client.post(address, {"act": "name", "name-person": by.pk})
    assert answer.url == "/desk/complaints/"
    assert client.get(address).status_code == 404


def test_the_desk_asks_as_much_for_three_as_for_one(client):
    at_desk(client)
    counts = []
    for more in (1, 2):
        for _ in range(more):
            complained()
        with CaptureQueriesContext(connection) as queries:
            client.get("/desk/complaints/")
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_what_is_typed_stays_words_on_every_page_and_in_the_mail(client):
    typed = chunks(3_900, [payload.replace("\x00", "") for payload in PAYLOADS])
    at_desk(client)
    by = officer()
    *hostile, harmless = [drawn(client, by, words) for words in [*typed, "Hello."]]
    assert len(hostile) == len(typed)
    for pages in hostile:
        for one, like in zip(pages, harmless, strict=True):
            assert_harmless(one, like)


def drawn(client, by, words):
    """Every page and mail that shows what was typed into each field."""
    complaint = complained(words=words, page=words[:300], whom=words[:80])
    answering.note(complaint, by=by, words=words)
    answered(complaint, by, words=words)
    mail.outbox.clear()
    send_all()
    anyone = Client()
    anyone.get(link_to(complaint))
    return (
        anyone.get(state(complaint)).content.decode(),
        client.get(reverse("complaint_desk", args=[complaint.pk])).content.decode(),
        *(sent.alternatives[0][0] for sent in mail.outbox),
    )


def test_what_is_not_answered_in_time_is_late_in_the_queue_and_in_the_counts(client):
    complaint = Complaint.objects.create(about="money")
    past = db_now() - timedelta(days=40)
    Look.objects.create(
        complaint=complaint, asked="Where is it?", asked_at=past, due_at=past + timedelta(days=30)
    )
    by = at_desk(client)
    assert ">Late<" in client.get("/desk/complaints/").content.decode()
    [money] = client.get("/complaint/").context["counts"]
    assert (money.late, money.answered) == (1, 0)
    answered(complaint, by)
    [money] = client.get("/complaint/").context["counts"]
    assert (money.late, money.answered, money.in_time) == (0, 1, 0)
