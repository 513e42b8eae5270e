"""The order of locks: whoever complained, then the complaint, then its look."""

from __future__ import annotations

from civicfund.complaints.models import Complaint
from civicfund.people.models import User


def hold_complainant(complaint: Complaint) -> None:
    """Lock whoever complained, before the complaint: being erased locks them in that order, and
    what is written to them afterwards would wait for that.
    """
    if complaint.complainant_id:
        User.objects.select_for_update(no_key=True).get(pk=complaint.complainant_id)
