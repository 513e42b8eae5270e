"""The sweeps for sealed files: what people sent to show where they live, and their own copies."""

from __future__ import annotations

from datetime import timedelta

import structlog
from celery import shared_task

from civicfund.people.models import PersonalCopy
from civicfund.people.services.copies import delete_copies, make_copy
from civicfund.people.services.documents import delete_decided, delete_orphans, expire_documents

log = structlog.get_logger(__name__)

# Longer than a request may take between writing a file and its row.
ORPHANED_AFTER = timedelta(hours=1)


@shared_task
def delete_due_documents() -> None:
    """Give up what is past its day; destroy decided documents and files without a row."""
    expired = expire_documents()
    deleted = delete_decided()
    orphans = delete_orphans(older_than=ORPHANED_AFTER)
    if expired or deleted or orphans:
        log.info("residence_documents.deleted", expired=expired, deleted=deleted, orphans=orphans)


@shared_task
def make_copies() -> None:
    """Make every copy that somebody waits for; one that cannot be made holds up no other."""
    made = 0
    for pk in list(PersonalCopy.objects.waiting().values_list("pk", flat=True)):
        try:
            made += make_copy(pk)
        except Exception:  # tried again at each sweep until its day; the log says why
            log.exception("personal_copy.not_made", copy=str(pk))
    if made:
        log.info("personal_copies.made", made=made)


@shared_task
def delete_due_copies() -> None:
    """Destroy copies past their day, and files without a row."""
    deleted = delete_copies(orphaned_after=ORPHANED_AFTER)
    if deleted:
        log.info("personal_copies.deleted", deleted=deleted)
