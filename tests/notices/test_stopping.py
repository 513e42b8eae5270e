"""Mail that anybody may switch off, by a link in it, without signing in."""

from __future__ import annotations

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.test import Client

from civicfund.notices.enums import ASKED_FOR, Topic
from civicfund.notices.models import Message, OptOut
from civicfund.notices.services import (
    BadLinkError,
    Letter,
    StopLink,
    allow_mail,
    send_next,
    stop_mail,
    take_back,
    tell,
    tell_all,
    wants_mail,
)
from civicfund.projects.models import Project
from tests.altering import bent
from tests.factories.people import UserFactory
from tests.factories.projects import ProjectFactory

pytestmark = pytest.mark.django_db

CONTEXT = {"cycle": "Spring", "ends": "1 May", "ballot_url": "/budget/spring/ballot/"}


def letter(person, about=None):
    return Letter(person, about or ProjectFactory(), CONTEXT, topic=Topic.VOTING)


@pytest.fixture
def person():
    return UserFactory()


def test_one_button_switches_it_off_and_another_on_again(client, person):
    page = StopLink(person, Topic.VOTING).address
    assert "Switch them off" in client.get(page).content.decode()
    assert "They are off" in client.post(page).content.decode()
    assert OptOut.objects.get().user == person
    assert "Switch them on again" in client.get(page).content.decode()
    assert "They are on again" in client.post(page, {"allow": "yes"}).content.decode()
    assert not OptOut.objects.exists()


@pytest.mark.parametrize("topic", Topic)
def test_a_program_that_follows_every_link_in_a_mail_ends_nothing(client, person, topic):
    """Nor does it begin anything, where somebody has ended it."""
    for choose, wanted in ((allow_mail, True), (stop_mail, False)):
        choose(StopLink(person, topic))
        for query in ("", "?allow=yes"):
            answer = client.get(StopLink(person, topic).address + query)
            assert answer.status_code == 200
            assert person.email not in answer.content.decode()
        assert wants_mail(person, topic) is wanted


def test_a_mail_program_posts_it_without_a_cookie(person):
    """As RFC 8058 says; and nothing of the person shows on the page."""
    strict = Client(enforce_csrf_checks=True)
    page = StopLink(person, Topic.VOTING).address
    told = strict.post(page, {"List-Unsubscribe": "One-Click"})
    assert told.status_code == 200
    assert OptOut.objects.get().user == person
    for known in (person.email, person.display_name):
        assert known not in told.content.decode()


def test_a_link_that_is_not_ours_does_nothing(client, person):
    page = StopLink(person, Topic.VOTING).address
    for wrong in ("/mail/stop/nothing/", bent(page[:-1]) + "/"):
        assert client.get(wrong).status_code == 404
        assert client.post(wrong).status_code == 404
    assert client.head(page).status_code == 405
    assert not OptOut.objects.exists()


def test_the_link_of_somebody_who_is_gone_says_so(client):
    gone = UserFactory()
    page = StopLink(gone, Topic.VOTING).address
    gone.delete()
    assert client.get(page).status_code == 404
    with pytest.raises(BadLinkError):
        StopLink.read(page.split("/")[-2])


def test_it_is_honored_for_new_mail_and_for_mail_that_waits(person):
    other = UserFactory()
    about = ProjectFactory()
    tell_all("ballot_reminder", [letter(person, about), letter(other, about)])
    stop_mail(StopLink(person, Topic.VOTING))
    while send_next():
        pass
    assert [sent.to for sent in mail.outbox] == [[other.email]]
    waiting = Message.objects.get(recipient=person)
    assert (waiting.sent_at, waiting.given_up_at is None) == (None, False)
    tell_all("ballot_reminder", [letter(person)])
    assert Message.objects.filter(recipient=person).count() == 1


@pytest.mark.parametrize("topic", Topic)
def test_who_wants_which_mail_is_one_answer_for_one_and_for_many(person, topic):
    """Whatever is chosen: nothing, no such mail, or that one asks for it."""
    other, about = UserFactory(), [ProjectFactory() for _ in range(3)]
    for choose, project in zip((None, stop_mail, allow_mail), about, strict=True):
        if choose:
            choose(StopLink(person, topic))
        letters = [Letter(each, project, {}, topic) for each in (person, other)]
        tell_all("ballot_reminder", letters)
        told = Message.objects.filter(source=f"projects.project:{project.pk}")
        assert {each.recipient for each in told.select_related("recipient")} == {
            each for each in (person, other) if wants_mail(each, topic)
        }
    assert wants_mail(person, topic)
    assert wants_mail(other, topic) is (topic not in ASKED_FOR)


def test_mail_about_money_is_not_switched_off(person):
    stop_mail(StopLink(person, Topic.VOTING))
    tell(person, "pledge_dropped", ProjectFactory())
    assert Message.objects.filter(recipient=person).exists()


def test_a_mail_that_can_be_switched_off_says_how_in_its_head(person):
    tell_all("ballot_reminder", [letter(person)])
    send_next()
    [sent] = mail.outbox
    address = StopLink(person, Topic.VOTING).address
    assert sent.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert sent.extra_headers["List-Unsubscribe"].startswith("<http")
    assert address.split("/")[2] == "stop"
    assert sent.body.count("/mail/stop/") == 1


def test_what_was_not_sent_yet_is_taken_back_and_what_was_stays(person):
    first, second = ProjectFactory(), ProjectFactory()
    tell_all("ballot_reminder", [letter(person, first)])
    send_next()
    tell_all("ballot_reminder", [letter(person, second), letter(UserFactory(), second)])
    take_back("ballot_reminder", Project.objects.all(), recipients=[person.pk])
    left = Message.objects.values_list("source", "recipient__email")
    assert (f"projects.project:{first.pk}", person.email) in left
    assert len(left) == 2
    take_back("ballot_reminder", Project.objects.all())
    assert [each.sent_at is None for each in Message.objects.all()] == [False]


def test_somebody_switches_a_topic_off_once_and_only_one_that_there_is(person):
    OptOut.objects.create(user=person, topic=Topic.VOTING)
    with pytest.raises(IntegrityError, match="opt_out_once"), transaction.atomic():
        OptOut.objects.create(user=person, topic=Topic.VOTING)
    with pytest.raises(IntegrityError, match="opt_out_topic_known"), transaction.atomic():
        OptOut.objects.create(user=person, topic="money")
