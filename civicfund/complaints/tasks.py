"""The sweeps for complaints: those who answer are told, also of what is late, and what is past its
day goes.
"""

from __future__ import annotations

import structlog
from celery import shared_task

from civicfund.complaints.models import Look
from civicfund.complaints.selectors import late_and_untold
from civicfund.complaints.services.forgetting import forget_due
from civicfund.complaints.services.telling import tell_desk, tell_of_late

log = structlog.get_logger(__name__)

PER_SWEEP = 100


@shared_task
def tell_complaints() -> None:
    """Tell the desk of what is new; what cannot be sent now waits for the next sweep."""
    untold = Look.objects.untold()
    for pk in untold.order_by("pk").values_list("pk", flat=True)[:PER_SWEEP]:
        tell_desk(pk)


@shared_task
def tell_of_late_complaints() -> None:
    """Write to those who answer of what has become late, once for each look."""
    if told := sum(tell_of_late(pk) for pk in late_and_untold().values_list("pk", flat=True)):
        log.info("complaints.late", count=told)


@shared_task
def forget_complaints() -> None:
    """Forget what is past its day."""
    if gone := forget_due():
        log.info("complaints.forgotten", count=gone)
