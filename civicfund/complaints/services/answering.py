"""What those who answer do: take a complaint, note, say whom it is about, answer."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from civicfund.audit.services import db_now, record
from civicfund.complaints.access import link_to
from civicfund.complaints.models import Complaint, Look, Named, Note
from civicfund.complaints.selectors import who_can_take
from civicfund.complaints.services.errors import ComplaintError
from civicfund.complaints.services.holding import hold_complainant
from civicfund.notices.services import tell
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.people.selectors import has_role
from civicfund.words import seen


def take(complaint: Complaint, *, by: User) -> Look:
    """Look into it; nobody else does meanwhile. Raises ``ComplaintError``."""
    with transaction.atomic():
        look = _look_held(complaint, by)
        if look.taken_by_id:
            raise ComplaintError(_("Somebody has taken this already."))
        if not Look.objects.filter(pk=look.pk).open_to(by).exists():
            raise ComplaintError(_("You answered it the first time: somebody else looks at it."))
        look.taken_by, look.taken_at = by, db_now()
        look.save(update_fields=["taken_by", "taken_at"])
        record("complaint.taken", complaint, actor=by, look=look.number)
    return look


def give_back(complaint: Complaint, *, by: User) -> None:
    """Put it back into the queue: one's own, or a colleague's who is away."""
    with transaction.atomic():
        look = _look_held(complaint, by)
        if not look.taken_by_id:
            raise ComplaintError(_("Nobody has taken this."))
        _put_back(look)
        record("complaint.given_back", complaint, actor=by, look=look.number)


def note(complaint: Complaint, *, by: User, words: str) -> Note:
    """Write something for those who answer; whoever complained never reads it."""
    with transaction.atomic():
        row = _held(complaint, by)
        written = Note.objects.create(complaint=row, by=by, words=_said(words))
        record("complaint.noted", row, actor=by, note=written.pk)
    return written


def name(complaint: Complaint, *, by: User, person: User) -> None:
    """Say that it is about somebody who answers complaints, oneself perhaps: from here on they do
    not see it, and what they have taken goes back into the queue. Where that leaves nobody, the
    complaints' address is told once more.
    """
    with transaction.atomic():
        row = _held(complaint, by)
        if not has_role(person, Role.COMPLAINTS_OFFICER):
            raise ComplaintError(_("Only those who answer complaints can be kept from one."))
        look = row.looks.filter(answered_at__isnull=True).first()
        if look and look.taken_by_id == person.pk:
            _put_back(look)
        Named.objects.get_or_create(complaint=row, person=person)
        if look and not who_can_take(look):
            Look.objects.filter(pk=look.pk).update(told_at=None)
        record("complaint.named", row, actor=by, person=person.pk)


def answer(complaint: Complaint, *, by: User, words: str) -> Look:
    """Answer for the town, as whoever took it; whoever complained is written to.

    Raises ``ComplaintError``.
    """
    with transaction.atomic():
        look = _look_held(complaint, by)
        if look.taken_by_id != by.pk:
            raise ComplaintError(_("Take it first: whoever took it answers."))
        look.answer, look.answered_at = _said(words), db_now()
        look.save(update_fields=["answer", "answered_at"])
        kept_for = timedelta(days=settings.COMPLAINT_KEPT_DAYS)
        Complaint.objects.filter(pk=complaint.pk).update(forget_at=look.answered_at + kept_for)
        record("complaint.answered", complaint, actor=by, look=look.number)
        _tell(look)
    return look


def _said(words: str) -> str:
    said = seen(words)
    if not said:
        raise ComplaintError(_("Write something first."))
    return said


def _held(complaint: Complaint, by: User) -> Complaint:
    """The complaint, locked after whoever made it; only for officers, and not for those whom it is
    about.
    """
    if not has_role(by, Role.COMPLAINTS_OFFICER):
        raise ComplaintError(_("Only a complaints officer can do this."))
    hold_complainant(complaint)
    row = Complaint.objects.select_for_update().get(pk=complaint.pk)
    if row.forgotten_at:
        raise ComplaintError(_("Whoever complained has taken this back."))
    if not Complaint.objects.open_to(by).filter(pk=row.pk).exists():
        raise ComplaintError(_("This is about you, or your own: somebody else looks at it."))
    return row


def _look_held(complaint: Complaint, by: User) -> Look:
    """The look that waits for its answer. The complaint is locked from here on."""
    look = _held(complaint, by).looks.filter(answered_at__isnull=True).first()
    if look is None:
        raise ComplaintError(_("This is answered."))
    return look


def _put_back(look: Look) -> None:
    look.taken_by, look.taken_at = None, None
    look.save(update_fields=["taken_by", "taken_at"])


def _tell(look: Look) -> None:
    complaint = look.complaint
    if complaint.complainant is not None:
        tell(
            complaint.complainant,
            "complaint_answered",
            look,
            number=complaint.pk,
            words=look.answer,
            may_ask_again=look.number == 1,
            state_url=link_to(complaint),
        )
