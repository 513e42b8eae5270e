"""Setup intents, which save a card without charging it: https://docs.stripe.com/api/setup_intents"""

from __future__ import annotations

from stripe.params import (
    SetupIntentCancelParams,
    SetupIntentConfirmParams,
    SetupIntentCreateParams,
    SetupIntentListParams,
    SetupIntentRetrieveParams,
    SetupIntentUpdateParams,
)

from civicfund.payments.sandbox import configurations
from civicfund.payments.sandbox.cards import ALWAYS, UNLESS_SET_UP
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
    setup_decline,
    usable_method,
)
from civicfund.payments.sandbox.routes import Call, endpoint
from civicfund.payments.sandbox.shapes import Obj, shown
from civicfund.payments.sandbox.store import Transaction, new_id

KIND = "setup_intent"
CREATE = (
    "automatic_payment_methods confirm customer description metadata payment_method "
    "payment_method_configuration payment_method_options return_url usage use_stripe_sdk"
)
CONFIRM = "payment_method payment_method_options return_url use_stripe_sdk client_secret"


@endpoint("POST", "/v1/setup_intents", SetupIntentCreateParams, CREATE)
def create(call: Call) -> Obj:
    """A new setup intent, confirmed at once if the request says so."""
    params = call.params
    if "customer" in params:
        existing_customer(call.tx, params["customer"])
    identifier = new_id("seti")
    intent: Obj = {
        "id": identifier,
        "object": KIND,
        "application": None,
        "automatic_payment_methods": automatic_methods(params),
        "cancellation_reason": None,
        "client_secret": new_id(f"{identifier}_secret"),
        "created": call.tx.now,
        "customer": params.get("customer"),
        "description": params.get("description"),
        "last_setup_error": None,
        "latest_attempt": None,
        "livemode": False,
        "mandate": None,
        "metadata": {},
        "next_action": None,
        "payment_method": None,
        "payment_method_configuration_details": configurations.details(params),
        "payment_method_options": params.get("payment_method_options", {}),
        "payment_method_types": ["card"],
        "status": "requires_payment_method",
        "usage": params.get("usage", "off_session"),
    }
    merge_metadata(intent, params.get("metadata", {}))
    if "payment_method" in params:
        method = usable_method(call.tx, params["payment_method"], params.get("customer"))
        intent |= {"payment_method": method["id"], "status": "requires_confirmation"}
    call.tx.add(KIND, intent)
    call.tx.emit("setup_intent.created", intent)
    return _attempt(call, intent) if params.get("confirm") else intent


@endpoint(
    "GET", "/v1/setup_intents/{intent}", SetupIntentRetrieveParams, "client_secret", browser=True
)
def retrieve(call: Call) -> Obj:
    """One setup intent."""
    return for_caller(call, find_intent(call, KIND))


@endpoint("POST", "/v1/setup_intents/{intent}", SetupIntentUpdateParams, "description metadata")
def update(call: Call) -> Obj:
    """Change its description and metadata."""
    find_intent(call, KIND)
    intent = call.tx.edit(KIND, call.ids["intent"])
    intent["description"] = call.params.get("description", intent["description"])
    if "metadata" in call.params:
        merge_metadata(intent, call.params["metadata"])
    return intent


@endpoint(
    "POST", "/v1/setup_intents/{intent}/confirm", SetupIntentConfirmParams, CONFIRM, browser=True
)
def confirm(call: Call) -> Obj:
    """Ask the issuer to let this card be saved."""
    check_open(find_intent(call, KIND), "confirmed")
    intent = call.tx.edit(KIND, call.ids["intent"])
    intent["payment_method_options"] |= call.params.get("payment_method_options", {})
    return for_caller(call, _attempt(call, intent))


@endpoint(
    "POST", "/v1/setup_intents/{intent}/cancel", SetupIntentCancelParams, "cancellation_reason"
)
def cancel(call: Call) -> Obj:
    """Give it up; it can never be confirmed again."""
    check_open(find_intent(call, KIND), "canceled")
    intent = call.tx.edit(KIND, call.ids["intent"])
    intent["status"] = "canceled"
    intent["next_action"] = None
    intent["cancellation_reason"] = call.params.get("cancellation_reason")
    call.tx.emit("setup_intent.canceled", intent)
    return intent


@endpoint(
    "GET",
    "/v1/setup_intents",
    SetupIntentListParams,
    "created customer ending_before limit payment_method starting_after",
)
def list_intents(call: Call) -> Obj:
    """Setup intents, newest first."""
    wanted = {
        name: call.params[name] for name in ("customer", "payment_method") if name in call.params
    }
    found = (
        intent
        for intent in call.tx.newest_first(KIND)
        if all(intent[name] == value for name, value in wanted.items())
    )
    return page(found, call.params, "/v1/setup_intents")


def finish_authentication(tx: Transaction, identifier: str, *, passed: bool) -> Obj:
    """What the issuer's page decided."""
    intent = tx.edit(KIND, identifier)
    method = tx.edit("payment_method", intent["payment_method"])
    if passed:
        return _succeed(tx, intent, method)
    error: Obj = {
        "type": "invalid_request_error",
        "code": "setup_intent_authentication_failure",
        "message": "The card's issuer could not confirm that this is you.",
    }
    _fail(tx, intent, method, error)
    return intent


def _attempt(call: Call, intent: Obj) -> Obj:
    return_url = require_return_url(intent, call.params)
    method = choose_method(call.tx, intent, call.params)
    intent["next_action"] = None
    decline = setup_decline(method)
    if decline:
        _fail(call.tx, intent, method, decline.as_error())
        raise failed(intent, decline.as_error(), method)
    if card_of(method).authentication in (ALWAYS, UNLESS_SET_UP):
        ask_for_authentication(call, intent, method, return_url)
        return intent
    return _succeed(call.tx, intent, method)


def _succeed(tx: Transaction, intent: Obj, method: Obj) -> Obj:
    """The card is saved, and belongs to the intent's customer from now on.

    https://docs.stripe.com/api/setup_intents: a successful setup attaches the payment method.
    """
    method = tx.edit("payment_method", method["id"])
    method["_set_up"] = True
    intent |= {
        "status": "succeeded",
        "payment_method": method["id"],
        "next_action": None,
        "last_setup_error": None,
    }
    if intent["customer"]:
        attach_to_customer(tx, method["id"], intent["customer"])
    tx.emit("setup_intent.succeeded", intent)
    return intent


def _fail(tx: Transaction, intent: Obj, method: Obj, error: Obj) -> None:
    """The intent waits for another card."""
    intent |= {
        "status": "requires_payment_method",
        "payment_method": None,
        "next_action": None,
        "last_setup_error": error | {"payment_method": shown(method)},
    }
    tx.emit("setup_intent.setup_failed", intent)
