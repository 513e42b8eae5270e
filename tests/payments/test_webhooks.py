from __future__ import annotations

import json
import time
from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from stripe.events import UnknownEventNotification
from stripe.events._event_classes import get_v2_event_notification_class

from civicfund.payments.enums import THIN_EVENTS
from civicfund.payments.models import Orphan, Payer, ProviderEvent
from civicfund.payments.selectors import due_events
from civicfund.payments.services import event_failed, event_handled, note_orphan, receive_event
from tests.factories.people import UserFactory
from tests.payments.signing import signed

pytestmark = pytest.mark.django_db

SECRET, CONNECT_SECRET = "whsec_of_this_test", "whsec_of_connected_accounts"
CAPABILITY = "v2.core.account[configuration.recipient].capability_status_updated"


@pytest.fixture(autouse=True)
def keys(settings):
    settings.STRIPE_SECRET_KEY = "sk_test_123"
    settings.STRIPE_WEBHOOK_SECRET = SECRET
    settings.STRIPE_CONNECT_WEBHOOK_SECRET = CONNECT_SECRET


def event(**given):
    return {
        "id": "evt_1", "object": "event", "type": "payment_intent.succeeded", "livemode": False,
        "created": 1_700_000_000, "data": {"object": {"id": "pi_1", "description": "Of Ann Quill"}},
    } | given  # fmt: skip


def thin(**given):
    return {
        "id": "evt_test_1", "object": "v2.core.event", "type": CAPABILITY, "livemode": False,
        "created": "2026-11-02T10:11:12.345Z", "context": None, "reason": None,
        "related_object": {
            "id": "acct_1", "type": "v2.core.account", "url": "/v2/core/accounts/acct_1",
        },
    } | given  # fmt: skip


def without(body, name):
    return {key: value for key, value in body.items() if key != name}


def deliver(client, body, *, secret=SECRET, at=None, signature=None, to="stripe_webhook"):
    payload = json.dumps(body)
    return client.post(
        reverse(to),
        payload,
        content_type="application/json",
        headers={"Stripe-Signature": signature or signed(payload, secret, at)},
    )


def test_an_event_is_kept_as_a_pointer_without_what_it_said(client):
    assert deliver(client, event()).status_code == 200
    kept = ProviderEvent.objects.get()
    assert (kept.pk, kept.type, kept.object_id) == ("evt_1", "payment_intent.succeeded", "pi_1")
    assert "Quill" not in str(vars(kept))


def test_the_same_event_twice_is_kept_once(client):
    assert [deliver(client, event()).status_code for _ in range(2)] == [200, 200]
    assert ProviderEvent.objects.count() == 1


def test_an_event_that_nothing_acts_on_is_acknowledged_and_forgotten(client):
    assert deliver(client, event(type="invoice.paid")).status_code == 200
    assert ProviderEvent.objects.count() == 0


@pytest.mark.parametrize(
    "how",
    [
        {"secret": "whsec_wrong"},
        {"at": time.time() - 301},
        {"signature": "t=1,v1=0"},
        {"signature": "nonsense"},
        {"signature": " "},
    ],
)
def test_a_forged_or_stale_event_is_refused_and_leaves_no_row(client, how):
    assert deliver(client, event(), **how).status_code == 400
    assert ProviderEvent.objects.count() == 0


def deliver_thin(client, body, **how):
    return deliver(client, body, **{"secret": CONNECT_SECRET, "to": "stripe_connect_webhook"} | how)


def test_a_thin_event_is_kept_as_a_pointer_to_its_account(client):
    assert deliver_thin(client, thin()).status_code == 200
    kept = ProviderEvent.objects.get()
    assert (kept.pk, kept.type, kept.object_id) == ("evt_test_1", CAPABILITY, "acct_1")
    assert kept.account == "acct_1"
    assert kept.created_at == datetime(2026, 11, 2, 10, 11, 12, 345_000, tzinfo=UTC)


def test_the_same_thin_event_twice_is_kept_once(client):
    assert [deliver_thin(client, thin()).status_code for _ in range(2)] == [200, 200]
    assert ProviderEvent.objects.count() == 1


def test_every_thin_event_that_is_acted_on_is_one_that_the_sdk_knows(client):
    for number, kind in enumerate(THIN_EVENTS):
        assert get_v2_event_notification_class(kind) is not UnknownEventNotification
        assert deliver_thin(client, thin(id=f"evt_{number}", type=kind)).status_code == 200
    assert ProviderEvent.objects.count() == len(THIN_EVENTS)


@pytest.mark.parametrize(
    "body",
    [
        thin(type="v2.core.account.created"),
        thin(type="v2.core.account_person.updated"),
        thin(
            type="v2.core.event_destination.ping",
            related_object={
                "id": "ed_1",
                "type": "v2.core.event_destination",
                "url": "/v2/core/event_destinations/ed_1",
            },
        ),
        without(thin(type="v9.nobody.knows"), "related_object"),
    ],
)
def test_a_thin_event_that_nothing_acts_on_is_acknowledged_and_forgotten(client, body):
    assert deliver_thin(client, body).status_code == 200
    assert ProviderEvent.objects.count() == 0


@pytest.mark.parametrize(
    "how",
    [
        {"secret": "whsec_wrong"},
        {"secret": SECRET},
        {"at": time.time() - 301},
        {"signature": "t=1,v1=0"},
        {"signature": " "},
        {"secret": SECRET, "to": "stripe_webhook"},
        {"to": "stripe_webhook"},
    ],
)
def test_a_thin_event_that_is_forged_stale_or_astray_is_refused_and_leaves_no_row(client, how):
    assert deliver_thin(client, thin(), **how).status_code == 400
    assert ProviderEvent.objects.count() == 0


@pytest.mark.parametrize(
    "body",
    [
        thin(livemode=True),
        thin(livemode=None),
        without(thin(), "livemode"),
        without(thin(), "related_object"),
        thin(related_object="acct_1"),
        thin(created="soon"),
        thin(created=1_700_000_000),
        thin(context=5),
        thin(type=[]),
        without(thin(), "object"),
    ],
)
def test_a_thin_event_of_another_mode_or_shape_is_refused(client, body):
    assert deliver_thin(client, body).status_code == 400
    assert ProviderEvent.objects.count() == 0


def test_an_altered_body_is_refused(client):
    payload = json.dumps(event())
    response = client.post(
        reverse("stripe_webhook"),
        payload.replace("pi_1", "pi_2"),
        content_type="application/json",
        headers={"Stripe-Signature": signed(payload, SECRET)},
    )
    assert response.status_code == 400
    assert ProviderEvent.objects.count() == 0


def test_an_empty_secret_lets_nothing_in(client, settings):
    settings.STRIPE_WEBHOOK_SECRET = ""
    assert deliver(client, event(), secret="").status_code == 400
    assert ProviderEvent.objects.count() == 0


@pytest.mark.parametrize(
    "body",
    [event(livemode=True), {"id": "evt_1"}, [], event(data={}), event(created="soon")],
)
def test_an_event_of_another_mode_or_shape_is_refused(client, body):
    assert deliver(client, body).status_code == 400
    assert ProviderEvent.objects.count() == 0


def test_what_is_handled_is_due_no_more_and_what_failed_is_due_later(client):
    for number in (1, 2, 3):
        deliver(client, event(id=f"evt_{number}"))
    first, second, third = due_events(["payment_intent.succeeded"], most=9)
    event_handled(first)
    event_failed(second, ValueError("broken"))
    assert due_events(["payment_intent.succeeded"], most=9) == [third]
    second.refresh_from_db()
    assert (second.tries, second.error, second.handled_at) == (1, "ValueError", None)
    assert second.next_try_at > timezone.now()


def test_events_of_other_types_are_left_for_those_who_act_on_them(client):
    deliver(client, event())
    assert due_events(["setup_intent.succeeded"], most=9) == []


def test_receiving_says_whether_the_event_was_new():
    payload = json.dumps(event())
    news = [receive_event(payload.encode(), signed(payload, SECRET)) for _ in range(2)]
    assert news == [True, False]


def test_an_orphan_is_noted_once():
    note_orphan("pi_9", "payment_of_no_pledge")
    note_orphan("pi_9", "payment_of_no_pledge")
    assert Orphan.objects.count() == 1


def test_the_database_refuses_events_of_unknown_types():
    with pytest.raises(IntegrityError, match="provider_event_type_known"), transaction.atomic():
        ProviderEvent.objects.create(
            id="evt_1", type="made.up", object_id="x", created_at=timezone.now()
        )


def test_two_people_are_never_one_customer():
    Payer.objects.create(user=UserFactory(), customer_id="cus_1")
    Payer.objects.create(user=UserFactory())
    Payer.objects.create(user=UserFactory())
    with pytest.raises(IntegrityError, match="payer_customer_once"), transaction.atomic():
        Payer.objects.create(user=UserFactory(), customer_id="cus_1")
