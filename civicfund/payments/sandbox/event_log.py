"""The event log: https://docs.stripe.com/api/events"""

from __future__ import annotations

from stripe.params import EventListParams, EventRetrieveParams

from civicfund.payments.sandbox.errors import invalid, missing
from civicfund.payments.sandbox.lists import page
from civicfund.payments.sandbox.routes import Call, endpoint
from civicfund.payments.sandbox.shapes import Obj
from civicfund.payments.sandbox.store import Transaction

RETENTION_SECONDS = 30 * 86_400


@endpoint("GET", "/v1/events/{event}", EventRetrieveParams)
def retrieve(call: Call) -> Obj:
    """One event of the last thirty days."""
    event = call.tx.find("event", call.ids["event"])
    if event is None or event["created"] < call.tx.now - RETENTION_SECONDS:
        raise missing("event", call.ids["event"])
    return with_pending(call.tx, event)


@endpoint(
    "GET",
    "/v1/events",
    EventListParams,
    "created delivery_success ending_before limit starting_after type types",
)
def list_events(call: Call) -> Obj:
    """Events of the last thirty days, newest first.

    ``delivery_success=false`` gives those that their endpoint has not taken, tried or untried.
    """
    if "type" in call.params and "types" in call.params:
        raise invalid("Give type or types, not both.", param="types")
    types = call.params.get("types") or [call.params.get("type", "*")]
    success = call.params.get("delivery_success")
    oldest = call.tx.now - RETENTION_SECONDS
    found = (
        with_pending(call.tx, event)
        for event in call.tx.newest_first("event")
        if event["created"] >= oldest
        and any(_matches(event["type"], pattern) for pattern in types)
        and (success is None or success == _was_delivered(call.tx, event))
    )
    return page(found, call.params, "/v1/events")


def with_pending(tx: Transaction, event: Obj) -> Obj:
    """The event, with how many endpoints still have to take it."""
    return event | {"pending_webhooks": 0 if _was_delivered(tx, event) else 1}


def _was_delivered(tx: Transaction, event: Obj) -> bool:
    delivery = tx.find("_delivery", event["id"])
    return delivery is None or delivery["state"] == "delivered"


def _matches(kind: str, pattern: str) -> bool:
    return (
        pattern == "*"
        or kind == pattern
        or (pattern.endswith("*") and kind.startswith(pattern[:-1]))
    )
