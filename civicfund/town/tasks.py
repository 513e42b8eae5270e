"""What joins the apps: the books looked at again and again, people told what was decided."""

from __future__ import annotations

import structlog
from celery import shared_task
from django.db import transaction
from django.urls import reverse
from django.utils.timezone import localdate

from civicfund.notices.services import tell
from civicfund.people.selectors import agreed_finding
from civicfund.people.services.documents import document_told, documents_to_tell
from civicfund.pledges.selectors.laws import overdue
from civicfund.town import selectors
from civicfund.town.services import tell_desks, tell_of_requests
from civicfund.turns import Work, alone_at

log = structlog.get_logger(__name__)


@shared_task
def check_books() -> None:
    """Say in the log, as an error, which law is broken and by what, and what is late."""
    late = [law for law in overdue() if law.broken_by]
    for law in (*selectors.check_books().broken, *late):
        log.error("books.law_broken", law=law.name, broken_by=law.broken_by[:10])
    log.info("books.checked")


@shared_task
def tell_about_documents() -> None:
    """Tell those who sent a document about their home what became of it, once."""
    for document in documents_to_tell().select_related("residency__user"):
        with transaction.atomic():
            tell(
                document.residency.user,
                "residence_document_decided",
                document,
                outcome=document.outcome,
                finding=agreed_finding(document),
                residency_url=reverse("residency"),
            )
            document_told(document)


@shared_task
def tell_what_waits() -> None:
    """Write to each member of the staff for whom something waits, once a day of the town's."""
    if told := tell_desks(localdate()):
        log.info("desks.told", people=told)


@shared_task
def tell_second_people() -> None:
    """Write to those who may agree to what was asked for just now."""
    with alone_at(Work.SECOND) as alone:
        if alone and (told := tell_of_requests()):
            log.info("requests.told", people=told)
