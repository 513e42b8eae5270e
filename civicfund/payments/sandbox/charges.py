"""Charges, which an intent makes when it is confirmed: https://docs.stripe.com/api/charges"""

from __future__ import annotations

from stripe.params import ChargeListParams, ChargeRetrieveParams, ChargeUpdateParams

from civicfund.payments.sandbox.balance import PENDING_DAYS, fee_minor, post
from civicfund.payments.sandbox.cards import Decline
from civicfund.payments.sandbox.errors import missing
from civicfund.payments.sandbox.lists import page
from civicfund.payments.sandbox.metadata import merge_metadata
from civicfund.payments.sandbox.payment_methods import card_of
from civicfund.payments.sandbox.routes import Call, endpoint
from civicfund.payments.sandbox.shapes import Obj, clone
from civicfund.payments.sandbox.store import Transaction, new_id
from civicfund.payments.sandbox.timeline import schedule

KIND = "charge"
APPROVED: Obj = {
    "advice_code": None,
    "network_advice_code": None,
    "network_decline_code": None,
    "network_status": "approved_by_network",
    "reason": None,
    "risk_level": "normal",
    "seller_message": "Payment complete.",
    "type": "authorized",
}


def left_of(charge: Obj) -> int:
    """What of a charge was neither refunded nor lost to a bank, in minor units."""
    return int(charge["amount"] - charge["amount_refunded"] - charge["_lost"])


def begin(tx: Transaction, intent: Obj, method: Obj) -> Obj:
    """The money is on its way, and not here yet: a pending charge."""
    charge = tx.add(KIND, _charge(tx, intent, method) | {"status": "pending"})
    tx.emit("charge.pending", charge)
    return charge


def collect(tx: Transaction, intent: Obj, method: Obj, begun: Obj | None = None) -> Obj:
    """The money is taken: a charge (the one begun, if one was), its fee, its line."""
    charge = (begun or _charge(tx, intent, method)) | {
        "amount_captured": intent["amount"],
        "captured": True,
        "outcome": dict(APPROVED),
        "paid": True,
        "status": "succeeded",
    }
    days = 0 if card_of(method).skips_pending else PENDING_DAYS
    fee = fee_minor(intent["amount"], intent["currency"])
    line = post(
        tx, "charge", intent["amount"], intent["currency"], charge["id"],
        fee=fee, pending_days=days, description=intent["description"],
    )  # fmt: skip
    charge["balance_transaction"] = line["id"]
    tx.add(KIND, charge)
    tx.emit("charge.succeeded", charge)
    if card_of(method).dispute:
        schedule(tx, "dispute.open", f"{charge['id']} {card_of(method).dispute}", 0)
    return charge


def refuse(
    tx: Transaction, intent: Obj, method: Obj, decline: Decline, begun: Obj | None = None
) -> Obj:
    """The issuer said no: a failed charge (the one begun, if one was) records it."""
    reason = decline.decline_code or decline.code
    charge = (begun or _charge(tx, intent, method)) | {
        "failure_code": decline.code,
        "failure_message": decline.message,
        "outcome": APPROVED
        | {
            "advice_code": decline.advice_code,
            "network_status": "declined_by_network",
            "reason": reason,
            "seller_message": f"The bank returned the decline code {reason}.",
            "type": "issuer_declined",
        },
        "status": "failed",
    }
    tx.add(KIND, charge)
    tx.emit("charge.failed", charge)
    return charge


@endpoint("GET", "/v1/charges/{charge}", ChargeRetrieveParams)
def retrieve(call: Call) -> Obj:
    """One charge."""
    return existing_charge(call.tx, call.ids["charge"], param="id")


@endpoint("POST", "/v1/charges/{charge}", ChargeUpdateParams, "description metadata")
def update(call: Call) -> Obj:
    """Change its description and metadata."""
    existing_charge(call.tx, call.ids["charge"], param="id")
    charge = call.tx.edit(KIND, call.ids["charge"])
    charge["description"] = call.params.get("description", charge["description"])
    if "metadata" in call.params:
        merge_metadata(charge, call.params["metadata"])
    call.tx.emit("charge.updated", charge)
    return charge


@endpoint(
    "GET",
    "/v1/charges",
    ChargeListParams,
    "created customer ending_before limit payment_intent starting_after transfer_group",
)
def list_charges(call: Call) -> Obj:
    """Charges, newest first."""
    keys = ("customer", "payment_intent", "transfer_group")
    wanted = {name: call.params[name] for name in keys if name in call.params}
    found = (
        charge
        for charge in call.tx.newest_first(KIND)
        if all(charge[name] == value for name, value in wanted.items())
    )
    return page(found, call.params, "/v1/charges")


def existing_charge(tx: Transaction, identifier: str, *, param: str = "charge") -> Obj:
    """The charge that a request names."""
    charge = tx.find(KIND, identifier)
    if charge is None:
        raise missing("charge", identifier, param=param)
    return charge


def _charge(tx: Transaction, intent: Obj, method: Obj) -> Obj:
    card = {
        name: method["card"][name]
        for name in ("brand", "checks", "country", "exp_month", "exp_year", "fingerprint",
                     "funding", "last4", "wallet")
    }  # fmt: skip
    card |= {"amount_authorized": intent["amount"], "network": method["card"]["brand"]}
    card["three_d_secure"] = {"result": "authenticated"} if intent.get("_authenticated") else None
    return {
        "id": new_id("ch"),
        "object": KIND,
        "amount": intent["amount"],
        "amount_captured": 0,
        "amount_refunded": 0,
        "application_fee_amount": None,
        "balance_transaction": None,
        "billing_details": clone(method["billing_details"]),
        "captured": False,
        "created": tx.now,
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "fraud_details": {},
        "livemode": False,
        "metadata": clone(intent["metadata"]),
        "on_behalf_of": None,
        "paid": False,
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": {"card": card, "type": "card"},
        "receipt_email": intent["receipt_email"],
        "receipt_url": None,
        "refunded": False,
        "shipping": None,
        "source_transfer": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "transfer_data": None,
        "transfer_group": intent["transfer_group"],
        "_dispute_open": False,
        "_dispute_won": False,
        "_lost": 0,
    }
