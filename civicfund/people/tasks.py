"""The sweep that deletes what people sent to show where they live."""

from __future__ import annotations

from datetime import timedelta

import structlog
from celery import shared_task

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
