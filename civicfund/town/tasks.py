"""What is looked at every night."""

from __future__ import annotations

import structlog
from celery import shared_task

from civicfund.town.selectors import laws

log = structlog.get_logger(__name__)


@shared_task
def check_books() -> None:
    """Say in the log, as an error, which law of the books is broken and by what."""
    for law in laws():
        if law.broken_by:
            log.error("books.law_broken", law=law.name, broken_by=law.broken_by[:10])
    log.info("books.checked")
