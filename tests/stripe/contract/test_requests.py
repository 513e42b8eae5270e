from __future__ import annotations

import pytest
import stripe

from tests.stripe.helpers import HERE


@pytest.mark.parametrize(
    ("params", "code", "param"),
    [
        ({"amount": 500, "currency": "usd", "colour": "red"}, "parameter_unknown", "colour"),
        ({"currency": "usd"}, "parameter_missing", "amount"),
        ({"amount": "5.00", "currency": "usd"}, "parameter_invalid_integer", "amount"),
        (
            {"amount": 500, "currency": "usd", "automatic_payment_methods": {"on": True}},
            "parameter_unknown",
            "automatic_payment_methods[on]",
        ),
    ],
)
def test_parameter_that_stripe_does_not_know_is_named(client, params, code, param):
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.create(params)
    assert (caught.value.code, caught.value.param) == (code, param)


def test_word_outside_an_enumeration_is_refused(client):
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.setup_intents.create({"usage": "sometimes", "automatic_payment_methods": HERE})
    assert caught.value.param == "usage"


def test_answers_carry_a_request_id_and_the_version_asked_for(client):
    answer = client.v1.customers.create().last_response
    assert answer.headers["Request-Id"].startswith("req_")
    assert answer.headers["Stripe-Version"] == stripe.api_version
