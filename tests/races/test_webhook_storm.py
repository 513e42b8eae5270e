"""What the provider tells, told twice, shuffled, or not at all, comes to one end."""

from __future__ import annotations

import json
import random
from contextlib import contextmanager

import pytest
from django.db import connections
from django.db.models import F
from django.urls import reverse

from civicfund.audit.services import wake
from civicfund.ledger.models import Posting
from civicfund.payments.models import ProviderEvent
from civicfund.pledges.models import Campaign, ChargeAttempt, Pledge
from civicfund.pledges.selectors.laws import invariants
from civicfund.pledges.services import steps
from tests.payments.signing import signed
from tests.pledges.promises import FAILS, WORKS, funded_campaign, let_pass, work_until_done
from tests.sizes import size
from tests.stripe.helpers import sandbox_client

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

PLEDGES, ORDERS = size(12, 300), size(6, 200)
TWICE, NEVER = 0.3, 0.2
# Which rows acting on events changes; the owner sets them back between two orders.
MOVED = (Campaign, Pledge, ChargeAttempt)


def charged_unheard(provider):
    """A funded campaign whose cards were all charged, or declined, and no answer came back."""
    cards = [FAILS if n % 6 == 5 else WORKS for n in range(PLEDGES)]
    campaign, _ = funded_campaign(*cards)
    lost = {"kind": "lose_response", "method": "POST", "path": "/v1/payment_intents/*/confirm"}
    provider.control("faults", rules=[lost])
    for pk in wake(Pledge.objects.due(), PLEDGES):
        steps.take_step(pk)
    provider.control("faults", rules=[])
    return campaign


def events_of(provider):
    """The true events of payments, oldest first."""
    listed = sandbox_client(provider).v1.events.list({"limit": 100}).auto_paging_iter()
    events = [json.loads(str(event)) for event in listed]
    return [one for one in reversed(events) if one["type"].startswith("payment_intent.")]


@contextmanager
def without_triggers(cursor):
    tables = [model._meta.db_table for model in MOVED] + ["ledger_posting", "ledger_entry"]
    for table in tables:
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    yield
    for table in tables:
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def rewind(snapshot):
    """Everything as it was when no answer had come, which only the owner can bring about."""
    with connections["owner"].cursor() as cursor, without_triggers(cursor):
        cursor.execute("DELETE FROM ledger_posting WHERE entry_id > %s", snapshot["last_entry"])
        cursor.execute("DELETE FROM ledger_entry WHERE id > %s", snapshot["last_entry"])
        cursor.execute("DELETE FROM notices_message")
        cursor.execute("DELETE FROM payments_providerevent")
    connections["owner"].close()
    with connections["owner"].cursor() as cursor, without_triggers(cursor):
        for model in MOVED:
            for row in snapshot[model]:
                model.objects.using("owner").filter(pk=row["id"]).update(**row)
    connections["owner"].close()


def snapshot_now():
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) FROM ledger_entry")
        last_entry = cursor.fetchone()
    return {model: list(model.objects.values()) for model in MOVED} | {"last_entry": last_entry}


def storm(events, chance):
    """The events in some order, some of them twice, some never."""
    told = [one for one in events if chance.random() >= NEVER]
    told += [one for one in told if chance.random() < TWICE]
    chance.shuffle(told)
    return told


def deliver(client, provider, events):
    for event in events:
        payload = json.dumps(event)
        answer = client.post(
            reverse("stripe_webhook"), payload, content_type="application/json",
            headers={"Stripe-Signature": signed(payload, provider.webhook_secret)},
        )  # fmt: skip
        assert answer.status_code == 200
    while steps.act_on_events(500):
        pass


def end_state():
    pledges = Pledge.objects.order_by("pk").values_list("pk", "state", "fee_minor")
    attempts = ChargeAttempt.objects.order_by("pk").values_list("pk", "state", "charge_id")
    postings = Posting.objects.annotate(code=F("account__code")).values_list(
        "entry__source_id", "entry__kind", "code", "amount_minor"
    )
    states = Campaign.objects.values_list("pk", "state")
    return list(pledges), list(attempts), sorted(postings), list(states)


def test_any_order_of_news_comes_to_the_same_end(client, provider, settings):
    settings.PROVIDER_CALLS_PER_ENDPOINT = 10_000
    settings.PROVIDER_CALLS_IN_ALL = 10_000
    charged_unheard(provider)
    events = events_of(provider)
    assert len(events) >= PLEDGES
    before, ends, heard = snapshot_now(), [], 0
    for order in range(ORDERS):
        told = storm(events, random.Random(order))  # noqa: S311 -- repeatable
        deliver(client, provider, told)
        heard += ProviderEvent.objects.count()
        let_pass(minutes=5)
        work_until_done()
        ends.append(end_state())
        assert [law for law in invariants() if law.broken_by] == []
        rewind(before)
    assert all(end == ends[0] for end in ends)
    assert {state for _, state, _ in ends[0][0]} == {"collected", "declined"}
    assert heard > 0
    assert end_state() != ends[0]  # rewinding is what it says


FORGERIES = ("secret", "stale", "altered", "unsigned", "garbled")


STYLES = ("snapshot", "thin")


def one_event(style, n):
    """An event of our own account, or a thin one of a connected account."""
    if style == "snapshot":
        return {
            "id": f"evt_{n}", "object": "event", "type": "payment_intent.succeeded",
            "created": 1, "livemode": False, "data": {"object": {"id": f"pi_{n}"}},
        }  # fmt: skip
    return {
        "id": f"evt_test_{n}", "object": "v2.core.event",
        "type": "v2.core.account[requirements].updated", "created": "2026-11-02T10:11:12.000Z",
        "livemode": False, "context": None, "reason": None,
        "related_object": {
            "id": f"acct_{n}", "type": "v2.core.account", "url": f"/v2/core/accounts/acct_{n}",
        },
    }  # fmt: skip


def endpoint_of(style, provider):
    """Where such events come, and under which secret."""
    if style == "snapshot":
        return reverse("stripe_webhook"), provider.webhook_secret
    return reverse("stripe_connect_webhook"), provider.connect_webhook_secret


def forge(kind, event, secret):
    """The payload and the signature of an event that Stripe has not sent, or not like this."""
    payload = json.dumps(event)
    good = signed(payload, secret)
    if kind == "secret":
        return payload, signed(payload, "whsec_of_somebody_else")
    if kind == "stale":
        return payload, signed(payload, secret, at=1_700_000_000)
    if kind == "altered":
        return payload.replace("evt_", "evu_"), good
    if kind == "unsigned":
        return payload, ""
    return payload, good.replace("v1=", "v0=")


def send(client, address, payload, signature):
    return client.post(
        address, payload, content_type="application/json", headers={"Stripe-Signature": signature}
    )


@pytest.mark.parametrize("style", STYLES)
def test_forged_events_leave_no_row(client, provider, style):
    address, secret = endpoint_of(style, provider)
    for n in range(size(100, 1000)):
        forged = forge(FORGERIES[n % len(FORGERIES)], one_event(style, n), secret)
        assert send(client, address, *forged).status_code == 400
    assert ProviderEvent.objects.count() == 0


@pytest.mark.parametrize("style", STYLES)
def test_control_the_same_event_rightly_signed_is_kept(client, provider, style):
    address, secret = endpoint_of(style, provider)
    payload = json.dumps(one_event(style, 1))
    assert send(client, address, payload, signed(payload, secret)).status_code == 200
    assert ProviderEvent.objects.count() == 1
