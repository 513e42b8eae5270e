"""Payment intents: one order, at most one successful charge.

https://docs.stripe.com/api/payment_intents and
https://docs.stripe.com/payments/paymentintents/lifecycle
"""

from __future__ import annotations

from stripe.params import (
    PaymentIntentCancelParams,
    PaymentIntentConfirmParams,
    PaymentIntentCreateParams,
    PaymentIntentListParams,
    PaymentIntentRetrieveParams,
    PaymentIntentUpdateParams,
)

from civicfund.payments.sandbox import charges, configurations
from civicfund.payments.sandbox.cards import ALWAYS, DECLINES, NEVER, ON_SESSION, Decline
from civicfund.payments.sandbox.errors import invalid, unexpected_state
from civicfund.payments.sandbox.intents import (
    ask_for_authentication,
    automatic_methods,
    check_open,
    choose_method,
    failed,
    find_intent,
    for_caller,
    require_return_url,
)
from civicfund.payments.sandbox.lists import page
from civicfund.payments.sandbox.lookups import existing_customer
from civicfund.payments.sandbox.metadata import merge_metadata
from civicfund.payments.sandbox.payment_methods import (
    attach_to_customer,
    card_of,
    charge_decline,
    usable_method,
)
from civicfund.payments.sandbox.routes import Call, endpoint
from civicfund.payments.sandbox.shapes import Obj, shown
from civicfund.payments.sandbox.store import Transaction, new_id

KIND = "payment_intent"
CREATE = (
    "amount automatic_payment_methods confirm currency customer description "
    "error_on_requires_action metadata off_session payment_method payment_method_options "
    "payment_method_configuration receipt_email return_url setup_future_usage transfer_group "
    "use_stripe_sdk"
)
UPDATE = (
    "amount currency customer description metadata payment_method payment_method_options "
    "receipt_email setup_future_usage transfer_group"
)
CONFIRM = (
    "amount_to_confirm client_secret error_on_requires_action off_session payment_method "
    "payment_method_options receipt_email return_url setup_future_usage use_stripe_sdk"
)
# https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts, in minor units
MINIMUM_MINOR = {
    "aud": 50, "bgn": 100, "brl": 50, "cad": 50, "chf": 50, "czk": 1500, "dkk": 250, "eur": 50,
    "gbp": 30, "hkd": 400, "huf": 17500, "inr": 50, "jpy": 50, "mxn": 1000, "myr": 200,
    "nok": 300, "nzd": 50, "pln": 200, "ron": 200, "sek": 300, "sgd": 50, "thb": 1000, "usd": 50,
}  # fmt: skip
MAXIMUM_MINOR = 99_999_999
PROCESSING = "processing"
AUTHENTICATE = DECLINES["authentication_required"]


@endpoint("POST", "/v1/payment_intents", PaymentIntentCreateParams, CREATE)
def create(call: Call) -> Obj:
    """A new payment intent, confirmed at once only if the request says so."""
    params = call.params
    currency = _checked_currency(params["currency"])
    _check_amount(params["amount"], currency)
    if "off_session" in params and not params.get("confirm"):
        raise invalid("off_session goes together with confirm=true.", param="off_session")
    identifier = new_id("pi")
    intent = _blank(call.tx, identifier) | {
        "amount": params["amount"],
        "automatic_payment_methods": automatic_methods(params),
        "currency": currency,
        "payment_method_configuration_details": configurations.details(params),
    }
    _fill(call.tx, intent, params)
    call.tx.add(KIND, intent)
    call.tx.emit("payment_intent.created", intent)
    return _attempt(call, intent) if params.get("confirm") else intent


@endpoint(
    "GET",
    "/v1/payment_intents/{intent}",
    PaymentIntentRetrieveParams,
    "client_secret",
    browser=True,
)
def retrieve(call: Call) -> Obj:
    """One payment intent."""
    return for_caller(call, find_intent(call, KIND))


@endpoint("POST", "/v1/payment_intents/{intent}", PaymentIntentUpdateParams, UPDATE)
def update(call: Call) -> Obj:
    """Change it while it can still be confirmed; after that, its metadata and description."""
    found = find_intent(call, KIND)
    late = found["status"] in ("succeeded", "canceled", "processing")
    if late and not call.params.keys() <= {"metadata", "description", "transfer_group", "expand"}:
        raise unexpected_state(
            shown(found),
            f"This PaymentIntent's status is {found['status']}: too late to change it.",
        )
    intent = call.tx.edit(KIND, found["id"])
    intent |= {name: call.params[name] for name in ("amount", "currency") if name in call.params}
    intent["currency"] = _checked_currency(intent["currency"])
    _check_amount(intent["amount"], intent["currency"])
    _fill(call.tx, intent, call.params)
    return intent


@endpoint(
    "POST",
    "/v1/payment_intents/{intent}/confirm",
    PaymentIntentConfirmParams,
    CONFIRM,
    browser=True,
)
def confirm(call: Call) -> Obj:
    """Try to collect the money. A browser cannot claim that its payer is away."""
    check_open(find_intent(call, KIND), "confirmed")
    if call.browser and call.params.get("off_session"):
        raise invalid("off_session needs a secret key.", param="off_session")
    intent = call.tx.edit(KIND, call.ids["intent"])
    if call.params.get("amount_to_confirm", intent["amount"]) != intent["amount"]:
        raise invalid(
            "amount_to_confirm is not the amount of this PaymentIntent.", param="amount_to_confirm"
        )
    for name in ("receipt_email", "setup_future_usage"):
        intent[name] = call.params.get(name, intent[name]) or None
    intent["payment_method_options"] |= call.params.get("payment_method_options", {})
    return for_caller(call, _attempt(call, intent))


@endpoint(
    "POST", "/v1/payment_intents/{intent}/cancel", PaymentIntentCancelParams, "cancellation_reason"
)
def cancel(call: Call) -> Obj:
    """Make sure that no charge can come of it any more."""
    check_open(find_intent(call, KIND), "canceled")
    intent = call.tx.edit(KIND, call.ids["intent"])
    intent |= {
        "status": "canceled",
        "canceled_at": call.tx.now,
        "cancellation_reason": call.params.get("cancellation_reason"),
        "next_action": None,
    }
    call.tx.emit("payment_intent.canceled", intent)
    return intent


@endpoint(
    "GET",
    "/v1/payment_intents",
    PaymentIntentListParams,
    "created customer ending_before limit starting_after",
)
def list_intents(call: Call) -> Obj:
    """Payment intents, newest first."""
    customer = call.params.get("customer")
    found = (
        intent
        for intent in call.tx.newest_first(KIND)
        if customer is None or intent["customer"] == customer
    )
    return page(found, call.params, "/v1/payment_intents")


def finish_authentication(call_tx: Transaction, identifier: str, *, passed: bool) -> Obj:
    """What the issuer's page decided; a card may still be declined after it."""
    intent = call_tx.edit(KIND, identifier)
    method = call_tx.edit("payment_method", intent["payment_method"])
    if not passed:
        error: Obj = {
            "type": "invalid_request_error",
            "code": "payment_intent_authentication_failure",
            "message": "The card's issuer could not confirm that this is you.",
        }
        _wait_for_another_card(call_tx, intent, method, error)
        return intent
    intent["_authenticated"] = True
    decline = charge_decline(method)
    if decline:
        _decline(call_tx, intent, method, decline)
    else:
        _succeed(call_tx, intent, method)
    return intent


def _attempt(call: Call, intent: Obj) -> Obj:
    off_session = bool(call.params.get("off_session"))
    if off_session and intent["setup_future_usage"]:
        raise invalid(
            "A payment that is made off-session cannot set up future ones.", param="off_session"
        )
    return_url = require_return_url(intent, call.params)
    method = choose_method(call.tx, intent, call.params)
    intent |= {"next_action": None, "payment_method": method["id"], "_authenticated": False}
    wants = _wants_authentication(method, off_session=off_session)
    unattended = off_session or call.params.get("error_on_requires_action")
    decline = AUTHENTICATE if wants and unattended else charge_decline(method)
    if wants and not unattended:
        ask_for_authentication(call, intent, method, return_url)
        return intent
    if decline:
        _decline(call.tx, intent, method, decline)
        raise failed(intent, decline.as_error() | {"charge": intent["latest_charge"]}, method)
    if method.get("_outcome") == PROCESSING:
        return _process(call.tx, intent, method)
    return _succeed(call.tx, intent, method)


def _wants_authentication(method: Obj, *, off_session: bool) -> bool:
    """https://docs.stripe.com/testing#authentication-and-setup"""
    rule = card_of(method).authentication
    if rule in (NEVER, ALWAYS):
        return rule == ALWAYS
    return not off_session or (rule != ON_SESSION and not method["_set_up"])


def settle(tx: Transaction, identifier: str, decline: Decline | None) -> Obj:
    """What became of a payment that was processing."""
    intent = tx.edit(KIND, identifier)
    if intent["status"] != PROCESSING:
        raise invalid(f"This PaymentIntent is not processing but {intent['status']}.")
    method = tx.edit("payment_method", intent["payment_method"])
    begun = tx.edit("charge", intent["latest_charge"])
    if decline:
        _decline(tx, intent, method, decline, begun)
        return intent
    return _succeed(tx, intent, method, begun)


def _process(tx: Transaction, intent: Obj, method: Obj) -> Obj:
    """https://docs.stripe.com/payments/payment-intents/asynchronous-capture: not known for days."""
    charge = charges.begin(tx, intent, method)
    intent |= {"status": PROCESSING, "latest_charge": charge["id"], "last_payment_error": None}
    tx.emit("payment_intent.processing", intent)
    return intent


def _succeed(tx: Transaction, intent: Obj, method: Obj, begun: Obj | None = None) -> Obj:
    if intent["setup_future_usage"]:
        tx.edit("payment_method", method["id"])["_set_up"] = True
        if intent["customer"]:
            attach_to_customer(tx, method["id"], intent["customer"])
    charge = charges.collect(tx, intent, method, begun)
    intent |= {
        "status": "succeeded",
        "amount_received": intent["amount"],
        "latest_charge": charge["id"],
        "last_payment_error": None,
        "next_action": None,
    }
    tx.emit("payment_intent.succeeded", intent)
    return intent


def _decline(
    tx: Transaction, intent: Obj, method: Obj, decline: Decline, begun: Obj | None = None
) -> None:
    charge = charges.refuse(tx, intent, method, decline, begun)
    intent["latest_charge"] = charge["id"]
    _wait_for_another_card(tx, intent, method, decline.as_error() | {"charge": charge["id"]})


def _wait_for_another_card(tx: Transaction, intent: Obj, method: Obj, error: Obj) -> None:
    """https://docs.stripe.com/payments/paymentintents/lifecycle: the same intent may be retried."""
    intent |= {
        "status": "requires_payment_method",
        "payment_method": None,
        "next_action": None,
        "last_payment_error": error | {"payment_method": shown(method)},
    }
    tx.emit("payment_intent.payment_failed", intent)


def _fill(tx: Transaction, intent: Obj, params: Obj) -> None:
    if "customer" in params:
        existing_customer(tx, params["customer"])
        intent["customer"] = params["customer"]
    for name in ("description", "receipt_email", "setup_future_usage", "transfer_group"):
        if name in params:
            intent[name] = params[name] or None
    if "metadata" in params:
        merge_metadata(intent, params["metadata"])
    intent["payment_method_options"] |= params.get("payment_method_options", {})
    if "payment_method" in params:
        method = usable_method(tx, params["payment_method"], intent["customer"])
        intent |= {"payment_method": method["id"], "status": "requires_confirmation"}


def _checked_currency(currency: str) -> str:
    lowered = currency.lower()
    if lowered not in MINIMUM_MINOR:
        raise invalid(f"Invalid currency: {currency}.", param="currency")
    return lowered


def _check_amount(amount_minor: int, currency: str) -> None:
    if amount_minor < 1:
        raise invalid("Invalid positive integer", param="amount", code="parameter_invalid_integer")
    if amount_minor < MINIMUM_MINOR[currency]:
        raise invalid(
            f"Amount must be at least {MINIMUM_MINOR[currency]} minor units of {currency}.",
            param="amount",
            code="amount_too_small",
        )
    if amount_minor > MAXIMUM_MINOR:
        raise invalid(
            f"Amount must be at most {MAXIMUM_MINOR} minor units.",
            param="amount",
            code="amount_too_large",
        )


def _blank(tx: Transaction, identifier: str) -> Obj:
    return {
        "id": identifier,
        "object": KIND,
        "amount": 0,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": None,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic_async",
        "client_secret": new_id(f"{identifier}_secret"),
        "confirmation_method": "automatic",
        "created": tx.now,
        "currency": "",
        "customer": None,
        "description": None,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": {},
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "processing": None,
        "receipt_email": None,
        "setup_future_usage": None,
        "shipping": None,
        "source": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "requires_payment_method",
        "transfer_data": None,
        "transfer_group": None,
    }
