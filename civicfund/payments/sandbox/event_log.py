"""The event logs: https://docs.stripe.com/api/events, https://docs.stripe.com/api/v2/core/events"""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlencode

from stripe.params import EventListParams, EventRetrieveParams
from stripe.params.v2.core import EventListParams as ThinEventListParams
from stripe.params.v2.core import EventRetrieveParams as ThinEventRetrieveParams

from civicfund.payments.sandbox.errors import invalid, missing
from civicfund.payments.sandbox.lists import COMPARE, page
from civicfund.payments.sandbox.routes import Call, endpoint
from civicfund.payments.sandbox.shapes import Obj, iso, shown
from civicfund.payments.sandbox.store import THIN, Transaction

RETENTION_SECONDS = 30 * 86_400
THIN_PER_PAGE = 20
# Only who fetches a thin event sees these: https://docs.stripe.com/event-destinations#fetch-data
FETCHED = ("changes", "data")


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


@endpoint("GET", "/v2/core/events/{event}", ThinEventRetrieveParams)
def retrieve_thin(call: Call) -> Obj:
    """One thin event of the last thirty days, with what its notification left out."""
    event = call.tx.find(THIN, call.ids["event"])
    if event is None or event["created"] < _oldest(call.tx):
        raise missing("event", call.ids["event"])
    return event


@endpoint(
    "GET",
    "/v2/core/events",
    ThinEventListParams,
    "created limit object_id page types",
    untyped="page",
)
def list_thin(call: Call) -> Obj:
    """Thin events of the last thirty days, newest first, delivered or not: API v2 does not say.

    ``page`` is the place that the address of a next page names.
    """
    limit, given = call.params.get("limit", THIN_PER_PAGE), call.params.get("page", "0")
    if not 1 <= limit <= 100:
        raise invalid("limit must be between 1 and 100.", param="limit")
    if not given.isdigit():
        raise invalid("There is no such page.", param="page")
    found = [event for event in call.tx.newest_first(THIN) if _is_asked_for(call, event)]
    place, until = int(given), int(given) + limit
    return {
        "data": [shown(event) for event in found[place:until]],
        "next_page_url": _address(call, until) if until < len(found) else None,
        "previous_page_url": _address(call, max(place - limit, 0)) if place else None,
    }


def _is_asked_for(call: Call, event: Obj) -> bool:
    given = call.params
    created = {"gte": _oldest(call.tx)} | given.get("created", {})
    return (
        all(COMPARE[name](_moment(event["created"]), _moment(at)) for name, at in created.items())
        and event["type"] in given.get("types", [event["type"]])
        and event["related_object"]["id"] == given.get("object_id", event["related_object"]["id"])
    )


def _address(call: Call, place: int) -> str:
    given = call.params
    asked = [(f"types[{n}]", kind) for n, kind in enumerate(given.get("types", []))]
    asked += [(f"created[{name}]", at) for name, at in given.get("created", {}).items()]
    asked += [(name, given[name]) for name in ("limit", "object_id") if name in given]
    return f"{call.path}?{urlencode([*asked, ('page', place)])}"


def _moment(at: str) -> datetime:
    try:
        return datetime.fromisoformat(at).astimezone()
    except ValueError:
        raise invalid(f"Not a time: {at}", param="created") from None


def _oldest(tx: Transaction) -> str:
    return iso(tx.now - RETENTION_SECONDS)


def told(tx: Transaction, identifier: str) -> Obj | None:
    """What an endpoint is sent of an event, snapshot or thin; None where there is none."""
    event = tx.find("event", identifier)
    if event is not None:
        return shown(with_pending(tx, event))
    thin = tx.find(THIN, identifier)
    return {key: thin[key] for key in thin if key not in FETCHED} if thin else None


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
