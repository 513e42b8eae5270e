from __future__ import annotations

import pytest
import stripe

from tests.stripe.helpers import Receiver, charge, wait_until


@pytest.fixture
def receiver(sandbox):
    receiver = Receiver()
    sandbox.control("webhooks", url=receiver.url)
    yield receiver
    sandbox.control("webhooks", url="")
    receiver.close()


def settled(sandbox):
    return lambda: sandbox.control("webhooks")["idle"]


def undelivered(client):
    return [event.type for event in client.v1.events.list({"delivery_success": False}).data]


def test_events_come_signed(sandbox, sandbox_stripe, receiver):
    charge(sandbox_stripe)
    wait_until(lambda: len(receiver.received) == 7)
    assert receiver.types(sandbox.webhook_secret) == [
        "customer.created",
        "setup_intent.created",
        "payment_method.attached",
        "setup_intent.succeeded",
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
    ]
    wait_until(lambda: undelivered(sandbox_stripe) == [])


def test_other_secret_does_not_verify(sandbox, sandbox_stripe, receiver):
    sandbox_stripe.v1.customers.create()
    wait_until(lambda: receiver.received)
    with pytest.raises(stripe.SignatureVerificationError):
        receiver.events("whsec_other")


def test_refused_event_comes_again(sandbox, sandbox_stripe, receiver):
    receiver.statuses = [500, 500]
    sandbox_stripe.v1.customers.create()
    wait_until(lambda: len(receiver.received) == 1)
    wait_until(settled(sandbox))
    assert undelivered(sandbox_stripe) == ["customer.created"]
    sandbox.control("clock", advance=2)
    wait_until(lambda: len(receiver.received) == 2)
    wait_until(settled(sandbox))
    sandbox.control("clock", advance=30)
    wait_until(lambda: len(receiver.received) == 3)
    wait_until(lambda: undelivered(sandbox_stripe) == [])


def test_event_that_nobody_takes_stays_in_the_log(sandbox, sandbox_stripe, receiver):
    receiver.statuses = [500] * 4
    sandbox_stripe.v1.customers.create()
    for tries, wait in enumerate((0, 2, 30, 300), start=1):
        sandbox.control("clock", advance=wait)
        wait_until(lambda tries=tries: len(receiver.received) == tries)
        wait_until(settled(sandbox))  # its answer is read, and the next try has its time
    sandbox.control("clock", advance=86_400)
    wait_until(settled(sandbox))
    assert len(receiver.received) == 4
    assert undelivered(sandbox_stripe) == ["customer.created"]


def test_dropped_event_is_found_in_the_log_only(sandbox, sandbox_stripe, receiver):
    sandbox.control("webhooks", drop=1.0)
    sandbox_stripe.v1.customers.create()
    wait_until(settled(sandbox))
    assert receiver.received == []
    assert undelivered(sandbox_stripe) == ["customer.created"]
    sandbox.control("resend")
    wait_until(lambda: len(receiver.received) == 1)


def test_duplicated_event_comes_twice_with_one_id(sandbox, sandbox_stripe, receiver):
    sandbox.control("webhooks", duplicate=1.0)
    sandbox_stripe.v1.customers.create()
    wait_until(lambda: len(receiver.received) == 2)
    assert len({event.id for event in receiver.events(sandbox.webhook_secret)}) == 1


def test_reordered_events_come_in_another_order(sandbox, sandbox_stripe, receiver):
    sandbox.control("webhooks", reorder_seconds=1.0, seed=3)
    made = [sandbox_stripe.v1.customers.create().id for _ in range(8)]
    wait_until(lambda: len(receiver.received) == 8)
    came = [event.data.object.id for event in receiver.events(sandbox.webhook_secret)]
    assert sorted(came) == sorted(made)
    assert came != made


def test_whoever_asks_how_things_stand_leaves_chance_alone(sandbox, sandbox_stripe, receiver):
    sandbox.control("webhooks", drop=0.5, seed=1)
    for _ in range(12):
        sandbox_stripe.v1.customers.create()
        wait_until(settled(sandbox))
    assert 0 < len(receiver.received) < 12
    assert len(undelivered(sandbox_stripe)) == 12 - len(receiver.received)


@pytest.mark.parametrize("how", ["signature", "stale"])
def test_forged_event_does_not_verify(sandbox, sandbox_stripe, receiver, how):
    sandbox_stripe.v1.customers.create()
    wait_until(lambda: receiver.received)
    receiver.received.clear()
    assert sandbox.control("forge", how=how) == {"status": 200}
    with pytest.raises(stripe.SignatureVerificationError):
        receiver.events(sandbox.webhook_secret)


def test_events_are_sent_to_this_machine_only(sandbox):
    with pytest.raises(ValueError, match="this machine only"):
        sandbox.control("webhooks", url="http://203.0.113.5/hook")
    assert sandbox.control("webhooks")["url"] == ""
