"""Announcements leave one by one: refused, put off, hung up on, and killed in between."""

from __future__ import annotations

import os
import signal
from datetime import timedelta
from smtplib import SMTPRecipientsRefused, SMTPServerDisconnected
from threading import Barrier

import pytest
from django.core import mail
from django.core.mail.backends.filebased import EmailBackend as FileBackend
from django.core.mail.backends.locmem import EmailBackend as LocalBackend
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from budgeting.enums import AnnouncementState, MailingState
from budgeting.models import Announcement, Mailing
from budgeting.selectors.announcements import send_log
from budgeting.services import announcements
from budgeting.services.announcements import change_announcement, send_announcement, send_batch
from budgeting.services.errors import RefusedError
from civicfund.notices.selectors import kept_mails
from tests.budgeting.test_announcements import TIMES, draft, resident, sending, state_of, states
from tests.dying import in_a_process_that_may_die
from tests.factories.budgeting import administrator
from tests.races.threads import at_once
from tests.signing_in import sign_in_with_second_factor

pytestmark = pytest.mark.django_db


class Refusing(LocalBackend):
    """A mail server that does not like one address, and hangs up at another."""

    refused = hangs_up = ""
    code = 550

    def send_messages(self, messages):
        [to] = messages[0].to
        if to == self.refused:
            raise SMTPRecipientsRefused({to: (self.code, b"no")})
        if to == self.hangs_up:
            raise SMTPServerDisconnected
        return super().send_messages(messages)


class Absent(LocalBackend):
    def open(self):
        raise ConnectionRefusedError


def test_what_the_mail_server_refuses_is_logged_without_an_address(settings, monkeypatch):
    made, [first, second, third] = sending(3)
    settings.EMAIL_BACKEND = f"{__name__}.Refusing"
    monkeypatch.setattr(Refusing, "refused", first.email)
    monkeypatch.setattr(Refusing, "hangs_up", second.email)
    assert send_batch(made) == 2
    assert states(made) == ["failed", "failed", "waiting"]
    assert send_log(made).failures == [("SMTPRecipientsRefused", 1), ("SMTPServerDisconnected", 1)]
    send_batch(made)
    assert [each.to for each in mail.outbox] == [[third.email]]


def test_what_the_mail_server_puts_off_waits_and_is_tried_again(settings, monkeypatch):
    made, [first, second] = sending(2)
    settings.EMAIL_BACKEND = f"{__name__}.Refusing"
    monkeypatch.setattr(Refusing, "refused", first.email)
    monkeypatch.setattr(Refusing, "code", 451)
    assert send_batch(made) == 2
    assert (states(made), state_of(made)) == (["waiting", "sent"], AnnouncementState.SENDING)
    assert send_batch(made) == 0  # not yet
    monkeypatch.setattr(Refusing, "refused", "")
    Mailing.objects.filter(put_off=1).update(not_before=timezone.now())
    assert send_batch(made) == 1
    assert [each.to for each in mail.outbox] == [[second.email], [first.email]]
    assert (states(made), state_of(made)) == (["sent", "sent"], AnnouncementState.DONE)


def test_what_is_put_off_too_often_is_refused_for_good(settings, monkeypatch):
    made, [person] = sending(1)
    settings.EMAIL_BACKEND = f"{__name__}.Refusing"
    monkeypatch.setattr(Refusing, "refused", person.email)
    monkeypatch.setattr(Refusing, "code", 451)
    for _ in range(5):
        assert (states(made), send_batch(made)) == (["waiting"], 1)
        Mailing.objects.filter(state="waiting").update(not_before=timezone.now())
    assert (states(made), state_of(made)) == (["failed"], AnnouncementState.DONE)


def test_a_server_that_hangs_up_politely_is_left_alone_until_the_next_sweep(settings, monkeypatch):
    made, [first, _second] = sending(2)
    settings.EMAIL_BACKEND = f"{__name__}.Refusing"
    monkeypatch.setattr(Refusing, "refused", first.email)
    monkeypatch.setattr(Refusing, "code", 421)
    assert (send_batch(made), states(made)) == (1, ["waiting", "waiting"])


def test_only_the_words_that_were_seen_are_sent():
    resident()
    made = draft()
    seen = made.digest
    change_announcement(made, subject="Other", body="Words", places=[], by=administrator())
    with pytest.raises(RefusedError, match="as you saw"):
        send_announcement(made, digest=seen, by=administrator())
    assert (state_of(made), Mailing.objects.count()) == (AnnouncementState.DRAFT, 0)


def test_a_refusal_shows_the_new_words_and_sends_those_at_the_next_press(client):
    resident()
    made = draft()
    old = made.digest
    change_announcement(made, subject="Other", body="Words", places=[], by=administrator())
    sign_in_with_second_factor(client, administrator())
    page = reverse("announcement", kwargs={"slug": made.cycle.slug, "pk": made.pk})
    answer = client.post(page, {"act": "send", "digest": old})
    assert (answer.status_code, Mailing.objects.count()) == (400, 0)
    assert b"look at it again" in answer.content
    fresh = Announcement.objects.get().digest
    assert fresh.encode() in answer.content
    client.post(page, {"act": "send", "digest": fresh})
    assert Mailing.objects.count() == 1


def test_what_was_taken_waits_again_only_where_it_is_put_off():
    made, _people = sending(1)
    Mailing.objects.update(state="taken", taken_at=timezone.now())
    later = timezone.now() + timedelta(minutes=5)
    for values in ({}, {"put_off": 1}, {"not_before": later}, {"put_off": 2, "not_before": later}):
        with pytest.raises(IntegrityError, match="taken is not followed"), transaction.atomic():
            made.mailings.update(state="waiting", taken_at=None, **values)
    made.mailings.update(state="waiting", taken_at=None, put_off=1, not_before=later)
    assert states(made) == ["waiting"]


def test_only_what_waits_is_put_off():
    made, _people = sending(1)
    send_batch(made)
    with pytest.raises(IntegrityError, match="mailing_put_off_only_while_waiting"):
        Mailing.objects.update(not_before=timezone.now())


def test_without_a_mail_server_nothing_is_taken(settings):
    made, _people = sending(2)
    settings.EMAIL_BACKEND = f"{__name__}.Absent"
    assert (send_batch(made), states(made)) == (0, ["waiting"] * 2)


class Deadly(FileBackend):
    """Writes a mail, and then the process that sent it is killed."""

    def send_messages(self, messages):
        super().send_messages(messages)
        os.kill(os.getpid(), signal.SIGKILL)


def killed_after_one(made, settings, folder):
    """A process of its own that sends, and is killed when its first mail is out; what is kept."""
    settings.EMAIL_FILE_PATH = str(folder)
    settings.EMAIL_BACKEND = f"{__name__}.Deadly"
    assert in_a_process_that_may_die(lambda: send_batch(made)) == -signal.SIGKILL
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    send_batch(made)
    return sorted(each.to for each in kept_mails(folder))


@pytest.mark.django_db(**TIMES)
def test_a_killed_worker_leaves_nothing_to_send_twice(settings, tmp_path):
    made, people = sending(3)
    assert killed_after_one(made, settings, tmp_path) == sorted(each.email for each in people)
    assert states(made) == ["taken", "sent", "sent"]
    assert state_of(made) == AnnouncementState.DONE


@pytest.mark.django_db(**TIMES)
def test_taken_only_after_it_is_sent_a_mail_comes_twice(settings, tmp_path, monkeypatch):
    made, people = sending(3)

    def careless(announcement):
        waiting = announcement.mailings.filter(state=MailingState.WAITING).order_by("pk")
        return waiting.select_related("announcement__cycle", "recipient").first()

    note = announcements._note

    def late(mailing, state, failure=""):
        Mailing.objects.filter(pk=mailing.pk).update(state="taken", taken_at=timezone.now())
        note(mailing, state, failure)

    monkeypatch.setattr(announcements, "_take", careless)
    monkeypatch.setattr(announcements, "_note", late)
    twice = sorted([people[0].email, *(each.email for each in people)])
    assert killed_after_one(made, settings, tmp_path) == twice


@pytest.mark.django_db(**TIMES)
def test_two_workers_share_the_mails_among_them():
    made, people = sending(6)
    assert sum(at_once(2, lambda _n: send_batch(made))) == 6
    assert sorted(each.to[0] for each in mail.outbox) == sorted(each.email for each in people)


@pytest.mark.django_db(**TIMES)
def test_without_taking_it_two_workers_send_the_same_mail(monkeypatch):
    made, [person] = sending()
    gate = Barrier(2)

    def careless(announcement):
        row = Mailing.objects.select_related("announcement__cycle", "recipient").get()
        Mailing.objects.filter(pk=row.pk).update(state="taken", taken_at=timezone.now())
        gate.wait(timeout=30)  # both have it before either has sent
        return row

    monkeypatch.setattr(announcements, "_take", careless)
    at_once(2, lambda _n: send_batch(made, 1))
    assert [each.to for each in mail.outbox] == [[person.email]] * 2
