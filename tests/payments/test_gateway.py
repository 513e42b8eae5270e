"""The gateway against the real sandbox process: what it sends, and what it makes of answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from civicfund.payments.access import payment_sources
from civicfund.payments.apps import payments_are_safe
from civicfund.payments.domain import (
    ActionRequired,
    CardDeclined,
    GatewayRefused,
    GatewayUnavailable,
    IntentStatus,
    RateLimited,
    UnexpectedState,
)
from civicfund.payments.gateways import gateway
from civicfund.payments.gateways.stripe import StripeGateway
from civicfund.payments.models import Payer
from civicfund.payments.services import customer_of, save_test_card
from tests.factories.people import UserFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def customer(provider):
    return gateway().create_customer(key="cust:1", metadata={"payer": "1"})


def saved_card(customer, card="pm_card_visa", key="si:1"):
    begun = gateway().create_setup_intent(customer_id=customer, key=key, metadata={"pledge": "1"})
    save_test_card(begun, card)
    return gateway().retrieve_setup_intent(begun.id)


def order(customer, key="pi:1", amount_minor=2500):
    return gateway().create_payment_intent(
        amount_minor=amount_minor, currency="EUR", customer_id=customer, key=key,
        metadata={"pledge": "1"}, transfer_group="campaign-1",
    )  # fmt: skip


def confirm(intent, card, key="cf:1"):
    return gateway().confirm_payment_intent(intent.id, payment_method_id=card, key=key)


def test_a_card_is_saved_and_charged_later(customer):
    saved = saved_card(customer)
    assert (saved.status, saved.card.brand, saved.card.last4) == ("succeeded", "visa", "4242")
    intent = order(customer)
    assert intent.status == IntentStatus.REQUIRES_PAYMENT_METHOD
    assert confirm(intent, saved.payment_method_id).startswith("req_")
    charged = gateway().retrieve_payment_intent(intent.id)
    assert (charged.status, charged.amount_minor, charged.currency) == ("succeeded", 2500, "EUR")
    assert (charged.fee.amount_minor, charged.fee.currency) == (63, "EUR")
    assert timedelta(days=1) < charged.fee.available_at - datetime.now(UTC) <= timedelta(days=2)
    assert charged.charge_id.startswith("ch_")


def test_a_secret_is_never_written_out(customer):
    assert "secret" not in repr(saved_card(customer))


def test_the_same_key_makes_one_of_each(customer):
    saved = saved_card(customer)
    assert order(customer) == order(customer)
    intent = order(customer)
    assert confirm(intent, saved.payment_method_id)
    assert confirm(intent, saved.payment_method_id)


def test_a_declined_card_is_named_with_the_banks_words(customer):
    card = saved_card(customer, "pm_card_chargeCustomerFail").payment_method_id
    intent = order(customer)
    with pytest.raises(CardDeclined) as refusal:
        confirm(intent, card)
    assert type(refusal.value) is CardDeclined
    assert (refusal.value.code, refusal.value.decline_code) == ("card_declined", "generic_decline")
    failure = gateway().retrieve_payment_intent(intent.id).failure
    assert (failure.code, failure.advice_code) == ("card_declined", "try_again_later")
    assert failure.charge_id.startswith("ch_")


def test_a_card_whose_owner_is_needed_is_named_so(customer, provider):
    begun = gateway().create_setup_intent(customer_id=customer, key="si:3ds", metadata={})
    save_test_card(begun, "pm_card_authenticationRequired")
    provider.control("authenticate", intent=begun.id, outcome="complete")
    card = gateway().retrieve_setup_intent(begun.id).payment_method_id
    intent = order(customer)
    with pytest.raises(ActionRequired):
        confirm(intent, card)


def test_a_charge_that_was_made_cannot_be_made_again(customer):
    card = saved_card(customer).payment_method_id
    intent = order(customer)
    confirm(intent, card)
    with pytest.raises(UnexpectedState):
        confirm(intent, card, key="cf:2")
    with pytest.raises(UnexpectedState):
        gateway().cancel_payment_intent(intent.id)


def test_a_cancelled_order_can_never_be_charged(customer):
    card = saved_card(customer).payment_method_id
    intent = order(customer)
    gateway().cancel_payment_intent(intent.id)
    with pytest.raises(UnexpectedState):
        confirm(intent, card)


def test_a_card_that_was_forgotten_cannot_be_charged(customer):
    card = saved_card(customer).payment_method_id
    intent = order(customer)
    gateway().detach_card(card)
    with pytest.raises(GatewayRefused):
        confirm(intent, card)


def test_a_request_that_is_wrong_is_refused_and_not_called_a_decline(customer):
    with pytest.raises(GatewayRefused) as refusal:
        order(customer, amount_minor=1)
    assert refusal.value.code == "amount_too_small"


@pytest.mark.parametrize("kind", ["lose_request", "lose_response", "error_unsaved", "error_saved"])
def test_an_answer_that_does_not_tell_is_never_a_refusal(customer, provider, kind):
    card = saved_card(customer).payment_method_id
    intent = order(customer)
    rule = {"kind": kind, "path": "/confirm$", "probability": 1}
    provider.control("faults", rules=[rule])
    with pytest.raises(GatewayUnavailable):
        confirm(intent, card)


def test_one_lost_answer_is_asked_for_again_under_the_same_key(customer, provider):
    card = saved_card(customer).payment_method_id
    intent = order(customer)
    rule = {"kind": "lose_response", "path": "/confirm$", "times": 1}
    provider.control("faults", rules=[rule | {"probability": 1}])
    assert confirm(intent, card)
    assert provider.control("state")["charge"] == 1


def test_too_many_requests_are_named_so(customer, provider):
    rule = {"kind": "rate_limit", "path": "/v1/payment_intents", "probability": 1}
    provider.control("faults", rules=[rule])
    with pytest.raises(RateLimited):
        order(customer)


def test_a_provider_that_is_not_there_is_unavailable():
    with pytest.raises(GatewayUnavailable):
        StripeGateway("sk_test_1", "http://127.0.0.1:9").create_customer(key="1", metadata={})


def test_nobody_asks_the_provider_inside_a_transaction(provider):
    with pytest.raises(RuntimeError, match="no network call"), transaction.atomic():
        gateway().create_customer(key="1", metadata={})


def test_test_cards_are_not_saved_at_the_real_provider():
    with pytest.raises(RuntimeError, match="only in the sandbox"):
        StripeGateway("sk_test_1", "").save_test_card("seti_1", "pm_card_visa")


def test_a_person_is_one_customer_however_often_they_are_asked_for(provider):
    user = UserFactory()
    first = customer_of(user)
    Payer.objects.update(customer_id="")  # as if a crash had lost the answer
    assert customer_of(user) == first
    assert provider.control("state")["customer"] == 1


def test_a_page_with_card_fields_may_load_that_one_host(settings):
    settings.STRIPE_API_BASE = "http://127.0.0.1:12111"
    settings.STRIPE_JS_URL = "http://127.0.0.1:12111/v3/"
    assert payment_sources()["script-src"] == ["http://127.0.0.1:12111"]
    settings.STRIPE_API_BASE = ""
    assert payment_sources()["connect-src"] == ["https://api.stripe.com"]


SAFE = {
    "STRIPE_SECRET_KEY": "sk_live_1",
    "STRIPE_PUBLISHABLE_KEY": "pk_live_1",
    "STRIPE_WEBHOOK_SECRET": "whsec_1",
    "STRIPE_CONNECT_WEBHOOK_SECRET": "whsec_2",
    "STRIPE_LIVE": True,
    "STRIPE_API_BASE": "",
}


@pytest.mark.parametrize(
    ("given", "errors"),
    [
        ({}, []),
        ({"STRIPE_WEBHOOK_SECRET": " "}, ["payments.E001"]),
        ({"STRIPE_CONNECT_WEBHOOK_SECRET": " "}, ["payments.E005"]),
        ({"STRIPE_PUBLISHABLE_KEY": "pk_test_1"}, ["payments.E002", "payments.E003"]),
        (
            {
                "STRIPE_SECRET_KEY": "sk_test_1",
                "STRIPE_PUBLISHABLE_KEY": "pk_test_1",
                "STRIPE_LIVE": False,
            },
            [],
        ),
        ({"STRIPE_API_BASE": "http://127.0.0.1:12111"}, ["payments.E004"]),
    ],
)
def test_a_deployment_that_is_not_safe_is_told(settings, given, errors):
    for name, value in (SAFE | given).items():
        setattr(settings, name, value)
    assert [error.id for error in payments_are_safe()] == errors
