from __future__ import annotations

import pytest
import stripe

from tests.stripe.helpers import save_card


def test_customer_keeps_what_it_was_given(client):
    made = client.v1.customers.create(
        {"email": "ada@example.org", "name": "Ada", "metadata": {"user": "7", "tier": "b"}}
    )
    found = client.v1.customers.retrieve(made.id)
    assert (found.id[:4], found.email, found.name) == ("cus_", "ada@example.org", "Ada")
    assert found.metadata.to_dict() == {"user": "7", "tier": "b"}
    assert found.livemode is False


def test_metadata_is_merged_and_an_empty_value_removes_its_key(client):
    made = client.v1.customers.create({"metadata": {"a": "1", "b": "2"}})
    changed = client.v1.customers.update(made.id, {"metadata": {"a": "", "c": "3"}})
    assert changed.metadata.to_dict() == {"b": "2", "c": "3"}


def test_unknown_customer_is_a_404(client):
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.customers.retrieve("cus_nobody")
    assert (caught.value.http_status, caught.value.code) == (404, "resource_missing")


def test_deleted_customer_says_so_and_loses_its_cards(client):
    customer, method = save_card(client)
    client.v1.customers.delete(customer)
    assert client.v1.customers.retrieve(customer).deleted is True
    assert client.v1.payment_methods.retrieve(method).customer is None
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.setup_intents.create({"customer": customer})


def test_detached_card_serves_nobody(client):
    customer, method = save_card(client)
    client.v1.payment_methods.detach(method)
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payment_methods.attach(method, {"customer": customer})
    assert client.v1.customers.payment_methods.list(customer).data == []


@pytest.mark.parametrize(
    ("token", "code", "decline_code"),
    [
        ("pm_card_visa_chargeDeclined", "card_declined", "generic_decline"),
        (
            "pm_card_visa_chargeDeclinedInsufficientFunds",
            "card_declined",
            "insufficient_funds",
        ),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", None),
        ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", None),
    ],
)
def test_declining_card_cannot_be_attached(client, token, code, decline_code):
    customer = client.v1.customers.create()
    with pytest.raises(stripe.CardError) as caught:
        client.v1.payment_methods.attach(token, {"customer": customer.id})
    error = caught.value
    assert (error.http_status, error.code) == (402, code)
    assert getattr(error.error, "decline_code", None) == decline_code
    assert client.v1.customers.payment_methods.list(customer.id).data == []
