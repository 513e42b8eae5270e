"""What whoever complains does: complain, ask for a second look, take it back."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from civicfund.audit.services import db_now, record
from civicfund.complaints.access import link_to
from civicfund.complaints.domain import is_named_in
from civicfund.complaints.models import Complaint, Look, Named
from civicfund.complaints.services.errors import ComplaintError
from civicfund.complaints.services.forgetting import forget
from civicfund.complaints.services.holding import hold_complainant
from civicfund.notices.services import tell
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.people.selectors import people_with
from civicfund.words import seen


def complain(
    *,
    about: str,
    words: str,
    page: str = "",
    whom: str = "",
    answer_to: str = "",
    by: User | None = None,
) -> Complaint:
    """Say what is wrong; whoever gave an address is told the number, and where to see the state.

    Kept as the account's only where its own address was given, and as nobody's where none was.
    The record of acts, which is for good, does not say who complained.
    """
    with transaction.atomic():
        complaint = Complaint.objects.create(
            about=about, page=seen(page), whom=seen(whom), complainant=_whose(by, answer_to)
        )
        for officer in people_with(Role.COMPLAINTS_OFFICER):
            if is_named_in(officer.display_name, complaint.whom):
                Named.objects.create(complaint=complaint, person=officer)
        record("complaint.made", complaint, actor=None, about=about)
        _ask(complaint, 1, words)
    return complaint


def ask_again(complaint: Complaint, *, words: str) -> Look:
    """Ask for another person's look, once, after an answer. Raises ``ComplaintError``."""
    with transaction.atomic():
        hold_complainant(complaint)
        row = Complaint.objects.select_for_update().get(pk=complaint.pk)
        looks = list(row.looks.order_by("number"))
        if row.forgotten_at or looks[-1].answered_at is None:
            raise ComplaintError(_("This is not answered yet."))
        if len(looks) > 1:
            raise ComplaintError(_("Two people have looked at this: that is all we can do here."))
        Complaint.objects.filter(pk=row.pk).update(forget_at=None)
        record("complaint.reopened", row, actor=None)
        return _ask(row, 2, words)


def take_back(complaint: Complaint) -> None:
    """Delete every word of it now, answered or not; who complained needs no reason."""
    if forget(complaint):
        record("complaint.taken_back", complaint, actor=None)


def _whose(by: User | None, address: str) -> User | None:
    if by is not None and address.lower() == by.email:
        return by
    return User.objects.create_guest(address, display_name="") if address else None


def _ask(complaint: Complaint, number: int, words: str) -> Look:
    said = seen(words)
    if not said:
        raise ComplaintError(_("Write something first."))
    try:
        with transaction.atomic():
            look = Look.objects.create(
                complaint=complaint, number=number, asked=said, due_at=_due(db_now())
            )
    except IntegrityError as error:
        if "look_one_at_a_time" not in str(error) and "look_numbered" not in str(error):
            raise
        raise ComplaintError(_("You have asked already.")) from error
    if complaint.complainant is not None:
        tell(
            complaint.complainant,
            "complaint_received",
            look,
            number=complaint.pk,
            is_second=number > 1,
            due=date_format(localtime(look.due_at), "j F Y"),
            state_url=link_to(complaint),
        )
    return look


def _due(now: datetime) -> datetime:
    return now + timedelta(days=settings.COMPLAINT_DAYS)
