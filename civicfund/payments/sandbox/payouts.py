"""Payouts to a bank, and which balance lines they carry.

https://docs.stripe.com/api/payouts and https://docs.stripe.com/payouts/payout-reconciliation
"""

from __future__ import annotations

from stripe.params import (
    PayoutCancelParams,
    PayoutCreateParams,
    PayoutListParams,
    PayoutRetrieveParams,
    PayoutUpdateParams,
)

from civicfund.payments.sandbox.balance import DAY, post, totals
from civicfund.payments.sandbox.errors import ApiError, invalid, missing
from civicfund.payments.sandbox.lists import page
from civicfund.payments.sandbox.metadata import merge_metadata
from civicfund.payments.sandbox.routes import Call, endpoint
from civicfund.payments.sandbox.shapes import Obj
from civicfund.payments.sandbox.store import Transaction, new_id
from civicfund.payments.sandbox.timeline import act, schedule

KIND = "payout"
BANK = "ba_civicfund_sandbox"


@endpoint(
    "POST",
    "/v1/payouts",
    PayoutCreateParams,
    "amount currency description metadata method statement_descriptor",
    connect=True,
)
def create(call: Call) -> Obj:
    """Send available money to the bank; it arrives a day later."""
    params, tx = call.params, call.tx
    currency = params["currency"].lower()
    if params["amount"] < 1:
        raise invalid("Invalid positive integer", param="amount", code="parameter_invalid_integer")
    if totals(tx, call.account)["available"][currency] < params["amount"]:
        raise ApiError(
            400,
            "invalid_request_error",
            "The available balance does not hold that much.",
            code="balance_insufficient",
            executed=True,
        )
    payout = make(tx, params["amount"], currency, account=call.account)
    payout["description"] = params.get("description")
    payout["statement_descriptor"] = params.get("statement_descriptor")
    merge_metadata(payout, params.get("metadata", {}))
    tx.emit("payout.created", payout, account=call.account)
    return payout


@endpoint("GET", "/v1/payouts/{payout}", PayoutRetrieveParams, connect=True)
def retrieve(call: Call) -> Obj:
    """One payout."""
    return _existing(call)


@endpoint("POST", "/v1/payouts/{payout}", PayoutUpdateParams, "metadata", connect=True)
def update(call: Call) -> Obj:
    """Change its metadata."""
    payout = call.tx.edit(KIND, _existing(call)["id"])
    merge_metadata(payout, call.params.get("metadata", {}))
    call.tx.emit("payout.updated", payout, account=call.account)
    return payout


@endpoint("POST", "/v1/payouts/{payout}/cancel", PayoutCancelParams, connect=True)
def cancel(call: Call) -> Obj:
    """Stop a payout that has not left yet."""
    payout = _existing(call)
    if payout["status"] != "pending":
        raise ApiError(
            400,
            "invalid_request_error",
            f"Only a pending payout can be canceled; this one is {payout['status']}.",
            executed=True,
        )
    return _give_back(call.tx, payout["id"], "canceled")


@endpoint(
    "GET",
    "/v1/payouts",
    PayoutListParams,
    "created ending_before limit starting_after status",
    connect=True,
)
def list_payouts(call: Call) -> Obj:
    """Payouts, newest first."""
    status = call.params.get("status")
    found = (
        payout
        for payout in call.tx.newest_first(KIND)
        if payout["_account"] == call.account and (status is None or payout["status"] == status)
    )
    return page(found, call.params, "/v1/payouts")


def make(
    tx: Transaction,
    amount_minor: int,
    currency: str,
    *,
    account: str | None,
    automatic: bool = False,
) -> Obj:
    """A payout under way, its line on the balance included."""
    payout: Obj = {
        "id": new_id("po"),
        "object": KIND,
        "amount": amount_minor,
        "arrival_date": tx.now + DAY,
        "automatic": automatic,
        "balance_transaction": None,
        "created": tx.now,
        "currency": currency,
        "description": None,
        "destination": BANK,
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "livemode": False,
        "metadata": {},
        "method": "standard",
        "original_payout": None,
        "reconciliation_status": "in_progress" if automatic else "not_applicable",
        "reversed_by": None,
        "source_type": "card",
        "statement_descriptor": None,
        "status": "pending",
        "type": "bank_account",
        "_account": account,
    }
    line = post(tx, "payout", -amount_minor, currency, payout["id"], account=account)
    payout["balance_transaction"] = line["id"]
    schedule(tx, "payout.arrive", payout["id"], DAY)
    return tx.add(KIND, payout)


def make_automatic(tx: Transaction, currency: str) -> Obj:
    """Pay out everything available, and note which lines of the balance it is made of.

    Only automatic payouts can be told apart line by line:
    https://docs.stripe.com/payouts/payout-reconciliation
    """
    lines = [
        line
        for line in tx.newest_first("balance_transaction")
        if line["_account"] is None
        and line["_payout"] is None
        and line["type"] != "payout"
        and line["currency"] == currency
        and line["available_on"] <= tx.now
    ]
    amount = sum(line["net"] for line in lines)
    if amount < 1 or amount > totals(tx)["available"][currency]:
        raise invalid("There is no available money to pay out.", param="currency")
    payout = make(tx, amount, currency, account=None, automatic=True)
    for line in [*lines, tx.edit("balance_transaction", payout["balance_transaction"])]:
        tx.edit("balance_transaction", line["id"])["_payout"] = payout["id"]
    tx.emit("payout.created", payout)
    return payout


@act("payout.arrive")
def arrive(tx: Transaction, identifier: str) -> None:
    """The bank has the money."""
    payout = tx.edit(KIND, identifier)
    if payout["status"] != "pending":
        return
    payout["status"] = "paid"
    tx.emit("payout.paid", payout, account=payout["_account"])
    if payout["automatic"]:
        payout["reconciliation_status"] = "completed"
        tx.emit("payout.reconciliation_completed", payout)


def fail(tx: Transaction, identifier: str) -> Obj:
    """The bank refused it; the money is back on the balance.

    https://docs.stripe.com/api/payouts/failures: a payout may fail even after it was paid.
    """
    payout = tx.edit(KIND, identifier)
    if payout["status"] not in ("pending", "paid"):
        raise invalid(f"This payout is {payout['status']}.", param="payout")
    payout |= {
        "failure_code": "account_closed",
        "failure_message": "The bank account has been closed.",
    }
    return _give_back(tx, identifier, "failed")


def _give_back(tx: Transaction, identifier: str, status: str) -> Obj:
    payout = tx.edit(KIND, identifier)
    account = payout["_account"]
    kind = "payout_failure" if status == "failed" else "payout_cancel"
    line = post(tx, kind, payout["amount"], payout["currency"], identifier, account=account)
    payout |= {"status": status, "failure_balance_transaction": line["id"]}
    tx.emit(f"payout.{status}", payout, account=account)
    return payout


def _existing(call: Call) -> Obj:
    payout = call.tx.find(KIND, call.ids["payout"])
    if payout is None or payout["_account"] != call.account:
        raise missing("payout", call.ids["payout"])
    return payout
