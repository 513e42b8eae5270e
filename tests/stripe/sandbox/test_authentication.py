from __future__ import annotations

import pytest
import stripe

from tests.stripe.helpers import new_payment, save_card

BACK = "https://example.org/back"


def start_setup(client, token):
    customer = client.v1.customers.create()
    return client.v1.setup_intents.create(
        {
            "customer": customer.id,
            "payment_method": token,
            "confirm": True,
            "return_url": BACK,
        }
    )


def test_card_set_up_with_3d_secure_works_off_session_later(sandbox, sandbox_stripe):
    intent = start_setup(sandbox_stripe, "pm_card_authenticationRequiredOnSetup")
    sandbox.control("authenticate", intent=intent.id, outcome="complete")
    done = sandbox_stripe.v1.setup_intents.retrieve(intent.id)
    assert done.status == "succeeded"
    payment = new_payment(sandbox_stripe, done.customer, done.payment_method)
    paid = sandbox_stripe.v1.payment_intents.confirm(payment.id, {"off_session": True})
    assert paid.status == "succeeded"


def test_failed_3d_secure_saves_nothing(sandbox, sandbox_stripe):
    intent = start_setup(sandbox_stripe, "pm_card_authenticationRequiredOnSetup")
    sandbox.control("authenticate", intent=intent.id, outcome="fail")
    failed = sandbox_stripe.v1.setup_intents.retrieve(intent.id)
    assert failed.status == "requires_payment_method"
    assert failed.last_setup_error.code == "setup_intent_authentication_failure"
    assert sandbox_stripe.v1.customers.payment_methods.list(failed.customer).data == []


def test_payer_who_comes_back_can_finish_the_same_intent(sandbox, sandbox_stripe):
    setup = start_setup(sandbox_stripe, "pm_card_authenticationRequired")
    sandbox.control("authenticate", intent=setup.id, outcome="complete")
    saved = sandbox_stripe.v1.setup_intents.retrieve(setup.id)
    payment = new_payment(sandbox_stripe, saved.customer, saved.payment_method)
    with pytest.raises(stripe.CardError):
        sandbox_stripe.v1.payment_intents.confirm(payment.id, {"off_session": True})
    here = sandbox_stripe.v1.payment_intents.confirm(
        payment.id, {"payment_method": saved.payment_method, "return_url": BACK}
    )
    assert here.status == "requires_action"
    sandbox.control("authenticate", intent=payment.id, outcome="complete")
    assert sandbox_stripe.v1.payment_intents.retrieve(payment.id).status == "succeeded"


def test_authentication_is_over_once(sandbox, sandbox_stripe):
    intent = start_setup(sandbox_stripe, "pm_card_authenticationRequiredOnSetup")
    sandbox.control("authenticate", intent=intent.id, outcome="complete")
    with pytest.raises(ValueError, match="over"):
        sandbox.control("authenticate", intent=intent.id, outcome="fail")
    assert sandbox_stripe.v1.setup_intents.retrieve(intent.id).status == "succeeded"


def test_confirming_again_retires_the_first_page(sandbox, sandbox_stripe):
    customer, _ = save_card(sandbox_stripe)
    payment = new_payment(sandbox_stripe, customer, "pm_card_threeDSecure2Required")
    first = sandbox_stripe.v1.payment_intents.confirm(payment.id, {"return_url": BACK})
    assert first.status == "requires_action"
    paid = sandbox_stripe.v1.payment_intents.confirm(
        payment.id, {"payment_method": "pm_card_visa", "return_url": BACK}
    )
    assert (paid.status, paid.next_action) == ("succeeded", None)
    with pytest.raises(ValueError, match="over"):
        sandbox.control("authenticate", intent=payment.id, outcome="complete")
    assert len(sandbox_stripe.v1.charges.list({"payment_intent": payment.id}).data) == 1
