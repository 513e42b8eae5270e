"""Disputes: https://docs.stripe.com/api/disputes and https://docs.stripe.com/disputes"""

from __future__ import annotations

from stripe.params import (
    DisputeCloseParams,
    DisputeListParams,
    DisputeRetrieveParams,
    DisputeUpdateParams,
)

from civicfund.payments.sandbox.balance import post
from civicfund.payments.sandbox.charges import left_of
from civicfund.payments.sandbox.errors import ApiError, invalid, missing
from civicfund.payments.sandbox.lists import page
from civicfund.payments.sandbox.metadata import merge_metadata
from civicfund.payments.sandbox.routes import Call, endpoint
from civicfund.payments.sandbox.shapes import Obj, shown
from civicfund.payments.sandbox.store import Transaction, new_id
from civicfund.payments.sandbox.timeline import act, schedule

KIND = "dispute"
FEE_MINOR = 1500  # https://stripe.com/pricing: 15.00 for each dispute
EVIDENCE_DAYS = 9
REVIEW_SECONDS = 60
# https://docs.stripe.com/testing#evidence: what the text of the evidence leads to
VERDICTS = {"winning_evidence": "won", "losing_evidence": "lost"}
REASONS = (
    "credit_not_processed", "duplicate", "fraudulent", "general", "product_not_received",
    "product_unacceptable", "subscription_canceled", "unrecognized",
)  # fmt: skip


@endpoint("GET", "/v1/disputes/{dispute}", DisputeRetrieveParams)
def retrieve(call: Call) -> Obj:
    """One dispute."""
    return _existing(call)


@endpoint("POST", "/v1/disputes/{dispute}", DisputeUpdateParams, "evidence metadata submit")
def update(call: Call) -> Obj:
    """Add evidence; unless ``submit`` is false, send it to the bank, which decides later."""
    _check_open(_existing(call), call)
    dispute = call.tx.edit(KIND, call.ids["dispute"])
    dispute["evidence"] |= call.params.get("evidence", {})
    if "metadata" in call.params:
        merge_metadata(dispute, call.params["metadata"])
    if "evidence" in call.params and call.params.get("submit", True):
        dispute["status"] = "under_review"
        dispute["evidence_details"] |= {"has_evidence": True, "submission_count": 1}
        schedule(call.tx, "dispute.decide", dispute["id"], REVIEW_SECONDS)
    call.tx.emit("charge.dispute.updated", dispute)
    return dispute


@endpoint("POST", "/v1/disputes/{dispute}/close", DisputeCloseParams)
def close(call: Call) -> Obj:
    """Accept it: the dispute is lost."""
    _check_open(_existing(call), call)
    return end(call.tx, call.ids["dispute"], won=False)


@endpoint(
    "GET",
    "/v1/disputes",
    DisputeListParams,
    "charge created ending_before limit payment_intent starting_after",
)
def list_disputes(call: Call) -> Obj:
    """Disputes, newest first."""
    keys = ("charge", "payment_intent")
    wanted = {name: call.params[name] for name in keys if name in call.params}
    found = (
        dispute
        for dispute in call.tx.newest_first(KIND)
        if all(dispute[name] == value for name, value in wanted.items())
    )
    return page(found, call.params, "/v1/disputes")


@act("dispute.open")
def open_by_card(tx: Transaction, subject: str) -> None:
    """The payer disputes the charge; ``subject`` is the charge's id and the reason."""
    charge_id, _, reason = subject.partition(" ")
    charge = tx.find("charge", charge_id)
    if charge is not None and not charge["disputed"] and not charge["refunded"]:
        open_dispute(tx, charge_id, reason)


def open_dispute(
    tx: Transaction, charge_id: str, reason: str, amount_minor: int | None = None
) -> Obj:
    """The bank takes the money back, and a fee on top, until the dispute is decided. Only part of
    a charge may be disputed: https://docs.stripe.com/api/disputes/object#dispute_object-amount

    https://docs.stripe.com/disputes/how-disputes-work
    """
    charge = tx.edit("charge", charge_id)
    settled = charge["status"] == "succeeded" and not charge["refunded"]
    if not settled or charge["_dispute_open"] or charge["_dispute_won"]:
        raise invalid(
            "Only a charge that succeeded, and is neither disputed nor fully refunded, "
            "can be disputed.",
            param="charge",
        )
    left = left_of(charge)
    amount = left if amount_minor is None else amount_minor
    if not 0 < amount <= left:
        raise invalid("No more can be disputed than is left of the charge.", param="amount")
    dispute = tx.add(KIND, _blank(tx, charge, amount, reason))
    charge |= {"disputed": True, "_dispute_open": True}
    line = post(tx, "adjustment", -amount, charge["currency"], dispute["id"], fee=FEE_MINOR)
    dispute["balance_transactions"].append(shown(line))
    tx.emit("charge.dispute.created", dispute)
    tx.emit("charge.dispute.funds_withdrawn", dispute)
    return dispute


@act("dispute.decide")
def decide(tx: Transaction, identifier: str) -> None:
    """The bank has read the evidence. Without one of the test words it decides against us."""
    dispute = tx.find(KIND, identifier)
    if dispute is not None and dispute["status"] == "under_review":
        text = dispute["evidence"].get("uncategorized_text", "")
        end(tx, identifier, won=VERDICTS.get(text) == "won")


def end(tx: Transaction, identifier: str, *, won: bool) -> Obj:
    """Won: the money and the fee come back. Lost: they are gone."""
    dispute = tx.edit(KIND, identifier)
    if dispute["status"] in ("won", "lost"):
        raise invalid(f"This dispute is already {dispute['status']}.", param="dispute")
    dispute["status"] = "won" if won else "lost"
    charge = tx.edit("charge", dispute["charge"])
    charge |= {"_dispute_open": False, "_dispute_won": won}
    if not won:
        charge["_lost"] += dispute["amount"]
    if won:
        line = post(
            tx, "adjustment", dispute["amount"], dispute["currency"], identifier, fee=-FEE_MINOR
        )
        dispute["balance_transactions"].append(shown(line))
        tx.emit("charge.dispute.funds_reinstated", dispute)
    tx.emit("charge.dispute.closed", dispute)
    return dispute


def _existing(call: Call) -> Obj:
    dispute = call.tx.find(KIND, call.ids["dispute"])
    if dispute is None:
        raise missing("dispute", call.ids["dispute"])
    return dispute


def _check_open(dispute: Obj, call: Call) -> None:
    if dispute["status"] in ("won", "lost") and not call.params.keys() <= {"metadata", "expand"}:
        raise ApiError(
            400,
            "invalid_request_error",
            f"This dispute is already closed: {dispute['status']}.",
            executed=True,
        )


def _blank(tx: Transaction, charge: Obj, amount_minor: int, reason: str) -> Obj:
    return {
        "id": new_id("du"),
        "object": KIND,
        "amount": amount_minor,
        "balance_transactions": [],
        "charge": charge["id"],
        "created": tx.now,
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {},
        "evidence_details": {
            "due_by": tx.now + EVIDENCE_DAYS * 86_400,
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "network_reason_code": None,
        "payment_intent": charge["payment_intent"],
        "reason": reason,
        "status": "needs_response",
    }
