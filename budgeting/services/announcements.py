"""The town writes to residents about a cycle: written, looked at, sent in batches, stopped."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import timedelta
from math import inf
from smtplib import (
    SMTPException,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPServerDisconnected,
)
from typing import Any

from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import connection, transaction
from django.db.models import Q, Value
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from budgeting.access import require
from budgeting.enums import (
    ANNOUNCEMENT_MOVES,
    AnnouncementState,
    MailingState,
)
from budgeting.models import LONGEST_BODY, Announcement, Cycle, Mailing
from budgeting.selectors.announcements import receivers
from budgeting.services.errors import RefusedError
from civicfund.audit.services import advance, db_now, record
from civicfund.notices.enums import Topic
from civicfund.notices.services import MAIL_TROUBLE, compose, log_not_sent, tell, wants_mail
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.places.models import Neighborhood
from civicfund.words import one_line, seen

KIND = "announcement"
MOST_PER_BATCH = 200
# How long what a mail server puts off waits, time after time; then it is refused for good.
PUT_OFF = (
    timedelta(minutes=5), timedelta(minutes=20), timedelta(hours=1), timedelta(hours=4),
)  # fmt: skip
# RFC 5321, 4.2.1: 4yz may be tried again, 5yz may not; 421 says that the server hangs up.
PERMANENT = 500
CLOSING = 421


def write_announcement(
    cycle: Cycle, *, subject: str, body: str, places: Collection[Neighborhood], by: User
) -> Announcement:
    """Write a draft; nothing is sent."""
    require(by, Role.BUDGET_ADMINISTRATOR)
    with transaction.atomic():
        made = Announcement.objects.create(cycle=cycle, written_by=by, **_words(subject, body))
        made.places.set(places)
        record("announcement.written", made, actor=by)
    return made


def change_announcement(
    announcement: Announcement,
    *,
    subject: str,
    body: str,
    places: Collection[Neighborhood],
    by: User,
) -> Announcement:
    """Say it in other words, or to others, while it is a draft."""
    require(by, Role.BUDGET_ADMINISTRATOR)
    with transaction.atomic():
        held = _hold(announcement, AnnouncementState.DRAFT)
        Announcement.objects.filter(pk=held.pk).update(**_words(subject, body))
        held.places.set(places)
        record("announcement.changed", held, actor=by)
    held.refresh_from_db()
    return held


def _words(subject: str, body: str) -> dict[str, str]:
    """The subject on one line, both without what cannot be seen."""
    line, words = one_line(subject), seen(body)
    if not line:
        raise RefusedError(_("Give it a subject."), field="subject")
    if not words or len(words) > LONGEST_BODY:
        raise RefusedError(_("Write something, and not too much."), field="body")
    return {"subject": line, "body": words}


def _hold(announcement: Announcement, *states: AnnouncementState) -> Announcement:
    held = Announcement.objects.select_for_update().get(pk=announcement.pk)
    _check_as_seen(held.state in states)
    return held


def _check_as_seen(is_so: bool) -> None:
    if not is_so:
        raise RefusedError(_("It is no longer as you saw it: look at it again."))


def announcement_context(announcement: Announcement) -> dict[str, Any]:
    """What the mail's templates show; an address of the cycle only where everybody may read it."""
    cycle = announcement.cycle
    return {
        "subject": announcement.subject,
        "body": announcement.body,
        "cycle": cycle.title,
        "cycle_url": cycle.get_absolute_url() if cycle.is_public else "",
    }


def announcement_mail(announcement: Announcement, recipient: User) -> EmailMultiAlternatives:
    """The mail as this person gets it: text, HTML, and a link that ends such mail."""
    return compose(KIND, recipient, announcement_context(announcement), topic=Topic.TOWN)


def send_test(announcement: Announcement, *, by: User) -> None:
    """One mail to oneself, marked as a test; also of an announcement that nobody may get yet."""
    require(by, Role.BUDGET_ADMINISTRATOR)
    context = announcement_context(announcement)
    context["subject"] = _("[Test] %(subject)s") % {"subject": announcement.subject}
    with transaction.atomic():
        act = record("announcement.tested", announcement, actor=by)
        tell(by, KIND, act, **context)


def send_announcement(announcement: Announcement, *, digest: str, by: User) -> int:
    """Send it to those who are its receivers now; how many. Workers send it, one by one.

    ``digest`` is that of the version that was looked at: another one is not sent.
    """
    require(by, Role.BUDGET_ADMINISTRATOR)
    with transaction.atomic():
        held = _hold(announcement, AnnouncementState.DRAFT)
        _check_as_seen(held.digest == digest)
        made = _list_receivers(held)
        if not made:
            raise RefusedError(_("Nobody would get it."))
        advance(held, AnnouncementState.SENDING, ANNOUNCEMENT_MOVES, actor=by)
        record("announcement.released", held, actor=by, receivers=made)
    return made


def _list_receivers(announcement: Announcement) -> int:
    """A row for each, made by the database alone: a whole town within one request."""
    people = receivers(list(announcement.places.values_list("pk", flat=True)))
    row = {
        "of": Value(announcement.pk),
        "stands": Value(MailingState.WAITING),
        "fails": Value(""),
    }
    rows, values = people.annotate(**row).values_list("pk", *row).query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO budgeting_mailing (recipient_id, announcement_id, state, failure) " + rows,
            values,
        )
        return int(cursor.rowcount)


def stop_announcement(announcement: Announcement, *, by: User) -> Announcement:
    """Send no more of it; a mail that a worker has in hand still goes out."""
    require(by, Role.BUDGET_ADMINISTRATOR)
    with transaction.atomic():
        held = _hold(announcement, AnnouncementState.SENDING)
        return advance(held, AnnouncementState.STOPPED, ANNOUNCEMENT_MOVES, actor=by)


def go_on_announcing(announcement: Announcement, *, by: User) -> Announcement:
    """Send what remains of one that was stopped."""
    require(by, Role.BUDGET_ADMINISTRATOR)
    with transaction.atomic():
        held = _hold(announcement, AnnouncementState.STOPPED)
        return advance(held, AnnouncementState.SENDING, ANNOUNCEMENT_MOVES, actor=by)


def send_batch(
    announcement: Announcement, most: int = MOST_PER_BATCH, *, seconds: float = inf
) -> int:
    """Send some of what remains, each at most once; how many were taken.

    A row is taken, for good, before its mail goes out. Where a worker dies in between nobody knows
    whether it did: the row says so, and it is not sent again. What the mail server puts off was
    not sent: it waits for a while and is tried again. No lock is held while the server answers.
    """
    taken, until = 0, time.monotonic() + seconds
    with _mailer() as mailer:
        while mailer and _goes_on(taken, most, until) and (mailing := _take(announcement)):
            taken += 1
            if not _deliver(mailing, mailer):
                break
    _finish(announcement)
    return taken


def _goes_on(taken: int, most: int, until: float) -> bool:
    return taken < most and time.monotonic() < until


@contextmanager
def _mailer() -> Iterator[BaseEmailBackend | None]:
    """A connection to the mail server, None where there is none now: then nothing is taken."""
    mailer = get_connection()
    try:
        mailer.open()
    except MAIL_TROUBLE as error:
        log_not_sent("announcement.no_mail_server", error)
        yield None
        return
    try:
        yield mailer
    finally:
        mailer.close()


def _take(announcement: Announcement) -> Mailing | None:
    """The next row, taken and committed; None where nothing remains, or it was stopped."""
    with transaction.atomic():
        waiting = Mailing.objects.filter(
            Q(not_before=None) | Q(not_before__lte=Now()),
            announcement=announcement,
            announcement__state=AnnouncementState.SENDING,
            state=MailingState.WAITING,
        )
        rows = waiting.select_for_update(of=("self",), skip_locked=True).order_by("pk")
        row = rows.select_related("announcement__cycle", "recipient").first()
        if row is not None:
            row.state, row.taken_at, row.not_before = MailingState.TAKEN, db_now(), None
            row.save(update_fields=["state", "taken_at", "not_before"])
    return row


def _deliver(mailing: Mailing, mailer: BaseEmailBackend) -> bool:
    """Send one; whether the mail server is still there for the next."""
    person = mailing.recipient
    if person is None or not person.is_active or not wants_mail(person, Topic.TOWN):
        _note(mailing, MailingState.SKIPPED)
        return True
    try:
        mail = announcement_mail(mailing.announcement, person)
        mailer.send_messages([mail])
    except Exception as error:  # whatever is wrong with one must not hold up those behind it
        return _not_sent(mailing, error)
    _note(mailing, MailingState.SENT)
    return True


def _not_sent(mailing: Mailing, error: Exception) -> bool:
    """Keep why; whether the mail server is still there for the next."""
    expected = log_not_sent("announcement.not_sent", error, mailing=mailing.pk)
    codes = reply_codes(error)
    if codes and max(codes) < PERMANENT and mailing.put_off < len(PUT_OFF):
        _put_off(mailing)
    else:
        _note(mailing, MailingState.FAILED, type(error).__name__)
    gone = isinstance(error, SMTPServerDisconnected) or not isinstance(error, SMTPException)
    return expected and not gone and CLOSING not in codes


def reply_codes(error: Exception) -> list[int]:
    """What the mail server answered, as numbers; nothing where it did not answer."""
    if isinstance(error, SMTPRecipientsRefused):
        return [code for code, _words in error.recipients.values()]
    return [error.smtp_code] if isinstance(error, SMTPResponseException) else []


def _put_off(mailing: Mailing) -> None:
    """It was not sent, and the mail server says it may be later."""
    Mailing.objects.filter(pk=mailing.pk).update(
        state=MailingState.WAITING,
        taken_at=None,
        put_off=mailing.put_off + 1,
        not_before=db_now() + PUT_OFF[mailing.put_off],
    )


def _note(mailing: Mailing, state: MailingState, failure: str = "") -> None:
    Mailing.objects.filter(pk=mailing.pk).update(
        state=state, decided_at=db_now(), failure=failure[:64]
    )


def _finish(announcement: Announcement) -> None:
    """Say that it is done once nothing remains; two workers who see it say it once."""
    with transaction.atomic():
        held = Announcement.objects.select_for_update().get(pk=announcement.pk)
        waits = held.mailings.filter(state=MailingState.WAITING).exists()
        if held.state == AnnouncementState.SENDING and not waits:
            advance(held, AnnouncementState.DONE, ANNOUNCEMENT_MOVES, actor=None)
