"""Refunds: https://docs.stripe.com/api/refunds and https://docs.stripe.com/refunds"""

from __future__ import annotations

from stripe.params import (
    RefundCancelParams,
    RefundCreateParams,
    RefundListParams,
    RefundRetrieveParams,
    RefundUpdateParams,
)

from civicfund.payments.sandbox.balance import post, totals
from civicfund.payments.sandbox.charges import existing_charge, left_of
from civicfund.payments.sandbox.errors import ApiError, invalid, missing
from civicfund.payments.sandbox.lists import page
from civicfund.payments.sandbox.metadata import merge_metadata
from civicfund.payments.sandbox.payment_methods import card_of
from civicfund.payments.sandbox.routes import Call, endpoint
from civicfund.payments.sandbox.shapes import Obj
from civicfund.payments.sandbox.store import Transaction, new_id
from civicfund.payments.sandbox.timeline import act, schedule

KIND = "refund"
LATER_SECONDS = 60  # "some time later": https://docs.stripe.com/testing#refunds
RETRY_SECONDS = 60
SETTING = "refunds"


@endpoint("POST", "/v1/refunds", RefundCreateParams, "amount charge metadata payment_intent reason")
def create(call: Call) -> Obj:
    """Give money of a charge back; never more than is left of it."""
    charge = _charge_named(call)
    _check_refundable(charge)
    left = left_of(charge)
    amount = call.params.get("amount", left)
    if amount < 1:
        raise invalid("Invalid positive integer", param="amount", code="parameter_invalid_integer")
    if amount > left:
        raise invalid(
            f"Refund amount ({amount}) is greater than what is left of the charge ({left}).",
            param="amount",
        )
    refund = call.tx.add(KIND, _blank(call.tx, charge, amount, call.params.get("reason")))
    merge_metadata(refund, call.params.get("metadata") or {})
    charge = call.tx.edit("charge", charge["id"])
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    _begin(call.tx, refund, charge)
    call.tx.emit("refund.created", refund)
    call.tx.emit("charge.refunded", charge)
    return refund


@endpoint("GET", "/v1/refunds/{refund}", RefundRetrieveParams)
def retrieve(call: Call) -> Obj:
    """One refund."""
    return _existing(call)


@endpoint("POST", "/v1/refunds/{refund}", RefundUpdateParams, "metadata")
def update(call: Call) -> Obj:
    """Change its metadata."""
    refund = call.tx.edit(KIND, _existing(call)["id"])
    merge_metadata(refund, call.params.get("metadata", {}))
    call.tx.emit("refund.updated", refund)
    return refund


@endpoint("POST", "/v1/refunds/{refund}/cancel", RefundCancelParams)
def cancel(call: Call) -> Obj:
    """Only a refund that waits for its payer can be canceled; refunds to cards never do."""
    refund = _existing(call)
    raise ApiError(
        400,
        "invalid_request_error",
        f"This refund cannot be canceled: its status is {refund['status']}.",
        executed=True,
    )


@endpoint(
    "GET",
    "/v1/refunds",
    RefundListParams,
    "charge created ending_before limit payment_intent starting_after",
)
def list_refunds(call: Call) -> Obj:
    """Refunds, newest first."""
    keys = ("charge", "payment_intent")
    wanted = {name: call.params[name] for name in keys if name in call.params}
    found = (
        refund
        for refund in call.tx.newest_first(KIND)
        if all(refund[name] == value for name, value in wanted.items())
    )
    return page(found, call.params, "/v1/refunds")


@act("refund.succeed")
def succeed(tx: Transaction, identifier: str) -> None:
    """The payer's bank took it."""
    refund = tx.edit(KIND, identifier)
    refund |= {"status": "succeeded", "pending_reason": None}
    tx.emit("refund.updated", refund)


@act("refund.retry")
def retry(tx: Transaction, identifier: str) -> None:
    """Money may have become available since: pay the refund, or wait on."""
    refund = tx.edit(KIND, identifier)
    if not _covered(tx, refund):
        schedule(tx, "refund.retry", identifier, RETRY_SECONDS)
        return
    _pay(tx, refund)
    succeed(tx, identifier)


@act("refund.fail")
def fail(tx: Transaction, identifier: str) -> None:
    """The payer's bank sent it back: the money is ours again, and the charge less refunded.

    https://docs.stripe.com/refunds#failed-refunds
    """
    refund = tx.edit(KIND, identifier)
    charge = tx.edit("charge", refund["charge"])
    line = post(tx, "refund_failure", refund["amount"], refund["currency"], identifier)
    refund |= {
        "status": "failed",
        "failure_reason": "expired_or_canceled_card",
        "failure_balance_transaction": line["id"],
    }
    charge["amount_refunded"] -= refund["amount"]
    charge["refunded"] = False
    tx.emit("refund.failed", refund)
    tx.emit("refund.updated", refund)


def _begin(tx: Transaction, refund: Obj, charge: Obj) -> None:
    """Pay it now, or say why it waits: https://docs.stripe.com/api/refunds/object"""
    if not _covered(tx, refund):
        refund |= {"status": "pending", "pending_reason": "insufficient_funds"}
        schedule(tx, "refund.retry", refund["id"], RETRY_SECONDS)
        return
    _pay(tx, refund)
    method = tx.find("payment_method", charge["payment_method"])
    course = card_of(method).refund if method else "succeeded"
    if course == "pending":
        refund |= {"status": "pending", "pending_reason": "processing"}
        schedule(tx, "refund.succeed", refund["id"], LATER_SECONDS)
    elif course == "failed":
        schedule(tx, "refund.fail", refund["id"], LATER_SECONDS)


def _covered(tx: Transaction, refund: Obj) -> bool:
    """Whether the refund can be paid now.

    Stripe covers what the balance lacks from the bank account, and lets refunds wait where it
    cannot; ``covered_only`` (a knob) makes this account one of those.
    https://docs.stripe.com/refunds#handling-refunds-with-insufficient-balance
    """
    setting = tx.find("_settings", SETTING)
    if setting is None or not setting["covered_only"]:
        return True
    sums = totals(tx)
    currency = refund["currency"]
    held_minor = sums["available"][currency] + sums["pending"][currency]
    return held_minor >= int(refund["amount"])


def _pay(tx: Transaction, refund: Obj) -> None:
    line = post(tx, "refund", -refund["amount"], refund["currency"], refund["id"])
    refund["balance_transaction"] = line["id"]


def _charge_named(call: Call) -> Obj:
    params = call.params
    if "charge" in params:
        return existing_charge(call.tx, params["charge"])
    if "payment_intent" not in params:
        raise invalid("Say which charge or payment_intent to refund.", param="charge")
    intent = call.tx.find("payment_intent", params["payment_intent"])
    if intent is None:
        raise missing("PaymentIntent", params["payment_intent"], param="payment_intent")
    if intent["latest_charge"] is None:
        raise invalid("This PaymentIntent has no charge to refund.", param="payment_intent")
    return existing_charge(call.tx, intent["latest_charge"])


def _check_refundable(charge: Obj) -> None:
    if charge["status"] != "succeeded":
        raise invalid("Only a charge that succeeded can be refunded.", param="charge")
    # Of a charge that was disputed in part, and lost in part, the rest can be refunded.
    if charge["_dispute_open"] or (charge["_lost"] and not left_of(charge)):
        raise invalid("A disputed charge cannot be refunded.", code="charge_disputed")
    if charge["refunded"]:
        raise invalid("This charge is already refunded in full.", code="charge_already_refunded")


def _existing(call: Call) -> Obj:
    refund = call.tx.find(KIND, call.ids["refund"])
    if refund is None:
        raise missing("refund", call.ids["refund"])
    return refund


def _blank(tx: Transaction, charge: Obj, amount_minor: int, reason: str | None) -> Obj:
    return {
        "id": new_id("re"),
        "object": KIND,
        "amount": amount_minor,
        "balance_transaction": None,
        "charge": charge["id"],
        "created": tx.now,
        "currency": charge["currency"],
        "destination_details": {"card": {"type": "refund"}, "type": "card"},
        "failure_balance_transaction": None,
        "failure_reason": None,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "pending_reason": None,
        "reason": reason,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "succeeded",
        "transfer_reversal": None,
    }
