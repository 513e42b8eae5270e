"""Stripe's objects as our values."""

from __future__ import annotations

import stripe
from stripe import PaymentMethod

from civicfund.payments.domain import Card, Failure, Fee, IntentStatus, PaymentIntent, SetupIntent


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
    return Fee(amount_minor=line.fee, currency=line.currency.upper())


def metadata_of(given: stripe.StripeObject | dict[str, str] | None) -> dict[str, str]:
    """As a plain dict."""
    return given.to_dict() if isinstance(given, stripe.StripeObject) else given or {}


def id_of(reference: str | stripe.StripeObject | None) -> str:
    """The id of what may be an id, an object or nothing."""
    if reference is None or isinstance(reference, str):
        return reference or ""
    return str(reference["id"])
