"""Payment methods: https://docs.stripe.com/api/payment_methods

Cards only. A number is looked up in the table of test cards and then forgotten: what is kept is
its last four digits and which test card it is.
"""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256

from stripe.params import (
    CustomerPaymentMethodListParams,
    PaymentMethodAttachParams,
    PaymentMethodCreateParams,
    PaymentMethodDetachParams,
    PaymentMethodListParams,
    PaymentMethodRetrieveParams,
    PaymentMethodUpdateParams,
)

from civicfund.payments.sandbox.cards import (
    BY_NUMBER,
    BY_TOKEN,
    DECLINES,
    Decline,
    TestCard,
    passes_luhn,
)
from civicfund.payments.sandbox.errors import ApiError, card_error, invalid, missing
from civicfund.payments.sandbox.lists import page
from civicfund.payments.sandbox.lookups import existing_customer
from civicfund.payments.sandbox.metadata import merge_metadata
from civicfund.payments.sandbox.routes import Call, endpoint
from civicfund.payments.sandbox.shapes import Obj
from civicfund.payments.sandbox.store import Transaction, new_id

PAGING = "ending_before limit starting_after"
NO_DETAILS: Obj = {"address": None, "email": None, "name": None, "phone": None, "tax_id": None}


@endpoint(
    "POST",
    "/v1/payment_methods",
    PaymentMethodCreateParams,
    "allow_redisplay billing_details card metadata type",
    browser=True,
)
def create(call: Call) -> Obj:
    """A card, from its number (browsers) or from a test token (servers)."""
    if call.params.get("type") != "card" or "card" not in call.params:
        raise invalid("The sandbox takes payment methods of type card.", param="type")
    card = call.params["card"]
    if "token" in card:
        method = _make(call.tx, _card_of_token(card["token"].replace("tok_", "pm_card_")))
    elif call.browser:
        method = _from_number(call.tx, card)
    else:
        # https://docs.stripe.com/testing: card numbers stay out of server-side code
        raise invalid(
            "Card numbers must not be sent with a secret key. Use a test payment method such as "
            "pm_card_visa, or let the browser send the number.",
            param="card[number]",
        )
    method["billing_details"] |= call.params.get("billing_details", {})
    method["allow_redisplay"] = call.params.get("allow_redisplay", "unspecified")
    merge_metadata(method, call.params.get("metadata", {}))
    return method


@endpoint("GET", "/v1/payment_methods/{method}", PaymentMethodRetrieveParams)
def retrieve(call: Call) -> Obj:
    """One payment method."""
    return existing_method(call.tx, call.ids["method"], param="id")


@endpoint(
    "POST",
    "/v1/payment_methods/{method}",
    PaymentMethodUpdateParams,
    "allow_redisplay billing_details metadata",
)
def update(call: Call) -> Obj:
    """Change billing details and metadata."""
    existing_method(call.tx, call.ids["method"], param="id")
    method = call.tx.edit("payment_method", call.ids["method"])
    method["billing_details"] |= call.params.get("billing_details", {})
    method["allow_redisplay"] = call.params.get("allow_redisplay", method["allow_redisplay"])
    if "metadata" in call.params:
        merge_metadata(method, call.params["metadata"])
    call.tx.emit("payment_method.updated", method)
    return method


@endpoint("POST", "/v1/payment_methods/{method}/attach", PaymentMethodAttachParams, "customer")
def attach(call: Call) -> Obj:
    """Give a card to a customer; cards that their issuer refuses cannot be given.

    https://docs.stripe.com/testing: of the declining cards, only …0341 can be attached.
    """
    owner = existing_customer(call.tx, call.params.get("customer", ""))
    method = usable_method(call.tx, call.ids["method"], owner["id"])
    decline = setup_decline(method)
    if decline:
        raise card_error(decline.as_error())
    return attach_to_customer(call.tx, method["id"], owner["id"])


@endpoint("POST", "/v1/payment_methods/{method}/detach", PaymentMethodDetachParams)
def detach(call: Call) -> Obj:
    """Take a card away from its customer, for good."""
    method = existing_method(call.tx, call.ids["method"], param="id")
    if method["customer"] is None:
        raise invalid(
            "The payment method is not attached to a customer, so it cannot be detached.",
            param="payment_method",
        )
    return detach_from_customer(call.tx, method["id"])


@endpoint("GET", "/v1/payment_methods", PaymentMethodListParams, f"customer type {PAGING}")
def list_methods(call: Call) -> Obj:
    """A customer's cards, newest first."""
    return _of_customer(call, call.params.get("customer"), "/v1/payment_methods")


@endpoint(
    "GET",
    "/v1/customers/{customer}/payment_methods",
    CustomerPaymentMethodListParams,
    f"type {PAGING}",
)
def list_of_customer(call: Call) -> Obj:
    """A customer's cards, newest first."""
    customer = call.ids["customer"]
    return _of_customer(call, customer, f"/v1/customers/{customer}/payment_methods")


def _of_customer(call: Call, customer: str | None, url: str) -> Obj:
    existing_customer(call.tx, customer or "")
    found = (m for m in call.tx.newest_first("payment_method") if m["customer"] == customer)
    return page(found, call.params, url)


def existing_method(tx: Transaction, identifier: str, *, param: str = "payment_method") -> Obj:
    """The payment method that a request names."""
    method = tx.find("payment_method", identifier)
    if method is None:
        raise missing("PaymentMethod", identifier, param=param)
    return method


def usable_method(tx: Transaction, identifier: str, customer: str | None) -> Obj:
    """The payment method to use for this customer; a test token becomes a fresh card.

    https://docs.stripe.com/api/payment_methods/attach: an attached card serves its customer
    only, and a detached one serves nobody.
    """
    if identifier.startswith("pm_card_"):
        return _make(tx, _card_of_token(identifier))
    method = existing_method(tx, identifier)
    if method["_detached"]:
        raise invalid(
            "This PaymentMethod was detached from its customer and may not be used again.",
            param="payment_method",
        )
    if method["customer"] is not None and method["customer"] != customer:
        raise invalid(
            "This PaymentMethod belongs to another customer, or the request names no customer.",
            param="payment_method",
        )
    return method


def attach_to_customer(tx: Transaction, identifier: str, customer: str) -> Obj:
    """Make the customer the card's owner."""
    method = tx.edit("payment_method", identifier)
    if method["customer"] != customer:
        method["customer"] = customer
        tx.emit("payment_method.attached", method)
    return method


def detach_from_customer(tx: Transaction, identifier: str) -> Obj:
    """Take the card away from its customer; it can never be used again."""
    method = tx.edit("payment_method", identifier)
    method["customer"] = None
    method["_detached"] = True
    tx.emit("payment_method.detached", method)
    return method


def card_of(method: Obj) -> TestCard:
    """Which test card this is."""
    return BY_TOKEN[method["_card"]]


def setup_decline(method: Obj) -> Decline | None:
    """Why the issuer would refuse to have this card saved, if it would."""
    return DECLINES.get(card_of(method).refused)


def charge_decline(method: Obj) -> Decline | None:
    """Why the issuer would refuse a charge now, if it would."""
    forced = method.get("_outcome")
    if forced is not None:
        return DECLINES.get(forced)
    card = card_of(method)
    return DECLINES.get(card.refused or card.refused_charge)


def _card_of_token(token: str) -> TestCard:
    card = BY_TOKEN.get(token)
    if card is None:
        raise missing("PaymentMethod", token, param="payment_method")
    return card


def _from_number(tx: Transaction, given: Obj) -> Obj:
    number = "".join(given.get("number", "").split())
    card = BY_NUMBER.get(number)
    if not number.isascii() or not number.isdigit() or not passes_luhn(number):
        raise _wrong("incorrect_number", "Your card number is incorrect.", "number")
    if card is None:
        # https://docs.stripe.com/testing: real card numbers are refused in test mode
        raise card_error(
            DECLINES["generic_decline"].as_error()
            | {
                "decline_code": "test_mode_live_card",
                "message": "Your card was declined. This is a test: use one of the test cards.",
            }
        )
    month, year = given.get("exp_month", 0), given.get("exp_year", 0)
    year += 2000 if year < 100 else 0
    today = datetime.fromtimestamp(tx.now, UTC)
    if not 1 <= month <= 12:
        raise _wrong(
            "invalid_expiry_month", "Your card's expiration month is invalid.", "exp_month"
        )
    if not (today.year, today.month) <= (year, month) <= (today.year + 50, 12):
        raise _wrong("invalid_expiry_year", "Your card's expiration date is past.", "exp_year")
    cvc = given.get("cvc", "")
    if not (cvc.isascii() and cvc.isdigit() and len(cvc) == (4 if card.brand == "amex" else 3)):
        raise _wrong("invalid_cvc", "Your card's security code is invalid.", "cvc")
    return _make(tx, card, month=month, year=year, cvc=True)


def _wrong(code: str, message: str, param: str) -> ApiError:
    return ApiError(402, "card_error", message, code=code, param=param)


def _make(
    tx: Transaction, card: TestCard, *, month: int = 12, year: int | None = None, cvc: bool = False
) -> Obj:
    year = year or datetime.fromtimestamp(tx.now, UTC).year + 1
    checks = {
        "address_line1_check": None,
        "address_postal_code_check": None,
        "cvc_check": "pass" if cvc else None,
    }
    method: Obj = {
        "id": new_id("pm"),
        "object": "payment_method",
        "allow_redisplay": "unspecified",
        "billing_details": dict(NO_DETAILS),
        "card": {
            "brand": card.brand,
            "checks": checks,
            "country": "US",
            "display_brand": card.brand,
            "exp_month": month,
            "exp_year": year,
            "fingerprint": sha256(card.number.encode()).hexdigest()[:16],
            "funding": "debit" if card.token.endswith("_debit") else "credit",
            "generated_from": None,
            "last4": card.number[-4:],
            "networks": {"available": [card.brand], "preferred": None},
            "three_d_secure_usage": {"supported": True},
            "wallet": None,
        },
        "created": tx.now,
        "customer": None,
        "livemode": False,
        "metadata": {},
        "type": "card",
        "_card": card.token,
        "_detached": False,
        "_set_up": False,
    }
    return tx.add("payment_method", method)
