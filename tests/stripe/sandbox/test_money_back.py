"""Refunds that take their time, and disputes."""

from __future__ import annotations

import pytest
import stripe

from tests.stripe.helpers import charge

FEE_OF_2500 = 103  # 2.9 % and 30, rounded half up
DISPUTE_FEE = 1500


def held(client):
    """What the account holds, available or pending."""
    balance = client.v1.balance.retrieve()
    return sum(part[0].amount for part in (balance.available, balance.pending) if part)


def test_slow_refund_settles_after_a_while(sandbox, sandbox_stripe):
    intent = charge(sandbox_stripe, "pm_card_pendingRefund")
    refund = sandbox_stripe.v1.refunds.create({"payment_intent": intent.id})
    assert (refund.status, refund.pending_reason) == ("pending", "processing")
    sandbox.control("clock", advance=60)
    assert sandbox_stripe.v1.refunds.retrieve(refund.id).status == "succeeded"


def test_refund_that_the_bank_sends_back_is_ours_again(sandbox, sandbox_stripe):
    intent = charge(sandbox_stripe, "pm_card_refundFail")
    refund = sandbox_stripe.v1.refunds.create({"payment_intent": intent.id})
    assert refund.status == "succeeded"
    assert held(sandbox_stripe) == -FEE_OF_2500
    sandbox.control("clock", advance=60)
    failed = sandbox_stripe.v1.refunds.retrieve(refund.id)
    assert (failed.status, failed.failure_reason) == ("failed", "expired_or_canceled_card")
    assert held(sandbox_stripe) == 2500 - FEE_OF_2500
    found = sandbox_stripe.v1.charges.retrieve(intent.latest_charge.id)
    assert (found.amount_refunded, found.refunded) == (0, False)


def test_refund_waits_for_money(sandbox, sandbox_stripe):
    sandbox.control("refunds", covered_only=True)
    intent = charge(sandbox_stripe, amount=2500)
    sandbox.control("clock", advance=2 * 86_400)
    sandbox_stripe.v1.payouts.create({"amount": 2000, "currency": "usd"})
    refund = sandbox_stripe.v1.refunds.create({"payment_intent": intent.id})
    assert (refund.status, refund.pending_reason) == ("pending", "insufficient_funds")
    charge(sandbox_stripe, amount=5000)
    sandbox.control("clock", advance=60)
    found = sandbox_stripe.v1.refunds.retrieve(refund.id)
    assert (found.status, found.pending_reason) == ("succeeded", None)


def disputed(sandbox, client):
    intent = charge(client, "pm_card_createDispute")
    sandbox.control("clock", advance=0)
    (dispute,) = client.v1.disputes.list({"payment_intent": intent.id}).data
    return intent, dispute


def test_dispute_takes_the_money_and_a_fee(sandbox, sandbox_stripe):
    intent, dispute = disputed(sandbox, sandbox_stripe)
    assert (dispute.status, dispute.amount, dispute.reason) == (
        "needs_response",
        2500,
        "fraudulent",
    )
    assert held(sandbox_stripe) == -FEE_OF_2500 - DISPUTE_FEE
    assert sandbox_stripe.v1.charges.retrieve(intent.latest_charge.id).disputed is True


def test_disputed_charge_cannot_be_refunded(sandbox, sandbox_stripe):
    intent, _ = disputed(sandbox, sandbox_stripe)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        sandbox_stripe.v1.refunds.create({"payment_intent": intent.id})
    assert caught.value.code == "charge_disputed"
    assert sandbox_stripe.v1.refunds.list().data == []


@pytest.mark.parametrize(
    ("evidence", "outcome", "balance"),
    [
        ("winning_evidence", "won", 2500 - FEE_OF_2500),
        ("losing_evidence", "lost", -FEE_OF_2500 - DISPUTE_FEE),
    ],
)
def test_evidence_decides(sandbox, sandbox_stripe, evidence, outcome, balance):
    _, dispute = disputed(sandbox, sandbox_stripe)
    sent = sandbox_stripe.v1.disputes.update(
        dispute.id, {"evidence": {"uncategorized_text": evidence}}
    )
    assert sent.status == "under_review"
    sandbox.control("clock", advance=60)
    assert sandbox_stripe.v1.disputes.retrieve(dispute.id).status == outcome
    assert held(sandbox_stripe) == balance


def test_accepted_dispute_is_lost_and_stays_lost(sandbox, sandbox_stripe):
    _, dispute = disputed(sandbox, sandbox_stripe)
    assert sandbox_stripe.v1.disputes.close(dispute.id).status == "lost"
    with pytest.raises(stripe.InvalidRequestError):
        sandbox_stripe.v1.disputes.close(dispute.id)
    with pytest.raises(ValueError, match="already lost"):
        sandbox.control("dispute", dispute=dispute.id, outcome="won")


def test_charge_refunded_in_full_cannot_be_disputed(sandbox, sandbox_stripe):
    intent = charge(sandbox_stripe)
    sandbox_stripe.v1.refunds.create({"payment_intent": intent.id})
    with pytest.raises(ValueError, match="fully refunded"):
        sandbox.control("dispute", charge=intent.latest_charge.id)
    assert sandbox_stripe.v1.disputes.list().data == []


def test_dispute_tells_its_story_in_events(sandbox, sandbox_stripe):
    _, dispute = disputed(sandbox, sandbox_stripe)
    sandbox.control("dispute", dispute=dispute.id, outcome="won")
    events = sandbox_stripe.v1.events.list({"types": ["charge.dispute.*"]}).data
    assert [event.type for event in reversed(events)] == [
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.funds_reinstated",
        "charge.dispute.closed",
    ]


def test_payment_may_be_processing_for_days(sandbox, sandbox_stripe):
    intent = charge(sandbox_stripe)
    sandbox.control("card", payment_method=intent.payment_method, outcome="processing")
    second = sandbox_stripe.v1.payment_intents.create(
        {
            "amount": 900,
            "currency": "usd",
            "customer": intent.customer,
            "payment_method": intent.payment_method,
            "off_session": True,
            "confirm": True,
            "return_url": "https://example.org/back",
        }
    )
    assert (second.status, second.amount_received) == ("processing", 0)
    with pytest.raises(stripe.InvalidRequestError):
        sandbox_stripe.v1.payment_intents.cancel(second.id)
    sandbox.control("settle", intent=second.id, outcome="succeed")
    found = sandbox_stripe.v1.payment_intents.retrieve(second.id)
    assert (found.status, found.amount_received) == ("succeeded", 900)
    assert len(sandbox_stripe.v1.charges.list({"payment_intent": second.id}).data) == 1
