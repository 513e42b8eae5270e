"""Telling people, once each, and delivering what was told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from smtplib import SMTPException
from typing import Any

import structlog
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import models, transaction
from django.template.loader import render_to_string
from django.utils.translation import override

from civicfund.audit.services import db_now, record
from civicfund.notices.models import Message
from civicfund.people.models import User

log = structlog.get_logger(__name__)

MOST_TRIES = 8


@dataclass(frozen=True)
class Letter:
    """What one person is to be told about one thing; ``context`` is kept as JSON."""

    recipient: User
    about: models.Model
    context: dict[str, Any]


def tell(recipient: User, kind: str, about: models.Model, **context: Any) -> None:
    """Put one message in the outbox; telling the same person the same thing again does nothing.

    ``kind`` names the templates ``emails/<kind>.txt`` (first line: the subject) and
    ``emails/<kind>.html``. ``context`` is kept as JSON and given to both.
    """
    tell_all(kind, [Letter(recipient, about, context)])


def tell_all(kind: str, letters: Iterable[Letter]) -> None:
    """Put many messages of one kind in the outbox at once, each like ``tell``."""
    Message.objects.bulk_create(
        (
            Message(
                kind=kind,
                source=f"{letter.about._meta.label_lower}:{letter.about.pk}",
                recipient=letter.recipient,
                context=letter.context,
            )
            for letter in letters
        ),
        ignore_conflicts=True,
        batch_size=1000,
    )


def send_next() -> bool:
    """Send the message that waits longest; False where none is due.

    The row stays locked while the mail server answers, so that two workers send it once. A crash
    between the server's yes and the commit sends it again: a mail may come twice, and never not.
    """
    with transaction.atomic():
        message = (
            Message.objects.due()
            .select_related("recipient")
            .select_for_update(of=("self",), skip_locked=True)
            .first()
        )
        if message is None:
            return False
        _try_to_send(message)
    return True


def send_again(message: Message, *, by: User) -> None:
    """Put a message in the outbox once more, as it was."""
    Message.objects.filter(pk=message.pk).update(
        sent_at=None, given_up_at=None, tries=0, next_try_at=db_now()
    )
    record("message.sent_again", message, actor=by)


def _try_to_send(message: Message) -> None:
    """Send, or note when to try again. The caller holds the row's lock."""
    now = db_now()
    message.tries += 1
    try:
        _mail(message).send()
        message.sent_at = now
    except Exception as error:  # whatever is wrong with one must not hold up those behind it
        expected = isinstance(error, (SMTPException, OSError))
        log.warning(
            "message.not_sent",
            message=message.pk,
            error=type(error).__name__,
            exc_info=not expected,
        )
        message.next_try_at = now + timedelta(minutes=2**message.tries)
        if message.tries >= MOST_TRIES:
            message.given_up_at = now
    message.save(update_fields=["tries", "sent_at", "next_try_at", "given_up_at"])


def _mail(message: Message) -> EmailMultiAlternatives:
    """The message as a mail in text and HTML."""
    context = message.context | {
        "recipient": message.recipient,
        "site_url": settings.SITE_URL,
        "town_name": settings.TOWN_NAME,
        "currency": settings.CURRENCY,
    }
    with override(settings.LANGUAGE_CODE):
        subject, _, text = render_to_string(f"emails/{message.kind}.txt", context).partition("\n")
        html = render_to_string(f"emails/{message.kind}.html", context)
    mail = EmailMultiAlternatives(
        subject.strip(), text.strip(), to=[message.recipient.mail_address]
    )
    mail.attach_alternative(html, "text/html")
    return mail
