from __future__ import annotations

from tests.stripe.helpers import charge


def test_payment_leaves_its_events_in_the_log(client):
    intent = charge(client)
    events = client.v1.events.list(
        {"types": ["payment_intent.*", "charge.succeeded"], "limit": 100}
    ).data
    mine = [
        event
        for event in events
        if intent.id in (event.data.object.id, getattr(event.data.object, "payment_intent", None))
    ]
    assert sorted(event.type for event in mine) == [
        "charge.succeeded",
        "payment_intent.created",
        "payment_intent.succeeded",
    ]
