from __future__ import annotations

import pytest
import stripe

from tests.stripe.helpers import charge, new_payment, save_card


def test_intent_is_created_without_charging(client):
    customer, method = save_card(client)
    intent = new_payment(client, customer, method, metadata={"pledge": "4"})
    assert (intent.status, intent.amount_received) == ("requires_confirmation", 0)
    assert intent.latest_charge is None
    assert client.v1.charges.list({"payment_intent": intent.id}).data == []


def test_confirming_charges_once_with_its_fee(client):
    intent = charge(client, amount=2500)
    line = intent.latest_charge.balance_transaction
    assert (intent.status, intent.amount_received) == ("succeeded", 2500)
    assert (line.amount, line.amount - line.fee, line.type) == (2500, line.net, "charge")
    assert line.fee > 0
    assert line.source == intent.latest_charge.id


def test_second_confirm_is_refused_and_charges_nothing(client):
    intent = charge(client)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.confirm(intent.id, {"off_session": True})
    assert caught.value.code == "payment_intent_unexpected_state"
    assert caught.value.error.payment_intent.id == intent.id
    assert len(client.v1.charges.list({"payment_intent": intent.id}).data) == 1


def test_declined_intent_can_be_paid_with_another_card(client):
    customer, method = save_card(client, "pm_card_chargeCustomerFail")
    intent = new_payment(client, customer, method)
    with pytest.raises(stripe.CardError) as caught:
        client.v1.payment_intents.confirm(intent.id, {"off_session": True})
    assert (caught.value.http_status, caught.value.code) == (402, "card_declined")
    assert caught.value.error.payment_intent.id == intent.id
    found = client.v1.payment_intents.retrieve(intent.id)
    assert (found.status, found.payment_method) == ("requires_payment_method", None)
    assert found.last_payment_error.code == "card_declined"
    assert found.last_payment_error.payment_method.id == method
    paid = client.v1.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})
    assert (paid.status, paid.last_payment_error) == ("succeeded", None)
    charges = client.v1.charges.list({"payment_intent": intent.id}).data
    assert [one.status for one in charges] == ["succeeded", "failed"]


def test_card_that_wants_its_owner_is_refused_off_session(client):
    customer = client.v1.customers.create()
    method = client.v1.payment_methods.attach(
        "pm_card_authenticationRequired", {"customer": customer.id}
    )
    intent = new_payment(client, customer.id, method.id)
    with pytest.raises(stripe.CardError) as caught:
        client.v1.payment_intents.confirm(intent.id, {"off_session": True})
    assert caught.value.code == "authentication_required"
    embedded = caught.value.error.payment_intent
    assert (embedded.id, embedded.status) == (intent.id, "requires_payment_method")
    assert embedded.last_payment_error.code == "authentication_required"


def test_canceled_intent_never_charges(client):
    customer, method = save_card(client)
    intent = new_payment(client, customer, method)
    canceled = client.v1.payment_intents.cancel(intent.id, {"cancellation_reason": "abandoned"})
    assert (canceled.status, canceled.cancellation_reason) == ("canceled", "abandoned")
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.confirm(intent.id, {"off_session": True})
    assert caught.value.code == "payment_intent_unexpected_state"
    assert client.v1.charges.list({"payment_intent": intent.id}).data == []


def test_succeeded_intent_cannot_be_canceled(client):
    intent = charge(client)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.cancel(intent.id)
    assert caught.value.code == "payment_intent_unexpected_state"
    assert client.v1.payment_intents.retrieve(intent.id).status == "succeeded"


def test_another_customers_card_is_refused(client):
    _, method = save_card(client)
    stranger = client.v1.customers.create()
    with pytest.raises(stripe.InvalidRequestError):
        new_payment(client, stranger.id, method)
    assert client.v1.payment_intents.list({"customer": stranger.id}).data == []


@pytest.mark.parametrize(
    ("amount", "code"),
    [
        (0, "parameter_invalid_integer"),
        (-5, "parameter_invalid_integer"),
        (1, "amount_too_small"),
        (100_000_000, "amount_too_large"),
    ],
)
def test_impossible_amount_makes_no_intent(client, amount, code):
    customer, method = save_card(client)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        new_payment(client, customer, method, amount=amount)
    assert (caught.value.code, caught.value.param) == (code, "amount")
    assert client.v1.payment_intents.list({"customer": customer}).data == []


def test_unknown_currency_is_refused(client):
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.create({"amount": 2500, "currency": "zzz"})
    assert caught.value.param == "currency"


def test_confirming_needs_a_return_url_while_redirects_are_allowed(client):
    customer, method = save_card(client)
    intent = client.v1.payment_intents.create(
        {"amount": 900, "currency": "usd", "customer": customer, "payment_method": method}
    )
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payment_intents.confirm(intent.id)
    assert client.v1.payment_intents.retrieve(intent.id).status == "requires_confirmation"


def test_list_of_a_customer_comes_newest_first_in_pages(client):
    customer, method = save_card(client)
    made = [new_payment(client, customer, method).id for _ in range(3)]
    first = client.v1.payment_intents.list({"customer": customer, "limit": 2})
    assert ([one.id for one in first.data], first.has_more) == ([made[2], made[1]], True)
    before = client.v1.payment_intents.list(
        {"customer": customer, "limit": 1, "ending_before": made[0]}
    )
    assert ([one.id for one in before.data], before.has_more) == ([made[1]], True)
    everything = client.v1.payment_intents.list({"customer": customer, "limit": 1})
    assert [one.id for one in everything.auto_paging_iter()] == made[::-1]


def test_expansion_puts_whole_objects_in_place(client):
    intent = charge(client)
    found = client.v1.payment_intents.retrieve(
        intent.id, {"expand": ["customer", "payment_method", "latest_charge"]}
    )
    assert (found.customer.object, found.payment_method.object) == ("customer", "payment_method")
    assert found.latest_charge.paid is True
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payment_intents.retrieve(intent.id, {"expand": ["amount"]})
