"""Those who answer are told that a complaint waits, and that it is late: by its number, and not a
word of it.
"""

from __future__ import annotations

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from civicfund.audit.services import db_now
from civicfund.complaints.models import Complaint, Look
from civicfund.complaints.selectors import late_and_untold, who_can_take
from civicfund.notices.services import Letter, log_not_sent, tell_all
from civicfund.turns import Work, alone_at

LATE = "complaint_late"


def tell_desk(pk: int) -> bool:
    """Write to the complaints' address; False where that was done, or the mail is not taken now.

    Killed in between it may be sent twice, and is never lost. What is wrong with one holds up no
    other, and no row is locked while the mail server answers.
    """
    try:
        with alone_at(Work.COMPLAINTS, pk) as is_alone:
            return is_alone and _tell(pk)
    except Exception as error:
        log_not_sent("complaint.not_told", error, look=pk)
        return False


def _tell(pk: int) -> bool:
    look = Look.objects.untold().filter(pk=pk).select_related("complaint").first()
    if look is None:
        return False
    is_stuck = not who_can_take(look)
    _mail(look, is_stuck).send()
    return _note(look, is_stuck)


def _note(look: Look, is_stuck: bool) -> bool:
    """Note that it was told, unless the last who could take it was named meanwhile: then the next
    sweep says so.
    """
    with transaction.atomic():
        Complaint.objects.select_for_update().get(pk=look.complaint_id)
        if is_stuck == bool(who_can_take(look)):
            return False
        return bool(Look.objects.filter(pk=look.pk).update(told_at=db_now()))


def _mail(look: Look, is_stuck: bool) -> EmailMessage:
    number = look.complaint_id
    lines = [
        _("Complaint %(number)s waits for an answer by %(day)s.")
        % {"number": number, "day": _day(look)},
        settings.SITE_URL + reverse("complaint_desk", args=[number]),
    ]
    if is_stuck:
        lines.append(
            _(
                "Nobody at the desk may answer it: it is about them, or they answered it before."
                " A superuser has to make somebody else a complaints officer."
            )
        )
    subject = _("Complaint %(number)s waits for an answer") % {"number": number}
    return EmailMessage(subject, "\n\n".join(lines), to=[settings.COMPLAINTS_ADDRESS])


def tell_of_late(pk: int) -> bool:
    """Write to everybody who may answer a look that it is late, once; False where that was done, or
    it is answered.

    Where nobody may answer it, it stays untold until somebody may. The complaint is held, so that
    none that is forgotten just now is written of.
    """
    with transaction.atomic():
        held = Complaint.objects.select_for_update(of=("self",)).get(looks=pk)
        look = late_and_untold().filter(pk=pk, complaint=held).first()
        if look is None or not (officers := who_can_take(look)):
            return False
        facts = {
            "number": held.pk,
            "due": _day(look),
            "desk_url": reverse("complaint_desk", args=[held.pk]),
        }
        tell_all(LATE, (Letter(officer, look, facts) for officer in officers))
        return bool(Look.objects.filter(pk=pk).update(late_told_at=db_now()))


def _day(look: Look) -> str:
    return date_format(localtime(look.due_at), "j F Y")
