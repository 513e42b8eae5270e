"""Events of Accounts v2, which only say which account has changed."""

from __future__ import annotations

import pytest
import stripe

from tests.stripe.helpers import RECIPIENT, Receiver, wait_until

SECRET = "whsec_connect"
CAPABILITY = "v2.core.account[configuration.recipient].capability_status_updated"


@pytest.fixture
def receiver(sandbox):
    receiver = Receiver()
    sandbox.control("webhooks", connect_url=receiver.url, connect_secret=SECRET)
    yield receiver
    sandbox.control("webhooks", connect_url="")
    receiver.close()


def heard(client, receiver):
    """What came, read as an application reads it."""
    return [
        client.parse_event_notification(body, headers["Stripe-Signature"], SECRET)
        for headers, body in receiver.received
    ]


def settled(sandbox):
    return lambda: sandbox.control("webhooks")["idle"]


def new_account(client):
    return client.v2.core.accounts.create(RECIPIENT).id


def test_a_changed_account_is_told_of_thin_and_signed(sandbox, sandbox_stripe, receiver):
    account = new_account(sandbox_stripe)
    sandbox.control("account", account=account, status="active")
    wait_until(lambda: len(receiver.received) == 4)
    told = heard(sandbox_stripe, receiver)
    assert [each.type for each in told] == [
        "v2.core.account.created",
        CAPABILITY,
        CAPABILITY,
        "v2.core.account[requirements].updated",
    ]
    assert {each.related_object.id for each in told} == {account}
    assert [each.reason.type if each.reason else None for each in told][:2] == ["request", None]
    assert b'"data"' not in receiver.received[1][1]
    assert told[2].fetch_event().data.updated_capability == "stripe_balance.stripe_transfers"
    assert told[2].fetch_related_object().id == account


def test_a_destination_takes_snapshots_or_thin_events(sandbox, sandbox_stripe, receiver):
    sandbox.control("webhooks", connect_payload="snapshot")
    account = new_account(sandbox_stripe)
    sandbox.control("account", account=account, status="active")
    wait_until(lambda: receiver.received)
    wait_until(settled(sandbox))
    assert receiver.types(SECRET) == ["account.updated"]
    with pytest.raises(ValueError, match="thin or snapshot"):
        sandbox.control("webhooks", connect_payload="fat")


def test_nothing_is_said_of_what_did_not_change(sandbox, sandbox_stripe):
    account = new_account(sandbox_stripe)
    sandbox.control("account", account=account, status="restricted")
    assert sandbox_stripe.v2.core.events.list({"types": [CAPABILITY]}).data == []


def test_updates_and_the_end_of_an_account_have_their_own_names(sandbox_stripe):
    account = new_account(sandbox_stripe)
    accounts = sandbox_stripe.v2.core.accounts
    accounts.update(account, {"display_name": "Orchard", "identity": {"entity_type": "individual"}})
    accounts.close(account, {"applied_configurations": ["recipient"]})
    told = [each.type for each in sandbox_stripe.v2.core.events.list({"object_id": account}).data]
    assert told == [
        "v2.core.account.closed",
        "v2.core.account[identity].updated",
        "v2.core.account.updated",
        "v2.core.account.created",
    ]


def test_the_log_comes_in_pages_and_by_type_time_and_object(sandbox, sandbox_stripe):
    events = sandbox_stripe.v2.core.events
    accounts = [new_account(sandbox_stripe) for _ in range(5)]
    listed = events.list({"types": ["v2.core.account.created"], "limit": 2})
    assert len(listed.data) == 2
    assert [each.related_object.id for each in listed.auto_paging_iter()] == accounts[::-1]
    assert [each.id for each in events.list({"object_id": accounts[0]}).data] == [
        list(listed.auto_paging_iter())[-1].id
    ]
    after = {"created": {"gt": listed.data[0].created}}
    assert events.list(after).data == []
    with pytest.raises(stripe.InvalidRequestError):
        events.list({"created": {"gt": "soon"}})
    with pytest.raises(stripe.InvalidRequestError):
        events.list({"delivery_success": False})


def test_the_log_forgets_after_thirty_days(sandbox, sandbox_stripe):
    new_account(sandbox_stripe)
    (event,) = sandbox_stripe.v2.core.events.list().data
    sandbox.control("clock", advance=31 * 86_400)
    assert sandbox_stripe.v2.core.events.list().data == []
    with pytest.raises(stripe.InvalidRequestError):
        sandbox_stripe.v2.core.events.retrieve(event.id)


def test_thin_events_are_duplicated_dropped_and_sent_again(sandbox, sandbox_stripe, receiver):
    sandbox.control("webhooks", duplicate=1.0)
    new_account(sandbox_stripe)
    wait_until(lambda: len(receiver.received) == 2)
    assert len({each.id for each in heard(sandbox_stripe, receiver)}) == 1
    sandbox.control("webhooks", duplicate=0.0, drop=1.0)
    account = new_account(sandbox_stripe)
    wait_until(settled(sandbox))
    assert len(receiver.received) == 2
    sandbox.control("resend")
    wait_until(lambda: len(receiver.received) == 3)
    assert heard(sandbox_stripe, receiver)[-1].related_object.id == account


def test_thin_events_are_delayed_and_reordered(sandbox, sandbox_stripe, receiver):
    sandbox.control("webhooks", delay_seconds=60.0, reorder_seconds=60.0, seed=3)
    made = [new_account(sandbox_stripe) for _ in range(8)]
    wait_until(settled(sandbox))
    assert receiver.received == []
    sandbox.control("clock", advance=120)
    wait_until(lambda: len(receiver.received) == 8)
    came = [each.related_object.id for each in heard(sandbox_stripe, receiver)]
    assert sorted(came) == sorted(made)
    assert came != made


@pytest.mark.parametrize("how", ["signature", "stale"])
def test_a_forged_thin_event_does_not_verify(sandbox, sandbox_stripe, receiver, how):
    new_account(sandbox_stripe)
    wait_until(lambda: receiver.received)
    receiver.received.clear()
    assert sandbox.control("forge", how=how, thin=True) == {"status": 200}
    with pytest.raises(stripe.SignatureVerificationError):
        heard(sandbox_stripe, receiver)
