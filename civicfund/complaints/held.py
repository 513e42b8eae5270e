"""What complaints hold of a person."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from civicfund.complaints.models import Complaint, Look
from civicfund.complaints.services.forgetting import forget_person
from civicfund.holdings import columns, erases, holds, leaves_out


def declare() -> None:
    """Say it."""
    erases(forget_person)
    holds(
        "complaints", _("What you complained of"), Complaint, "complainant",
        columns("about page whom made_at forget_at"),
    )  # fmt: skip
    holds(
        "answers_to_complaints", _("What you wrote there, and the answers"), Look,
        "complaint__complainant",
        columns("complaint_id number asked asked_at due_at answer answered_at"),
    )  # fmt: skip
    leaves_out(
        _("Done for the town, in somebody else's matter; it stands among your acts."),
        "complaints.Look.taken_by",
        "complaints.Note.by",
    )
    leaves_out(
        _("That a complaint names you, which would say that there is one, is its author's matter."),
        "complaints.Named.person",
    )
