"""Sending one approved transfer: asked for under its own id, so that asking again pays it once.

No lock and no transaction is held while the provider is asked.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction

from civicfund.audit.services import advance, db_now
from civicfund.ledger import domain as books
from civicfund.payments.domain import (
    GatewayRefused,
    GatewayUnavailable,
    ProviderTransfer,
    RateLimited,
)
from civicfund.payments.gateways import gateway
from civicfund.payments.services import note_orphan
from civicfund.payouts.enums import PAYOUT_MOVES, Method, PayoutState, Wait
from civicfund.payouts.models import Payout
from civicfund.payouts.selectors import broken_laws
from civicfund.payouts.services.accounts import read_account
from civicfund.payouts.services.deciding import book, pay

log = structlog.get_logger(__name__)

LOOK_AGAIN = timedelta(minutes=2)
SLOW_DOWN = timedelta(seconds=5)
MONEY_COMES = timedelta(hours=1)


def take_payout_step(payout_id: UUID) -> None:
    """Send a transfer that is due, or find out what became of it; quiet where there is none.

    May run twice, at once, and after a crash at any point. Where the provider has not released
    the money yet, or does not pay the account any more, or while the books break a law, it waits.
    """
    payout = _claim(payout_id)
    if payout is None:
        return
    try:
        transfer = _send(payout)
    except RateLimited:
        _put_off(payout, SLOW_DOWN)
    except GatewayUnavailable as error:
        log.warning("payout.no_answer", payout=str(payout_id), code=error.code)
        _put_off(payout, LOOK_AGAIN)
    except GatewayRefused as refusal:
        log.error("payout.refused", payout=str(payout_id), code=refusal.code, said=str(refusal))
        _refused(payout, refusal.code or "refused")
    else:
        if transfer is None:
            _put_off(payout, MONEY_COMES)
        else:
            apply_transfer(payout, transfer)


@transaction.atomic
def _claim(payout_id: UUID) -> Payout | None:
    """Take the payout for a while; None where it is not due or somebody else has it."""
    due = Payout.objects.due().filter(
        pk=payout_id, state=PayoutState.APPROVED, method=Method.TRANSFER
    )
    payout = due.select_for_update(skip_locked=True, of=("self",)).first()
    if payout is not None:
        lease = db_now() + timedelta(seconds=settings.SETTLEMENT_LEASE_SECONDS)
        Payout.objects.filter(pk=payout.pk).update(lease_until=lease, next_step_at=lease)
    return payout


def _send(payout: Payout) -> ProviderTransfer | None:
    """The provider's transfer, found or made; None where it has to wait, or was called off."""
    made = _made_before(payout)
    if made is not None:
        return made
    if why := _why_it_waits(payout):
        Payout.objects.filter(pk=payout.pk, state=PayoutState.APPROVED).update(failure_code=why)
        return None
    return _ask(payout)


def _ask(payout: Payout) -> ProviderTransfer | None:
    """Ask for the transfer; None where it was called off in the last moment."""
    if payout.account is None:
        return None
    at = db_now()
    # Each worker notes its own time, so that none takes back what another one has noted.
    rows = Payout.objects.filter(pk=payout.pk, state=PayoutState.APPROVED)
    first = rows.filter(sent_at__isnull=True).update(sent_at=at)
    if not first and not rows.update(sent_at=at):
        return None
    try:
        return gateway().create_transfer(
            amount_minor=payout.amount_minor,
            currency=payout.currency,
            account_id=payout.account.account_id,
            transfer_group=_group(payout),
            key=f"tr:{payout.pk}",
            metadata={"payout": str(payout.pk), "project": str(payout.project_id)},
        )
    except GatewayRefused:
        if first:  # nothing was made, and nobody else has asked
            rows.filter(sent_at=at).update(sent_at=None)
        raise


def _group(payout: Payout) -> str:
    return f"project-{payout.project_id}"


def _made_before(payout: Payout) -> ProviderTransfer | None:
    """The transfer, where somebody has asked for it before and not heard."""
    if payout.sent_at is None:
        return None
    # The key may be forgotten by now; the transfer's metadata is not.
    told = gateway().transfers_of(_group(payout))
    return next((made for made in told if made.metadata.get("payout") == str(payout.pk)), None)


def _why_it_waits(payout: Payout) -> str:
    """What keeps a transfer from being sent now; empty where nothing does."""
    if payout.account is None or not read_account(payout.account).can_be_paid:
        return Wait.ACCOUNT
    if gateway().available_minor(payout.currency) < payout.amount_minor:
        return Wait.MONEY
    if broken := broken_laws():
        log.error("payout.held_by_the_books", payout=str(payout.pk), broken=broken)
        return Wait.BOOKS
    return ""


def apply_transfer(payout: Payout, told: ProviderTransfer) -> Payout:
    """Note that a transfer was made. Applying the same again changes nothing."""
    with transaction.atomic():
        row = Payout.objects.select_for_update().get(pk=payout.pk)
        account_id = row.account.account_id if row.account else ""
        expected = (row.amount_minor, row.currency, account_id)
        if (told.amount_minor, told.currency, told.account_id) != expected:
            note_orphan(told.id, "transfer_differs")
        elif row.state == PayoutState.APPROVED:
            pay(row, out_of=books.STRIPE_AVAILABLE, actor=None, transfer_id=told.id)
    return row


# The provider's words for what time may mend.
_WAITS = frozenset({Wait.BALANCE, Wait.CAPABILITY})


def _refused(payout: Payout, code: str) -> None:
    """Wait where time may help; else the money is the project's again, and a treasurer looks."""
    if code in _WAITS:
        # The provider may repeat this answer to the same key for a day; then it looks anew.
        Payout.objects.filter(pk=payout.pk).update(failure_code=code)
        _put_off(payout, MONEY_COMES)
        return
    with transaction.atomic():
        row = Payout.objects.select_for_update().get(pk=payout.pk)
        if row.state != PayoutState.APPROVED:
            return
        advance(
            row, PayoutState.FAILED, PAYOUT_MOVES,
            actor=None, failure_code=code, resolved_at=db_now(), next_step_at=None,
            lease_until=None,
        )  # fmt: skip
        legs = books.payout_called_off(row.project_id, row.source, row.amount_minor)
        book(row, "payout_called_off", legs)


def _put_off(payout: Payout, wait: timedelta) -> None:
    Payout.objects.filter(pk=payout.pk, state=PayoutState.APPROVED).update(
        next_step_at=db_now() + wait, lease_until=None, woken_until=None
    )
