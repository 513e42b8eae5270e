"""The sweep that finds transfers to send, and the task that it wakes for each."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task

from civicfund.audit.services import wake
from civicfund.payouts.models import Payout, Reversal
from civicfund.payouts.services import reversing, sending
from civicfund.payouts.services.accounts import hear_of_accounts

EXPIRES_SECONDS = 60
PAYOUTS_PER_SWEEP = 20
EVENTS_PER_SWEEP = 40


@shared_task
def send_due_payouts() -> None:
    """Wake a task for every approved transfer that is due."""
    for payout_id in wake(Payout.objects.due(), PAYOUTS_PER_SWEEP):
        take_payout_step.apply_async([str(payout_id)], expires=EXPIRES_SECONDS)


@shared_task
def take_due_reversals() -> None:
    """Wake a task for every approved reversal that is due."""
    for reversal_id in wake(Reversal.objects.due(), PAYOUTS_PER_SWEEP):
        take_reversal_step.apply_async([str(reversal_id)], expires=EXPIRES_SECONDS)


@shared_task
def take_reversal_step(reversal_id: str) -> None:
    """Take one transfer back, or find out what became of it."""
    reversing.take_reversal_step(UUID(reversal_id))


@shared_task
def act_on_account_events() -> None:
    """Read again the accounts that the provider has news of."""
    hear_of_accounts(EVENTS_PER_SWEEP)


@shared_task
def take_payout_step(payout_id: str) -> None:
    """Send one transfer, or find out what became of it."""
    sending.take_payout_step(UUID(payout_id))
