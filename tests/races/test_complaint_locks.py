"""Telling the desk, answering, asking again and forgetting, at the same moment."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend as LocalBackend
from django.db import OperationalError, connection, connections, transaction

from civicfund.audit.services import db_now
from civicfund.complaints.models import Complaint, Look
from civicfund.complaints.services import answering, filing, telling
from civicfund.complaints.services.filing import ask_again
from civicfund.complaints.services.forgetting import forget_due
from civicfund.people.models import User
from tests.complaints.test_complaints import answered, complained, officer
from tests.races.test_counting import until

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def elsewhere(act):
    """What another connection gets or is refused; not before it has come to an end."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(_closing, act).result()


def _closing(act):
    try:
        return act()
    except Exception as error:
        return error
    finally:
        connections.close_all()


def waits_for(held_by):
    """Whether somebody waits for what this connection holds."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted"
            " AND %s = ANY(pg_blocking_pids(pid)))",
            [held_by],
        )
        return cursor.fetchone()[0]


def this_connection():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]


# --- telling the desk


class Meanwhile(LocalBackend):
    """A mail server that something else happens at before it answers."""

    def send_messages(self, messages):
        happening = type(self).happening
        type(self).happening = list
        type(self).got = elsewhere(happening)
        return super().send_messages(messages)


@pytest.fixture
def meanwhile(settings):
    settings.EMAIL_BACKEND = f"{__name__}.Meanwhile"

    def set_up(happening):
        Meanwhile.happening = staticmethod(happening)

    return set_up


def test_while_the_mail_server_answers_a_complaint_is_taken_and_answered(meanwhile):
    complaint, by = complained(), officer()
    meanwhile(lambda: answered(complaint, by))
    assert telling.tell_desk(complaint.looks.get().pk)
    assert Meanwhile.got == by
    assert complaint.looks.get().told_at


def test_two_who_tell_at_once_send_one_mail(meanwhile):
    look = complained().looks.get()
    meanwhile(lambda: telling.tell_desk(look.pk))
    assert telling.tell_desk(look.pk)
    assert Meanwhile.got is False
    assert len(mail.outbox) == 1


def test_two_who_do_not_look_for_each_other_send_two(meanwhile):
    look = complained().looks.get()
    meanwhile(lambda: telling._tell(look.pk))
    assert telling._tell(look.pk)
    assert Meanwhile.got is True
    assert len(mail.outbox) == 2


def test_that_the_last_officer_was_named_meanwhile_is_told_next(meanwhile):
    complaint, by = complained(), officer()
    meanwhile(lambda: answering.name(complaint, by=by, person=by))
    pk = complaint.looks.get().pk
    assert not telling.tell_desk(pk)
    assert telling.tell_desk(pk)
    assert ["Nobody at the desk" in sent.body for sent in mail.outbox] == [False, True]


def test_noting_that_it_was_told_does_not_lock_the_complaint():
    look = complained().looks.get()

    def noted():
        with transaction.atomic():
            connection.cursor().execute("SET LOCAL lock_timeout = '100ms'")
            return Look.objects.filter(pk=look.pk).update(told_at=db_now())

    with transaction.atomic():
        Complaint.objects.select_for_update().get(pk=look.complaint_id)
        assert elsewhere(noted) == 1


# --- the order of locks: whoever complained, then the complaint


def no_order(monkeypatch):
    for module in (answering, filing):
        monkeypatch.setattr(module, "hold_complainant", lambda _complaint: None)


def answers():
    complaint, by = complained(), officer()
    answering.take(complaint, by=by)
    return complaint, lambda: answering.answer(complaint, by=by, words="Sorry.")


def asks_again():
    complaint = complained()
    answered(complaint)
    return complaint, lambda: ask_again(complaint, words="Why?")


def while_the_person_is_held(complaint, act):
    """Whether the complaint is free while the act waits for whoever is about to be erased."""
    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        User.objects.select_for_update().get(pk=complaint.complainant_id)
        done = pool.submit(_closing, act)
        pid = this_connection()
        assert until(lambda: waits_for(pid))
        try:
            with transaction.atomic():
                Complaint.objects.select_for_update(nowait=True).get(pk=complaint.pk)
            is_free = True
        except OperationalError:
            is_free = False
        transaction.set_rollback(True)
    return is_free, done


@pytest.mark.parametrize("acting", [answers, asks_again])
def test_whoever_is_erased_and_whoever_acts_do_not_wait_for_each_other(acting):
    is_free, done = while_the_person_is_held(*acting())
    assert is_free
    assert isinstance(done.result(), Look)


@pytest.mark.parametrize("acting", [answers, asks_again])
def test_in_another_order_they_would(acting, monkeypatch):
    no_order(monkeypatch)
    is_free, done = while_the_person_is_held(*acting())
    assert not is_free
    assert isinstance(done.result(), Look)


# --- forgetting what is asked about again


def test_what_is_asked_about_again_just_now_is_not_forgotten():
    complaint = complained()
    answered(complaint)
    Complaint.objects.update(forget_at=db_now())
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            ask_again(complaint, words="Why?")
            forgotten = pool.submit(_closing, forget_due)
            pid = this_connection()
            assert until(lambda: waits_for(pid))
        assert forgotten.result() == 0
    complaint.refresh_from_db()
    assert (complaint.forgotten_at, complaint.forget_at) == (None, None)
    assert complaint.looks.get(number=2).asked == "Why?"
