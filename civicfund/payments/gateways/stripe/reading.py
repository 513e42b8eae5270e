"""Stripe's objects as our values."""

from __future__ import annotations

from datetime import UTC, datetime

import stripe
from stripe import PaymentMethod

from civicfund.payments.domain import (
    BalanceLine,
    Capability,
    Card,
    Failure,
    Fee,
    IntentStatus,
    Movement,
    MovementKind,
    PaymentIntent,
    ProviderDispute,
    ProviderPayout,
    ProviderRefund,
    ProviderReversal,
    ProviderTransfer,
    RefundStatus,
    SetupIntent,
)


def to_setup_intent(intent: stripe.SetupIntent) -> SetupIntent:
    """Our value of it."""
    method = intent.payment_method
    return SetupIntent(
        id=intent.id,
        status=IntentStatus(intent.status),
        customer_id=id_of(intent.customer),
        payment_method_id=id_of(method),
        client_secret=intent.client_secret or "",
        livemode=intent.livemode,
        metadata=metadata_of(intent.metadata),
        card=_card(method) if isinstance(method, PaymentMethod) else None,
    )


def _card(method: PaymentMethod) -> Card | None:
    return Card(brand=method.card.brand, last4=method.card.last4 or "") if method.card else None


def to_payment_intent(intent: stripe.PaymentIntent) -> PaymentIntent:
    """Our value of it."""
    return PaymentIntent(
        id=intent.id,
        status=IntentStatus(intent.status),
        amount_minor=intent.amount,
        currency=intent.currency.upper(),
        customer_id=id_of(intent.customer),
        client_secret=intent.client_secret or "",
        livemode=intent.livemode,
        metadata=metadata_of(intent.metadata),
        charge_id=id_of(intent.latest_charge),
        failure=_failure(intent),
        fee=_fee(intent.latest_charge),
    )


def _failure(intent: stripe.PaymentIntent) -> Failure | None:
    error = intent.last_payment_error
    if error is None:
        return None
    # A field that has nothing to say may be left out, and asking for it would raise.
    said = error.to_dict()
    return Failure(
        code=said.get("code") or "",
        decline_code=said.get("decline_code") or "",
        advice_code=said.get("advice_code") or "",
        charge_id=said.get("charge") or "",
    )


def _fee(charge: str | stripe.Charge | None) -> Fee | None:
    """The fee of a charge that succeeded, once Stripe has settled what it is."""
    if not isinstance(charge, stripe.Charge) or not charge.paid:
        return None
    line = charge.balance_transaction
    if not isinstance(line, stripe.BalanceTransaction):
        return None
    return Fee(
        amount_minor=line.fee,
        currency=line.currency.upper(),
        available_at=datetime.fromtimestamp(line.available_on, tz=UTC),
    )


def to_refund(refund: stripe.Refund) -> ProviderRefund:
    """Our value of it."""
    said = refund.to_dict()
    return ProviderRefund(
        id=refund.id,
        status=RefundStatus(refund.status or "pending"),
        amount_minor=refund.amount,
        currency=refund.currency.upper(),
        payment_intent_id=id_of(refund.payment_intent),
        metadata=metadata_of(refund.metadata),
        failure_code=said.get("failure_reason") or "",
        left_balance=bool(said.get("balance_transaction")),
        came_back=bool(said.get("failure_balance_transaction")),
    )


def to_dispute(dispute: stripe.Dispute) -> ProviderDispute:
    """Our value of it. What was taken and given back is read from the lines of our balance."""
    lines = dispute.balance_transactions
    due = dispute.evidence_details.due_by
    return ProviderDispute(
        id=dispute.id,
        amount_minor=dispute.amount,
        currency=dispute.currency.upper(),
        payment_intent_id=id_of(dispute.payment_intent),
        reason=dispute.reason,
        livemode=dispute.livemode,
        evidence_due_at=datetime.fromtimestamp(due, tz=UTC) if due else None,
        won={"won": True, "warning_closed": True, "lost": False}.get(dispute.status),
        taken=_movement([line for line in lines if line.amount < 0]),
        given_back=_movement([line for line in lines if line.amount > 0]),
    )


def to_transfer(transfer: stripe.Transfer) -> ProviderTransfer:
    """Our value of it."""
    return ProviderTransfer(
        id=transfer.id,
        amount_minor=transfer.amount,
        currency=transfer.currency.upper(),
        account_id=id_of(transfer.destination),
        reversed_minor=transfer.amount_reversed,
        metadata=metadata_of(transfer.metadata),
    )


def to_reversal(reversal: stripe.TransferReversal) -> ProviderReversal:
    """Our value of it."""
    return ProviderReversal(
        id=reversal.id,
        transfer_id=id_of(reversal.transfer),
        amount_minor=reversal.amount,
        currency=reversal.currency.upper(),
        metadata=metadata_of(reversal.metadata),
    )


def to_payout(payout: stripe.Payout) -> ProviderPayout:
    """Our value of it."""
    return ProviderPayout(
        id=payout.id,
        amount_minor=payout.amount,
        currency=payout.currency.upper(),
        came_back=payout.status in ("failed", "canceled"),
    )


def to_capability(account: stripe.v2.core.Account) -> Capability:
    """Whether the account may receive transfers; restricted where closed, or never asked for."""
    if getattr(account, "closed", False):  # where nothing closes an account, it may be left out
        return Capability.RESTRICTED
    recipient = account.configuration.recipient if account.configuration else None
    capabilities = recipient.capabilities if recipient else None
    balance = capabilities.stripe_balance if capabilities else None
    transfers = balance.stripe_transfers if balance else None
    return Capability(transfers.status) if transfers else Capability.RESTRICTED


_KINDS = {
    "charge": MovementKind.CHARGE,
    "payment": MovementKind.CHARGE,
    "refund": MovementKind.REFUND,
    "payment_refund": MovementKind.REFUND,
    "refund_failure": MovementKind.REFUND_RETURNED,
    "payment_failure_refund": MovementKind.REFUND_RETURNED,
    "transfer": MovementKind.TRANSFER,
    "transfer_refund": MovementKind.TRANSFER_RETURNED,
    "payout": MovementKind.WITHDRAWAL,
    "payout_cancel": MovementKind.WITHDRAWAL_RETURNED,
    "payout_failure": MovementKind.WITHDRAWAL_RETURNED,
}
_DISPUTES = ("dispute", "dispute_reversal")


def to_balance_line(line: stripe.BalanceTransaction) -> BalanceLine:
    """Our value of it."""
    kind = _KINDS.get(line.type, MovementKind.OTHER)
    if line.type == "adjustment" and line.reporting_category in _DISPUTES:
        taken = line.amount < 0
        kind = MovementKind.DISPUTE_TAKEN if taken else MovementKind.DISPUTE_RETURNED
    return BalanceLine(
        id=line.id,
        kind=kind,
        object_id=id_of(line.source) or line.id,
        amount_minor=line.amount,
        fee_minor=line.fee,
        currency=line.currency.upper(),
        created_at=datetime.fromtimestamp(line.created, tz=UTC),
    )


def _movement(lines: list[stripe.BalanceTransaction]) -> Movement | None:
    """The lines together, whichever way they go; None where there are none."""
    if not lines:
        return None
    return Movement(
        amount_minor=abs(sum(line.amount for line in lines)),
        fee_minor=abs(sum(line.fee for line in lines)),
    )


def metadata_of(given: stripe.StripeObject | dict[str, str] | None) -> dict[str, str]:
    """As a plain dict."""
    return given.to_dict() if isinstance(given, stripe.StripeObject) else given or {}


def id_of(reference: str | stripe.StripeObject | None) -> str:
    """The id of what may be an id, an object or nothing."""
    if reference is None or isinstance(reference, str):
        return reference or ""
    return str(reference["id"])
