from __future__ import annotations

import json
import time

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from civicfund.payments.models import Orphan, Payer, ProviderEvent
from civicfund.payments.selectors import due_events
from civicfund.payments.services import event_failed, event_handled, note_orphan, receive_event
from tests.factories.people import UserFactory
from tests.payments.signing import signed

pytestmark = pytest.mark.django_db

SECRET = "whsec_of_this_test"


@pytest.fixture(autouse=True)
def keys(settings):
    settings.STRIPE_SECRET_KEY = "sk_test_123"
    settings.STRIPE_WEBHOOK_SECRET = SECRET


def event(**given):
    return {
        "id": "evt_1", "object": "event", "type": "payment_intent.succeeded", "livemode": False,
        "created": 1_700_000_000, "data": {"object": {"id": "pi_1", "amount": 2500}},
    } | given  # fmt: skip


def deliver(client, body, *, secret=SECRET, at=None, signature=None):
    payload = json.dumps(body)
    return client.post(
        reverse("stripe_webhook"),
        payload,
        content_type="application/json",
        headers={"Stripe-Signature": signature or signed(payload, secret, at)},
    )


def test_an_event_is_kept_as_a_pointer_without_what_it_said(client):
    assert deliver(client, event()).status_code == 200
    kept = ProviderEvent.objects.get()
    assert (kept.pk, kept.type, kept.object_id) == ("evt_1", "payment_intent.succeeded", "pi_1")
    assert "2500" not in str(vars(kept))


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
