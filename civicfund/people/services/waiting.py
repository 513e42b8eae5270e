"""Documents that wait for officers and are not needed any more."""

from __future__ import annotations

from civicfund.audit.services import db_now, record
from civicfund.people.enums import DocumentOutcome
from civicfund.people.models import ResidenceDocument, Residency, User


def withdraw_waiting(residency: Residency, *, by: User | None) -> None:
    """Nobody decides any more on what was sent for a home; the sweep deletes the files.

    The caller is in a transaction and holds the home.
    """
    waiting = ResidenceDocument.objects.waiting().filter(residency=residency)
    for document in waiting.select_for_update():
        ResidenceDocument.objects.filter(pk=document.pk).update(
            outcome=DocumentOutcome.WITHDRAWN, decided_at=db_now()
        )
        record("residence_document.withdrawn", document, actor=by)
