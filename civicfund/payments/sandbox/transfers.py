"""Transfers to connected accounts, and their reversals.

https://docs.stripe.com/connect/separate-charges-and-transfers,
https://docs.stripe.com/api/transfers and https://docs.stripe.com/api/transfer_reversals
"""

from __future__ import annotations

from stripe.params import (
    TransferCreateParams,
    TransferListParams,
    TransferRetrieveParams,
    TransferReversalCreateParams,
    TransferReversalListParams,
    TransferReversalRetrieveParams,
    TransferUpdateParams,
)

from civicfund.payments.sandbox.accounts import takes_transfers
from civicfund.payments.sandbox.balance import DAY, post, totals
from civicfund.payments.sandbox.charges import existing_charge
from civicfund.payments.sandbox.errors import ApiError, invalid, missing
from civicfund.payments.sandbox.lists import page
from civicfund.payments.sandbox.metadata import merge_metadata
from civicfund.payments.sandbox.routes import Call, endpoint
from civicfund.payments.sandbox.shapes import Obj, shown
from civicfund.payments.sandbox.store import Transaction, new_id

KIND = "transfer"
REVERSAL = "transfer_reversal"
CREATE = "amount currency description destination metadata source_transaction transfer_group"


@endpoint("POST", "/v1/transfers", TransferCreateParams, CREATE)
def create(call: Call) -> Obj:
    """Move money from the platform's balance to a connected account's."""
    params, tx = call.params, call.tx
    currency = params["currency"].lower()
    amount = params.get("amount", 0)
    if amount < 1:
        raise invalid("Invalid positive integer", param="amount", code="parameter_invalid_integer")
    _check_destination(tx, params["destination"])
    source = _check_source(tx, params.get("source_transaction"), amount, currency)
    days = _days_left(tx, source)
    transfer: Obj = {
        "id": new_id("tr"),
        "object": KIND,
        "amount": amount,
        "amount_reversed": 0,
        "balance_transaction": None,
        "created": tx.now,
        "currency": currency,
        "description": params.get("description"),
        "destination": params["destination"],
        "destination_payment": new_id("py"),
        "livemode": False,
        "metadata": {},
        "reversed": False,
        "source_transaction": source["id"] if source else None,
        "source_type": "card",
        "transfer_group": params.get("transfer_group")
        or (source["transfer_group"] if source else None),
    }
    merge_metadata(transfer, params.get("metadata", {}))
    line = post(tx, "transfer", -amount, currency, transfer["id"], pending_days=days)
    transfer["balance_transaction"] = line["id"]
    post(
        tx, "payment", amount, currency, transfer["destination_payment"],
        pending_days=days, account=params["destination"],
    )  # fmt: skip
    tx.add(KIND, transfer)
    tx.emit("transfer.created", _whole(tx, transfer))
    return _whole(tx, transfer)


@endpoint("GET", "/v1/transfers/{transfer}", TransferRetrieveParams)
def retrieve(call: Call) -> Obj:
    """One transfer with its reversals."""
    return _whole(call.tx, _existing(call))


@endpoint("POST", "/v1/transfers/{transfer}", TransferUpdateParams, "description metadata")
def update(call: Call) -> Obj:
    """Change its description and metadata."""
    transfer = call.tx.edit(KIND, _existing(call)["id"])
    transfer["description"] = call.params.get("description", transfer["description"])
    if "metadata" in call.params:
        merge_metadata(transfer, call.params["metadata"])
    call.tx.emit("transfer.updated", _whole(call.tx, transfer))
    return _whole(call.tx, transfer)


@endpoint(
    "GET",
    "/v1/transfers",
    TransferListParams,
    "created destination ending_before limit starting_after transfer_group",
)
def list_transfers(call: Call) -> Obj:
    """Transfers, newest first."""
    keys = ("destination", "transfer_group")
    wanted = {name: call.params[name] for name in keys if name in call.params}
    found = (
        _whole(call.tx, transfer)
        for transfer in call.tx.newest_first(KIND)
        if all(transfer[name] == value for name, value in wanted.items())
    )
    return page(found, call.params, "/v1/transfers")


@endpoint(
    "POST",
    "/v1/transfers/{transfer}/reversals",
    TransferReversalCreateParams,
    "amount description metadata",
)
def reverse(call: Call) -> Obj:
    """Bring money of a transfer back, as far as the connected account still holds it."""
    transfer, tx = _existing(call), call.tx
    left = transfer["amount"] - transfer["amount_reversed"]
    amount = call.params.get("amount", left)
    if not 1 <= amount <= left:
        raise invalid(f"Of this transfer, {left} can be reversed.", param="amount")
    sums = totals(tx, transfer["destination"])
    currency = transfer["currency"]
    if sums["available"][currency] + sums["pending"][currency] < amount:
        raise _insufficient("The connected account no longer holds that much.")
    reversal = tx.add(REVERSAL, _reversal(tx, transfer, amount))
    merge_metadata(reversal, call.params.get("metadata") or {})
    line = post(tx, "transfer_refund", amount, currency, reversal["id"])
    reversal["balance_transaction"] = line["id"]
    post(tx, "payment_refund", -amount, currency, reversal["id"], account=transfer["destination"])
    transfer = tx.edit(KIND, transfer["id"])
    transfer["amount_reversed"] += amount
    transfer["reversed"] = transfer["amount_reversed"] == transfer["amount"]
    tx.emit("transfer.reversed", _whole(tx, transfer))
    return reversal


@endpoint("GET", "/v1/transfers/{transfer}/reversals/{reversal}", TransferReversalRetrieveParams)
def retrieve_reversal(call: Call) -> Obj:
    """One reversal of a transfer."""
    reversal = call.tx.find(REVERSAL, call.ids["reversal"])
    if reversal is None or reversal["transfer"] != _existing(call)["id"]:
        raise missing("transfer reversal", call.ids["reversal"])
    return reversal


@endpoint(
    "GET",
    "/v1/transfers/{transfer}/reversals",
    TransferReversalListParams,
    "ending_before limit starting_after",
)
def list_reversals(call: Call) -> Obj:
    """A transfer's reversals, newest first."""
    transfer = _existing(call)
    return page(_reversals(call.tx, transfer), call.params, _reversals_url(transfer))


def _reversals(tx: Transaction, transfer: Obj) -> list[Obj]:
    return [row for row in tx.newest_first(REVERSAL) if row["transfer"] == transfer["id"]]


def _reversals_url(transfer: Obj) -> str:
    return f"/v1/transfers/{transfer['id']}/reversals"


def _whole(tx: Transaction, transfer: Obj) -> Obj:
    """The transfer with the list of its reversals inside."""
    found = [shown(row) for row in _reversals(tx, transfer)]
    listed = {"object": "list", "data": found, "has_more": False, "url": _reversals_url(transfer)}
    return transfer | {"reversals": listed | {"total_count": len(found)}}


def _existing(call: Call) -> Obj:
    transfer = call.tx.find(KIND, call.ids["transfer"])
    if transfer is None:
        raise missing("transfer", call.ids["transfer"])
    return transfer


def _check_destination(tx: Transaction, identifier: str) -> None:
    account = tx.find("v2.core.account", identifier)
    if account is None:
        raise missing("destination", identifier, param="destination")
    if not takes_transfers(account):
        raise invalid(
            "The destination account needs its transfers capability to be active.",
            code="insufficient_capabilities_for_transfer",
        )


def _check_source(
    tx: Transaction, charge_id: str | None, amount_minor: int, currency: str
) -> Obj | None:
    """The charge that pays for the transfer; without one, the available balance must hold it.

    https://docs.stripe.com/connect/separate-charges-and-transfers#transfer-availability
    """
    if charge_id is None:
        if totals(tx)["available"][currency] < amount_minor:
            raise _insufficient("The available balance does not hold that much.")
        return None
    charge = existing_charge(tx, charge_id, param="source_transaction")
    if charge["status"] != "succeeded" or charge["currency"] != currency:
        raise invalid(
            "The source transaction must be a succeeded charge in the same currency.",
            param="source_transaction",
        )
    taken = sum(
        one["amount"] - one["amount_reversed"]
        for one in tx.newest_first(KIND)
        if one["source_transaction"] == charge_id
    )
    if taken + amount_minor > charge["amount"]:
        raise invalid(
            f"Of this charge, {charge['amount'] - taken} can still be transferred.", param="amount"
        )
    return charge


def _days_left(tx: Transaction, charge: Obj | None) -> int:
    line = tx.find("balance_transaction", charge["balance_transaction"]) if charge else None
    return max(0, -(-(line["available_on"] - tx.now) // DAY)) if line else 0


def _reversal(tx: Transaction, transfer: Obj, amount_minor: int) -> Obj:
    return {
        "id": new_id("trr"),
        "object": REVERSAL,
        "amount": amount_minor,
        "balance_transaction": None,
        "created": tx.now,
        "currency": transfer["currency"],
        "destination_payment_refund": new_id("pyr"),
        "metadata": {},
        "source_refund": None,
        "transfer": transfer["id"],
    }


def _insufficient(message: str) -> ApiError:
    """https://docs.stripe.com/error-codes#balance-insufficient"""
    return ApiError(
        400, "invalid_request_error", message, code="balance_insufficient", executed=True
    )
