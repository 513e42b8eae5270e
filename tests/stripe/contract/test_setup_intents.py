from __future__ import annotations

import pytest
import stripe

from tests.stripe.helpers import HERE, save_card


def setup(client, token, **more):
    customer = client.v1.customers.create()
    return client.v1.setup_intents.create(
        {"customer": customer.id, "payment_method": token, "confirm": True, **more}
    )


def test_success_gives_the_card_to_the_customer(client):
    customer, method = save_card(client)
    found = client.v1.payment_methods.retrieve(method)
    assert (found.customer, found.card.last4) == (customer, "4242")
    cards = client.v1.customers.payment_methods.list(customer)
    assert [card.id for card in cards.data] == [method]


def test_new_intent_waits_for_a_card(client):
    intent = client.v1.setup_intents.create({"usage": "off_session", "metadata": {"pledge": "9"}})
    assert (intent.status, intent.usage) == ("requires_payment_method", "off_session")
    assert intent.client_secret.startswith(f"{intent.id}_secret_")
    assert intent.metadata.to_dict() == {"pledge": "9"}


def test_declined_card_is_not_saved(client):
    with pytest.raises(stripe.CardError) as caught:
        setup(client, "pm_card_visa_chargeDeclined", automatic_payment_methods=HERE)
    assert caught.value.code == "card_declined"
    intent = client.v1.setup_intents.retrieve(caught.value.error.setup_intent.id)
    assert intent.status == "requires_payment_method"
    assert intent.last_setup_error.code == "card_declined"
    assert client.v1.customers.payment_methods.list(intent.customer).data == []


def test_card_that_wants_3d_secure_stops_at_requires_action(client):
    intent = setup(
        client,
        "pm_card_authenticationRequiredOnSetup",
        return_url="https://example.org/back",
    )
    assert intent.status == "requires_action"
    assert intent.next_action.type == "redirect_to_url"
    assert intent.next_action.redirect_to_url.return_url == "https://example.org/back"


def test_confirming_needs_a_return_url_while_redirects_are_allowed(client):
    with pytest.raises(stripe.InvalidRequestError) as caught:
        setup(client, "pm_card_visa")
    assert "return_url" in str(caught.value)


def test_finished_intent_cannot_be_confirmed_again(client):
    intent = setup(client, "pm_card_visa", automatic_payment_methods=HERE)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.setup_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})
    assert caught.value.code == "setup_intent_unexpected_state"


def test_canceled_intent_cannot_be_confirmed(client):
    intent = client.v1.setup_intents.create({"automatic_payment_methods": HERE})
    canceled = client.v1.setup_intents.cancel(intent.id, {"cancellation_reason": "abandoned"})
    assert (canceled.status, canceled.cancellation_reason) == ("canceled", "abandoned")
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.setup_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})
