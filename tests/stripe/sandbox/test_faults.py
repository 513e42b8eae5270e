from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
import stripe

from tests.stripe.helpers import new_payment, sandbox_client, save_card

CONFIRM = "/confirm$"


def confirm(client, intent, key="cf:1"):
    return client.v1.payment_intents.confirm(
        intent.id, {"off_session": True}, {"idempotency_key": key}
    )


@pytest.fixture
def intent(sandbox_stripe):
    customer, method = save_card(sandbox_stripe)
    return new_payment(sandbox_stripe, customer, method)


def strike(sandbox, kind, **more):
    sandbox.control("faults", rules=[{"kind": kind, "path": CONFIRM, "times": 1, **more}])


def charges_of(client, intent):
    return [c.status for c in client.v1.charges.list({"payment_intent": intent.id}).data]


def test_lost_request_charged_nothing(sandbox, sandbox_stripe, intent):
    strike(sandbox, "lose_request")
    with pytest.raises(stripe.APIConnectionError):
        confirm(sandbox_stripe, intent)
    assert charges_of(sandbox_stripe, intent) == []
    assert confirm(sandbox_stripe, intent).status == "succeeded"


def test_lost_response_charged_and_the_same_key_tells(sandbox, sandbox_stripe, intent):
    strike(sandbox, "lose_response")
    with pytest.raises(stripe.APIConnectionError):
        confirm(sandbox_stripe, intent)
    assert charges_of(sandbox_stripe, intent) == ["succeeded"]
    assert confirm(sandbox_stripe, intent).status == "succeeded"
    assert charges_of(sandbox_stripe, intent) == ["succeeded"]


def test_unsaved_500_leaves_the_key_free(sandbox, sandbox_stripe, intent):
    strike(sandbox, "error_unsaved")
    with pytest.raises(stripe.APIError):
        confirm(sandbox_stripe, intent)
    assert charges_of(sandbox_stripe, intent) == []
    assert confirm(sandbox_stripe, intent).status == "succeeded"


def test_locked_object_is_a_429_that_the_sdk_may_retry(sandbox, intent):
    strike(sandbox, "lock_timeout")
    client = sandbox_client(sandbox, max_network_retries=1)
    assert confirm(client, intent).status == "succeeded"
    assert sandbox.control("faults")["struck"] == {"lock_timeout": 1}


def test_saved_500_stays_the_answer_to_its_key(sandbox, sandbox_stripe, intent):
    strike(sandbox, "error_saved")
    for _ in range(2):
        with pytest.raises(stripe.APIError):
            confirm(sandbox_stripe, intent)
    found = sandbox_stripe.v1.payment_intents.retrieve(intent.id)
    assert found.status == "succeeded"
    assert charges_of(sandbox_stripe, intent) == ["succeeded"]


def test_key_in_use_is_a_409(sandbox, sandbox_stripe, intent):
    def outcome(_):
        try:
            return confirm(sandbox_client(sandbox), intent).status
        except stripe.APIError as error:
            return error.http_status, error.json_body["error"]["code"]

    strike(sandbox, "slow", seconds=3.0)
    with ThreadPoolExecutor(2) as pool:
        outcomes = set(pool.map(outcome, range(2)))
    assert outcomes == {"succeeded", (409, "idempotency_key_in_use")}
    assert charges_of(sandbox_stripe, intent) == ["succeeded"]


def test_storm_of_confirms_charges_once(sandbox, sandbox_stripe, intent):
    def outcome(n):
        try:
            return confirm(sandbox_client(sandbox), intent, key=f"cf:{n}").status
        except stripe.InvalidRequestError as error:
            return error.code

    with ThreadPoolExecutor(8) as pool:
        outcomes = Counter(pool.map(outcome, range(40)))
    assert outcomes == {"succeeded": 1, "payment_intent_unexpected_state": 39}
    assert charges_of(sandbox_stripe, intent) == ["succeeded"]


def test_rate_limit_per_endpoint_refuses_the_6th_in_a_second(sandbox, sandbox_stripe):
    """Not one of Stripe's own 25: so many a slow machine may not even ask in a second."""
    customer = sandbox_stripe.v1.customers.create()
    sandbox.control("limits", per_endpoint=5)
    refused = 0
    for _ in range(60):
        try:
            sandbox_stripe.v1.customers.retrieve(customer.id)
        except stripe.RateLimitError:
            refused += 1
    highest = sandbox.control("limits")["highest"]["GET /v1/customers/{customer}"]
    assert highest <= 5
    assert refused > 0


def test_key_is_forgotten_after_a_day(sandbox, sandbox_stripe):
    options = {"idempotency_key": "day"}
    first = sandbox_stripe.v1.customers.create({"name": "Ada"}, options)
    sandbox.control("clock", advance=24 * 3600 - 60)
    assert sandbox_stripe.v1.customers.create({"name": "Ada"}, options).id == first.id
    sandbox.control("clock", advance=120)
    assert sandbox_stripe.v1.customers.create({"name": "Ada"}, options).id != first.id


def test_clock_makes_pending_money_available(sandbox, sandbox_stripe):
    customer, method = save_card(sandbox_stripe)
    intent = new_payment(sandbox_stripe, customer, method, amount=1000)
    confirm(sandbox_stripe, intent)
    fee = 59  # 2.9 % of 1000, and 30
    assert sandbox_stripe.v1.balance.retrieve().pending[0].amount == 1000 - fee
    sandbox.control("clock", advance=2 * 86_400)
    assert sandbox_stripe.v1.balance.retrieve().available[0].amount == 1000 - fee
    assert sandbox_stripe.v1.balance.retrieve().pending[0].amount == 0


def test_unknown_fault_is_refused_and_changes_nothing(sandbox, sandbox_stripe):
    with pytest.raises(ValueError, match="A fault is one of"):
        sandbox.control("faults", rules=[{"kind": "gremlins"}])
    assert sandbox_stripe.v1.customers.create().id.startswith("cus_")


def test_card_can_be_made_to_fail_later(sandbox, sandbox_stripe):
    customer, method = save_card(sandbox_stripe)
    sandbox.control("card", payment_method=method, outcome="lost_card")
    intent = new_payment(sandbox_stripe, customer, method)
    with pytest.raises(stripe.CardError) as caught:
        confirm(sandbox_stripe, intent)
    error = caught.value.error
    assert (error.decline_code, error.advice_code) == ("lost_card", "do_not_try_again")


def test_parameter_the_sandbox_gives_no_meaning_is_refused(sandbox_stripe):
    with pytest.raises(stripe.InvalidRequestError) as caught:
        sandbox_stripe.v1.payment_intents.create(
            {"amount": 500, "currency": "usd", "application_fee_amount": 5}
        )
    assert caught.value.code == "sandbox_does_not_model"
