"""Forgetting what was complained of: on its day, when taken back, and with the person."""

from __future__ import annotations

from django.db import transaction

from civicfund.audit.services import db_now, record
from civicfund.complaints.models import Complaint, ComplaintQuerySet, Look, Named
from civicfund.complaints.selectors import to_forget
from civicfund.notices.services import forget_messages
from civicfund.people.models import User
from civicfund.people.services.erasure import erase


def forget(complaint: Complaint) -> bool:
    """Delete its words, notes, mails and whose it was; False where that was done already."""
    return _forget(complaint, Complaint.objects.kept())


def forget_due() -> int:
    """Forget every complaint whose day has come; how many there were.

    One that is asked about again meanwhile has no day any more, and stays.
    """
    return sum(_forget(complaint, to_forget()) for complaint in to_forget())


def _forget(complaint: Complaint, among: ComplaintQuerySet) -> bool:
    """Forget it where it still is among these once it is locked.

    A guest who was made for it is erased with it. The person is locked before the complaint, as
    whoever is erased locks them.
    """
    with transaction.atomic():
        complainant = _held(complaint.complainant_id)
        row = among.select_for_update().filter(pk=complaint.pk).first()
        if row is None:
            return False
        _blank(row)
        record("complaint.forgotten", row, actor=None)
        if complainant and complainant.is_guest and not complainant.erased_at:
            erase(complainant)
    return True


def forget_person(person: User) -> None:
    """Whoever is erased takes their complaints along. The caller holds the person."""
    theirs = Complaint.objects.select_for_update().filter(complainant=person)
    for complaint in theirs.order_by("pk"):
        _blank(complaint)
        record("complaint.forgotten", complaint, actor=None)
    Named.objects.filter(person=person).delete()


def _held(pk: int | None) -> User | None:
    return User.objects.select_for_update().get(pk=pk) if pk else None


def _blank(complaint: Complaint) -> None:
    """The caller holds the complaint."""
    Complaint.objects.filter(pk=complaint.pk).update(
        forgotten_at=db_now(), page="", whom="", complainant=None
    )
    looks = Look.objects.filter(complaint=complaint)
    forget_messages(looks)
    looks.update(asked="", answer="")
    complaint.notes.all().delete()
    complaint.named.all().delete()
