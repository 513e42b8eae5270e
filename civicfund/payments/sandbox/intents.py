"""What setup intents and payment intents have in common.

https://docs.stripe.com/payments/paymentintents/lifecycle
"""

from __future__ import annotations

from urllib.parse import urlsplit

from civicfund.payments.sandbox.errors import (
    ApiError,
    card_error,
    invalid,
    missing,
    unexpected_state,
)
from civicfund.payments.sandbox.payment_methods import usable_method
from civicfund.payments.sandbox.routes import Call
from civicfund.payments.sandbox.shapes import Obj, shown
from civicfund.payments.sandbox.store import Transaction, new_id

NAMES = {"setup_intent": "SetupIntent", "payment_intent": "PaymentIntent"}
# What a page that knows only the client secret does not get to see.
SERVER_ONLY = ("customer", "metadata", "latest_charge", "transfer_group", "description")


def find_intent(call: Call, kind: str) -> Obj:
    """The intent that the path names; a browser must also know its client secret.

    https://docs.stripe.com/api/payment_intents/object#payment_intent_object-client_secret
    """
    intent = call.tx.find(kind, call.ids["intent"])
    if intent is None:
        raise missing(NAMES[kind], call.ids["intent"])
    if call.browser and call.params.get("client_secret") != intent["client_secret"]:
        raise invalid(
            f"The client_secret does not belong to this {NAMES[kind]}.", param="client_secret"
        )
    return intent


def for_caller(call: Call, intent: Obj) -> Obj:
    """The intent, without what a browser has no right to see."""
    if not call.browser:
        return intent
    return {name: value for name, value in intent.items() if name not in SERVER_ONLY}


def automatic_methods(params: Obj) -> Obj:
    """Automatic payment methods are on unless a request says otherwise.

    https://docs.stripe.com/upgrades#2023-08-16
    """
    given = params.get("automatic_payment_methods", {"enabled": True})
    enabled = given["enabled"]
    return {"allow_redirects": given.get("allow_redirects", "always"), "enabled": enabled}


def require_return_url(intent: Obj, params: Obj) -> str | None:
    """Where a redirect comes back to; needed as long as the intent allows redirects.

    https://docs.stripe.com/api/payment_intents/confirm#confirm_payment_intent-return_url
    """
    url: str | None = params.get("return_url")
    if url is not None and urlsplit(url).scheme not in ("http", "https"):
        raise invalid("return_url must be a full http or https address.", param="return_url")
    methods = intent["automatic_payment_methods"]
    if url is None and methods["enabled"] and methods["allow_redirects"] == "always":
        raise invalid(
            "A return_url is needed, because this intent accepts payment methods that redirect. "
            "Give one, or create the intent with automatic_payment_methods[enabled]=true and "
            "automatic_payment_methods[allow_redirects]=never.",
            param="return_url",
        )
    return url


def choose_method(tx: Transaction, intent: Obj, params: Obj) -> Obj:
    """The payment method to confirm with: the one given now, else the one kept before."""
    identifier = params.get("payment_method") or intent["payment_method"]
    if not identifier:
        raise unexpected_state(
            shown(intent),
            f"This {NAMES[intent['object']]} cannot be confirmed: it has no payment method.",
        )
    return usable_method(tx, identifier, intent["customer"])


def ask_for_authentication(call: Call, intent: Obj, method: Obj, return_url: str | None) -> None:
    """Stop at ``requires_action``, with the address of the issuer's page.

    https://docs.stripe.com/payments/3d-secure/authentication-flow
    """
    nonce = new_id("auth", 40)
    call.tx.add(
        "_authentication",
        {"id": nonce, "kind": intent["object"], "intent": intent["id"], "return_url": return_url},
    )
    intent["status"] = "requires_action"
    intent["payment_method"] = method["id"]
    intent["_authentication"] = nonce
    url = f"{call.origin}/authenticate/{nonce}"
    if return_url is None:
        intent["next_action"] = {"type": "use_stripe_sdk", "use_stripe_sdk": {"stripe_js": url}}
    else:
        target = {"url": url, "return_url": return_url}
        intent["next_action"] = {"type": "redirect_to_url", "redirect_to_url": target}
    call.tx.emit(f"{intent['object']}.requires_action", intent)


def failed(intent: Obj, error: Obj, method: Obj) -> ApiError:
    """The card error to raise, the intent and the payment method inside it."""
    extra = {intent["object"]: shown(intent), "payment_method": shown(method)}
    return card_error(error | extra)


def check_open(intent: Obj, act: str) -> None:
    """Refuse to confirm or cancel an intent that has come to its end, or is on its way there.

    https://docs.stripe.com/api/payment_intents/cancel
    """
    if intent["status"] in ("succeeded", "canceled", "processing"):
        raise unexpected_state(
            shown(intent),
            f"This {NAMES[intent['object']]} cannot be {act}: its status is {intent['status']}.",
        )
