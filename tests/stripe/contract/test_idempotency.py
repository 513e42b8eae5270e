from __future__ import annotations

from uuid import uuid4

import pytest
import stripe

from tests.stripe.helpers import new_payment, save_card


def test_same_key_makes_one_customer(client):
    options = {"idempotency_key": uuid4().hex}
    first = client.v1.customers.create({"name": "Ada"}, options)
    second = client.v1.customers.create({"name": "Ada"}, options)
    assert second.id == first.id
    assert second.last_response.headers["Idempotent-Replayed"] == "true"


def test_same_key_with_other_parameters_is_refused(client):
    options = {"idempotency_key": uuid4().hex}
    client.v1.customers.create({"name": "Ada"}, options)
    with pytest.raises(stripe.IdempotencyError) as caught:
        client.v1.customers.create({"name": "Bob"}, options)
    assert caught.value.http_status == 400


def test_decline_is_kept_under_its_key_even_when_the_card_would_work_now(client):
    customer, method = save_card(client, "pm_card_chargeCustomerFail")
    intent = new_payment(client, customer, method)
    options = {"idempotency_key": uuid4().hex}
    for _ in range(2):
        with pytest.raises(stripe.CardError):
            client.v1.payment_intents.confirm(intent.id, {"off_session": True}, options)
    assert len(client.v1.charges.list({"payment_intent": intent.id}).data) == 1


def test_refused_parameters_leave_the_key_free(client):
    options = {"idempotency_key": uuid4().hex}
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.customers.create({"nme": "Ada"}, options)
    assert client.v1.customers.create({"name": "Ada"}, options).name == "Ada"
