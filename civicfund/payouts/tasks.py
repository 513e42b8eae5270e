"""The sweep that finds transfers to send, and the task that it wakes for each."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task

from civicfund.audit.services import wake
from civicfund.payouts.models import Payout
from civicfund.payouts.services import sending

EXPIRES_SECONDS = 60
PAYOUTS_PER_SWEEP = 20


@shared_task
def send_due_payouts() -> None:
    """Wake a task for every approved transfer that is due."""
    for payout_id in wake(Payout.objects.due(), PAYOUTS_PER_SWEEP):
        take_payout_step.apply_async([str(payout_id)], expires=EXPIRES_SECONDS)


@shared_task
def take_payout_step(payout_id: str) -> None:
    """Send one transfer, or find out what became of it."""
    sending.take_payout_step(UUID(payout_id))
