"""Paying one refund: asked for under its own id, so that asking again pays it once.

No lock and no transaction is held while the provider is asked.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction

from civicfund.audit.services import advance, db_now, record
from civicfund.ledger import domain as books
from civicfund.payments.domain import (
    GatewayRefused,
    GatewayUnavailable,
    ProviderRefund,
    RateLimited,
    RefundStatus,
)
from civicfund.payments.gateways import gateway
from civicfund.payments.services import note_orphan
from civicfund.pledges.enums import (
    CHARGED_PLEDGE,
    REFUND_MOVES,
    UNDER_WAY_REFUND,
    RefundReason,
    RefundState,
)
from civicfund.pledges.models import Pledge, Refund
from civicfund.pledges.services.fees import fees_of, note_fees
from civicfund.pledges.services.letters import tell_backer
from civicfund.pledges.services.locks import pledge_alone
from civicfund.pledges.services.refunds import book_refund

log = structlog.get_logger(__name__)

LOOK_AGAIN = timedelta(minutes=2)
SLOW_DOWN = timedelta(seconds=5)
ASK_BANK_AGAIN = timedelta(hours=1)
ASKED_AFTER = (*UNDER_WAY_REFUND, RefundState.SUCCEEDED)


def take_refund_step(refund_id: UUID) -> None:
    """Ask the provider for a refund that is due, or what became of it; quiet where none is.

    May run twice, at once, and after a crash at any point.
    """
    refund = _claim(refund_id)
    if refund is None:
        return
    try:
        apply_refund(_ask(refund))
    except RateLimited:
        _put_off(refund, SLOW_DOWN)
    except GatewayUnavailable as error:
        log.warning("refund.no_answer", refund=str(refund_id), code=error.code)
        _put_off(refund, LOOK_AGAIN)
    except GatewayRefused as refusal:
        log.error("refund.refused", refund=str(refund_id), code=refusal.code, said=str(refusal))
        _fail_unmade(refund, refusal.code or "refused")


@transaction.atomic
def _claim(refund_id: UUID) -> Refund | None:
    """Take the refund for a while; None where it is not due or somebody else has it."""
    # One that was paid is looked at again only while it is on its way back.
    due = Refund.objects.due().filter(pk=refund_id, state__in=ASKED_AFTER)
    refund = due.select_for_update(skip_locked=True, of=("self",)).first()
    if refund is not None:
        lease = db_now() + timedelta(seconds=settings.SETTLEMENT_LEASE_SECONDS)
        Refund.objects.filter(pk=refund.pk).update(lease_until=lease, next_step_at=lease)
    return refund


def _ask(refund: Refund) -> ProviderRefund:
    """The provider's refund: read back where it is known, else made under its own key."""
    if refund.refund_id:
        return gateway().retrieve_refund(refund.refund_id)
    intent_id = refund.pledge.payment_intent_id
    if refund.sent_at is not None:
        # Somebody has asked before and not heard. The key may be forgotten by now; the refund's
        # metadata is not.
        for made in gateway().refunds_of(intent_id):
            if made.metadata.get("refund") == str(refund.pk):
                return made
    Refund.objects.filter(pk=refund.pk, sent_at__isnull=True).update(sent_at=db_now())
    return gateway().create_refund(
        intent_id,
        amount_minor=refund.amount_minor,
        key=f"re:{refund.pk}",
        metadata={"refund": str(refund.pk), "pledge": str(refund.pledge_id)},
    )


def apply_refund(told: ProviderRefund) -> Refund | None:
    """Act on what the provider says of a refund: worker and webhook both end here. Returns the
    refund, None where it is of no charge of ours.

    Applying the same again, late or out of order, changes nothing. One that was made at the
    provider by hand becomes a row as well.
    """
    pledge = Pledge.objects.filter(payment_intent_id=told.payment_intent_id).only("pk").first()
    if pledge is None:
        if "refund" in told.metadata:
            note_orphan(told.id, "refund_of_no_pledge")
        return None
    with transaction.atomic():
        row = pledge_alone(pledge.pk)
        refund = _ours(row, told) or _made_elsewhere(row, told)
        if refund is not None:
            _apply(refund, told)
    return refund


def _ours(pledge: Pledge, told: ProviderRefund) -> Refund | None:
    """Our row of it, locked, with its id at the provider kept; None where there is none."""
    mine = Refund.objects.select_for_update().filter(pledge=pledge)
    found = mine.filter(refund_id=told.id).first()
    if found is None:
        with suppress(ValueError):
            named = UUID(told.metadata.get("refund", ""))
            found = mine.filter(pk=named, refund_id="").first()
    if found is None:
        return None
    if (told.amount_minor, told.currency) != (found.amount_minor, found.currency):
        note_orphan(told.id, "refund_differs")
        return None
    Refund.objects.filter(pk=found.pk, refund_id="").update(refund_id=told.id)
    found.refresh_from_db()
    return found


def _made_elsewhere(pledge: Pledge, told: ProviderRefund) -> Refund | None:
    """A row for a refund that nobody has asked for here; an orphan where it cannot be one."""
    if told.metadata.get("refund") or Refund.objects.filter(refund_id=told.id).exists():
        return None
    never_left = told.status in (RefundStatus.FAILED, RefundStatus.CANCELED)
    if pledge.state not in CHARGED_PLEDGE or (never_left and not told.left_balance):
        note_orphan(told.id, f"refunded_though_{pledge.state}")
        return None
    refund = Refund.objects.create(
        pledge=pledge,
        amount_minor=told.amount_minor,
        currency=told.currency,
        reason=RefundReason.ELSEWHERE,
        refund_id=told.id,
        sent_at=db_now(),
        next_step_at=db_now(),
    )
    record("refund.made_elsewhere", refund, actor=None, pledge=str(pledge.pk))
    fees = note_fees(refund, refund.amount_minor)
    legs = books.refund_owed(pledge.campaign.project_id, refund.amount_minor, fees)
    book_refund(refund, "refund_owed", legs)
    note_orphan(told.id, "refund_made_elsewhere")
    return refund


def _apply(refund: Refund, told: ProviderRefund) -> None:
    """The caller holds the pledge's and the refund's lock."""
    if refund.state in (RefundState.FAILED, RefundState.CANCELLED, RefundState.WAITING):
        return
    if told.left_balance:
        book_refund(refund, "refund_paid", books.refund_paid(refund.amount_minor))
    if told.status in (RefundStatus.FAILED, RefundStatus.CANCELED):
        _fail_made(refund, told)
    elif told.status == RefundStatus.SUCCEEDED:
        _succeed(refund)
    else:
        _wait(refund)


def _succeed(refund: Refund) -> None:
    if refund.state == RefundState.SUCCEEDED:
        return
    advance(
        refund, RefundState.SUCCEEDED, REFUND_MOVES,
        actor=None, resolved_at=db_now(), next_step_at=None, lease_until=None,
    )  # fmt: skip
    tell_backer(
        refund.pledge, "pledge_refunded", refund, refunded_minor=refund.amount_minor,
        whole=refund.amount_minor == refund.pledge.amount_minor,
    )  # fmt: skip


def _wait(refund: Refund) -> None:
    again = {"next_step_at": db_now() + ASK_BANK_AGAIN, "lease_until": None}
    if refund.state == RefundState.PLANNED:
        advance(refund, RefundState.PENDING, REFUND_MOVES, actor=None, **again)
    elif refund.state == RefundState.PENDING:
        Refund.objects.filter(pk=refund.pk).update(**again)


def _fail_made(refund: Refund, told: ProviderRefund) -> None:
    """The bank sent it back. Only once the money is with the provider again is it over."""
    if told.left_balance and not told.came_back:
        Refund.objects.filter(pk=refund.pk).update(
            next_step_at=db_now() + ASK_BANK_AGAIN, lease_until=None
        )
        return
    if told.came_back:
        book_refund(refund, "refund_came_back", books.refund_came_back(refund.amount_minor))
    _fail(refund, told.failure_code or str(told.status))


def _fail_unmade(refund: Refund, code: str) -> None:
    """The provider refuses to make it: asking again will not help, a treasurer has to look."""
    with transaction.atomic():
        pledge_alone(refund.pledge_id)
        row = Refund.objects.select_for_update().get(pk=refund.pk)
        if row.state == RefundState.PLANNED and not row.refund_id:
            _fail(row, code)


def _fail(refund: Refund, code: str) -> None:
    project_id = refund.pledge.campaign.project_id
    advance(
        refund, RefundState.FAILED, REFUND_MOVES,
        actor=None, failure_code=code, resolved_at=db_now(), next_step_at=None, lease_until=None,
    )  # fmt: skip
    legs = books.refund_called_off(project_id, refund.amount_minor, fees_of(refund))
    book_refund(refund, "refund_called_off", legs)


def _put_off(refund: Refund, wait: timedelta) -> None:
    Refund.objects.filter(pk=refund.pk, state__in=ASKED_AFTER).update(
        next_step_at=db_now() + wait, lease_until=None, woken_until=None
    )
