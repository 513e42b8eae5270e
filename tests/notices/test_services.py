from __future__ import annotations

import socket
import socketserver
import threading
import time
from contextlib import contextmanager
from datetime import timedelta
from email import message_from_string, policy
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core import mail
from django.db import IntegrityError, connections, transaction
from django.utils import timezone

from civicfund.notices import tasks
from civicfund.notices.models import Message
from civicfund.notices.services import MOST_TRIES, send_next, tell
from civicfund.notices.tasks import send_due_messages
from civicfund.turns import Work, alone_at
from tests.factories.people import UserFactory
from tests.factories.projects import ProjectFactory
from tests.races.threads import at_once

TEMPLATES = Path(__file__).parent / "templates"


@pytest.fixture(autouse=True)
def _a_kind_to_tell(settings):
    """``emails/bench_built`` exists for these tests only."""
    [engine] = settings.TEMPLATES
    settings.TEMPLATES = [engine | {"DIRS": [*engine["DIRS"], TEMPLATES]}]


def told(**context) -> Message:
    user = UserFactory(email="ann@example.org")
    tell(user, "bench_built", ProjectFactory(), **context)
    return Message.objects.get(recipient=user)


class MailServer(socketserver.ThreadingTCPServer):
    """A mail server on loopback: takes mail, or refuses it for now, and may be slow."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, *, refuses: bool = False, seconds: float = 0) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.refuses, self.seconds = refuses, seconds
        self.taken: list[str] = []


class _Conversation(socketserver.StreamRequestHandler):
    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())

    def handle(self) -> None:
        self.say("220 here")
        while line := self.rfile.readline().decode().strip():
            match line[:4].upper():
                case "RCPT" if self.server.refuses:
                    self.say("451 come back later")
                case "DATA":
                    self.say("354 go on")
                    self.take()
                case "QUIT":
                    self.say("221 bye")
                    return
                case _:
                    self.say("250 yes")

    def take(self) -> None:
        lines = []
        while (line := self.rfile.readline().decode()) != ".\r\n":
            lines.append(line)
        time.sleep(self.server.seconds)
        self.server.taken.append("".join(lines))
        self.say("250 taken")


@contextmanager
def mail_server(settings, **manner):
    with MailServer(**manner) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        use_smtp(settings, server.server_address[1])
        yield server
        server.shutdown()


def use_smtp(settings, port: int) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", port, 5


def closed_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def make_due() -> None:
    Message.objects.update(next_try_at=timezone.now() - timedelta(seconds=1))


@pytest.mark.django_db
def test_telling_twice_is_telling_once():
    user, project = UserFactory(), ProjectFactory()
    for place in ("Mill Lane", "Harbor"):
        tell(user, "bench_built", project, place=place)
    assert Message.objects.get().context == {"place": "Mill Lane"}


@pytest.mark.django_db
def test_another_person_fact_or_kind_is_another_message():
    user, project = UserFactory(), ProjectFactory()
    tell(user, "bench_built", project)
    tell(UserFactory(), "bench_built", project)
    tell(user, "bench_built", ProjectFactory())
    tell(user, "bench_painted", project)
    assert Message.objects.count() == 4


@pytest.mark.django_db
def test_the_database_refuses_to_tell_twice():
    message = told()
    with pytest.raises(IntegrityError, match="message_told_once"), transaction.atomic():
        Message.objects.create(
            kind=message.kind, source=message.source, recipient=message.recipient
        )


@pytest.mark.django_db
def test_a_mail_has_a_subject_a_text_and_html():
    told(place="Mill & <Lane>")
    assert send_next()
    [sent] = mail.outbox
    assert sent.to == ["ann@example.org"]
    assert sent.subject == "A bench at Mill & <Lane>"
    assert sent.body == "It stands in Marrowmere: http://127.0.0.1:8000/projects/"
    assert sent.alternatives == [("<p>A bench at Mill &amp; &lt;Lane&gt;</p>\n", "text/html")]
    assert Message.objects.get().sent_at is not None


@pytest.mark.django_db
def test_what_was_sent_is_not_sent_again():
    told()
    assert [send_next(), send_next()] == [True, False]
    assert len(mail.outbox) == 1


@pytest.mark.django_db
def test_the_sweep_sends_all_that_is_due_and_may_run_twice():
    for _ in range(3):
        tell(UserFactory(), "bench_built", ProjectFactory())
    send_due_messages()
    send_due_messages()
    assert len(mail.outbox) == 3


@pytest.mark.django_db
def test_a_real_mail_server_gets_both_parts(settings):
    told(place="Mill Lane")
    with mail_server(settings) as server:
        send_next()
    [taken] = server.taken
    message = message_from_string(taken, policy=policy.default)
    assert message["Subject"] == "A bench at Mill Lane"
    assert [part.get_content_type() for part in message.iter_parts()] == [
        "text/plain",
        "text/html",
    ]


@pytest.mark.django_db
@pytest.mark.parametrize("manner", ["no server", "server refuses"])
def test_a_mail_that_is_not_taken_waits_for_a_later_try(settings, manner):
    told()
    began = timezone.now()
    if manner == "no server":
        use_smtp(settings, closed_port())
        assert send_next()
    else:
        with mail_server(settings, refuses=True) as server:
            assert send_next()
        assert server.taken == []
    message = Message.objects.get()
    assert (message.tries, message.sent_at, message.given_up_at) == (1, None, None)
    assert message.next_try_at - began >= timedelta(minutes=2)
    assert send_next() is False


@pytest.mark.django_db
def test_a_later_try_delivers(settings):
    told()
    use_smtp(settings, closed_port())
    send_next()
    make_due()
    with mail_server(settings) as server:
        send_next()
    assert len(server.taken) == 1
    assert Message.objects.get().tries == 2


@pytest.mark.django_db
def test_after_the_last_try_it_is_given_up(settings):
    told()
    use_smtp(settings, closed_port())
    for _ in range(MOST_TRIES):
        make_due()
        assert send_next()
    message = Message.objects.get()
    assert (message.tries, message.sent_at) == (MOST_TRIES, None)
    assert message.given_up_at is not None
    make_due()
    assert send_next() is False


@pytest.mark.django_db
def test_one_bad_address_does_not_hold_up_the_others(settings):
    told()
    use_smtp(settings, closed_port())
    send_next()
    tell(UserFactory(), "bench_built", ProjectFactory())
    with mail_server(settings) as server:
        send_due_messages()
    assert len(server.taken) == 1


@pytest.mark.django_db
def test_a_message_that_cannot_be_written_does_not_hold_up_the_others():
    tell(UserFactory(), "kind_without_a_template", ProjectFactory())
    told()
    send_due_messages()
    assert len(mail.outbox) == 1
    broken = Message.objects.get(kind="kind_without_a_template")
    assert (broken.tries, broken.sent_at) == (1, None)


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_two_senders_at_once_send_one_mail(settings):
    told()
    sent: list[bool] = []

    def send() -> None:
        try:
            sent.append(send_next())
        finally:
            connections.close_all()

    with mail_server(settings, seconds=0.5) as server:
        senders = [threading.Thread(target=send) for _ in range(2)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
    assert sorted(sent) == [False, True]
    assert len(server.taken) == 1


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_while_one_worker_sends_the_others_are_free_for_other_work():
    told()

    def sweep(_place: int) -> None:
        send_due_messages()

    with alone_at(Work.MAIL) as alone:
        assert alone
        [answer] = at_once(1, sweep)
    assert (answer, mail.outbox) == (None, [])
    at_once(1, sweep)
    assert len(mail.outbox) == 1


@pytest.mark.django_db
def test_a_run_that_has_taken_its_time_leaves_the_rest_to_the_next(monkeypatch):
    for _ in range(3):
        tell(UserFactory(), "bench_built", ProjectFactory())
    monkeypatch.setattr(tasks, "LONGEST_RUN_SECONDS", 0.0)
    send_due_messages()
    assert len(mail.outbox) == 1
    send_due_messages()
    assert len(mail.outbox) == 2


@pytest.mark.django_db
def test_the_database_refuses_a_message_both_sent_and_given_up():
    message = told()
    now = timezone.now()
    with pytest.raises(IntegrityError, match="message_sent_or_given_up"), transaction.atomic():
        Message.objects.filter(pk=message.pk).update(sent_at=now, given_up_at=now)


def test_mail_is_not_kept_waiting_for_ever_by_a_server_that_says_nothing():
    assert 0 < django_settings.EMAIL_TIMEOUT <= 30
