"""The nightly comparison, and news that never came."""

from __future__ import annotations

import structlog
from celery import shared_task

from civicfund.payments.domain import GatewayUnavailable, RateLimited
from civicfund.payments.services import fetch_missed_events
from civicfund.reconciliation.services.comparing import reconcile_next

log = structlog.get_logger(__name__)


@shared_task
def reconcile() -> None:
    """Compare our books with the provider's since the last time, a day of it again."""
    try:
        reconcile_next()
    except (GatewayUnavailable, RateLimited) as error:
        log.warning("books.not_reconciled_yet", code=error.code)


@shared_task
def fetch_missed_news() -> None:
    """Ask the provider for events that no webhook of ours took: hours of them, found in one."""
    try:
        fetch_missed_events()
    except (GatewayUnavailable, RateLimited) as error:
        log.warning("provider.missed_events_not_fetched", code=error.code)
