from __future__ import annotations

import pytest
import stripe

from tests.stripe.helpers import charge, new_payment, save_card


def refunded(client, intent):
    found = client.v1.charges.retrieve(intent.latest_charge.id)
    return found.amount_refunded, found.refunded


def test_parts_of_a_charge_are_refunded_until_nothing_is_left(client):
    intent = charge(client, amount=2500)
    first = client.v1.refunds.create({"payment_intent": intent.id, "amount": 1000})
    assert (first.status, first.amount, first.charge) == (
        "succeeded",
        1000,
        intent.latest_charge.id,
    )
    assert refunded(client, intent) == (1000, False)
    rest = client.v1.refunds.create({"charge": intent.latest_charge.id})
    assert rest.amount == 1500
    assert refunded(client, intent) == (2500, True)


def test_more_than_is_left_is_refused_and_moves_nothing(client):
    intent = charge(client, amount=2500)
    client.v1.refunds.create({"payment_intent": intent.id, "amount": 2000})
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.refunds.create({"payment_intent": intent.id, "amount": 501})
    assert caught.value.param == "amount"
    assert refunded(client, intent) == (2000, False)


def test_refund_in_full_happens_once(client):
    intent = charge(client)
    client.v1.refunds.create({"payment_intent": intent.id})
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.refunds.create({"payment_intent": intent.id})
    assert caught.value.code == "charge_already_refunded"
    assert len(client.v1.refunds.list({"payment_intent": intent.id}).data) == 1


def test_same_key_refunds_once(client):
    intent = charge(client, amount=2500)
    options = {"idempotency_key": f"re:{intent.id}"}
    params = {"payment_intent": intent.id, "amount": 700, "metadata": {"refund": "8"}}
    first = client.v1.refunds.create(params, options)
    assert client.v1.refunds.create(params, options).id == first.id
    assert refunded(client, intent) == (700, False)


def test_unpaid_intent_has_nothing_to_refund(client):
    customer, method = save_card(client)
    intent = new_payment(client, customer, method)
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.refunds.create({"payment_intent": intent.id})


def test_fee_stays_with_the_provider(client):
    intent = charge(client, amount=2500)
    refund = client.v1.refunds.create(
        {"payment_intent": intent.id, "expand": ["balance_transaction"]}
    )
    line = refund.balance_transaction
    assert (line.amount, line.fee, line.net, line.type) == (-2500, 0, -2500, "refund")
