"""Complaints: kept until they are mailed to those who answer them, and no longer."""

from __future__ import annotations

from smtplib import SMTPException

import structlog
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.utils.translation import gettext as _

from civicfund.people.models import Complaint

log = structlog.get_logger(__name__)


def complain(*, about: str, words: str, answer_to: str = "") -> Complaint:
    """Somebody tells us what is wrong. Who it was is kept only where they want an answer."""
    return Complaint.objects.create(about=about, words=words, answer_to=answer_to)


def send_complaint(pk: int) -> bool:
    """Mail a complaint and forget it; False where it is gone, in other hands, or not taken now.

    Killed in between it may be sent twice, and is never lost. What is wrong with one holds up no
    other.
    """
    with transaction.atomic():
        waiting = Complaint.objects.select_for_update(skip_locked=True)
        complaint = waiting.filter(pk=pk).first()
        if complaint is None:
            return False
        try:
            _mail(complaint).send()
        except Exception as error:
            expected = isinstance(error, (SMTPException, OSError))
            why = type(error).__name__
            log.error("complaint.not_sent", complaint=pk, why=why, exc_info=not expected)
            return False
        complaint.delete()
    return True


def _mail(complaint: Complaint) -> EmailMessage:
    subject = _("Complaint: %(about)s") % {"about": complaint.get_about_display()}
    return EmailMessage(
        subject,
        complaint.words,
        to=[settings.COMPLAINTS_ADDRESS],
        reply_to=[complaint.answer_to] if complaint.answer_to else None,
    )
