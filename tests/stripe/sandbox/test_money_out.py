"""Connected accounts, transfers to them, and payouts."""

from __future__ import annotations

import pytest
import stripe

from tests.stripe.helpers import RECIPIENT, Receiver, charge, status_of, wait_until

AVAILABLE = "pm_card_bypassPending"


@pytest.fixture
def garden(sandbox, sandbox_stripe):
    """An onboarded account."""
    account = sandbox_stripe.v2.core.accounts.create(RECIPIENT)
    sandbox.control("account", account=account.id, status="active")
    return account.id


def transfer(client, destination, amount=1000, **more):
    return client.v1.transfers.create(
        {"amount": amount, "currency": "usd", "destination": destination, **more}
    )


def available(client, account=None):
    options = {"stripe_account": account} if account else {}
    lines = client.v1.balance.retrieve(options=options).available
    return lines[0].amount if lines else 0


def test_new_account_takes_no_transfers_until_it_is_onboarded(sandbox, sandbox_stripe):
    charge(sandbox_stripe, AVAILABLE, amount=5000)
    account = sandbox_stripe.v2.core.accounts.create(RECIPIENT)
    assert status_of(account) == "restricted"
    with pytest.raises(stripe.InvalidRequestError) as caught:
        transfer(sandbox_stripe, account.id)
    assert caught.value.code == "insufficient_capabilities_for_transfer"
    sandbox.control("account", account=account.id, status="active")
    found = sandbox_stripe.v2.core.accounts.retrieve(
        account.id, {"include": ["configuration.recipient"]}
    )
    assert status_of(found) == "active"
    assert transfer(sandbox_stripe, account.id).amount == 1000


def test_account_shows_only_the_parts_asked_for(sandbox_stripe, garden):
    plain = sandbox_stripe.v2.core.accounts.retrieve(garden)
    assert (plain.configuration, plain.identity) == (None, None)
    full = sandbox_stripe.v2.core.accounts.retrieve(garden, {"include": ["identity"]})
    assert full.identity.country == "us"


def test_onboarding_link_leads_to_a_page_of_the_sandbox(sandbox, sandbox_stripe):
    account = sandbox_stripe.v2.core.accounts.create(RECIPIENT)
    link = sandbox_stripe.v2.core.account_links.create(
        {
            "account": account.id,
            "use_case": {
                "type": "account_onboarding",
                "account_onboarding": {
                    "refresh_url": "https://example.org/again",
                    "return_url": "https://example.org/back",
                },
            },
        }
    )
    assert link.url.startswith(f"{sandbox.url}/onboarding/")


def test_transfer_moves_available_money_and_no_more(sandbox_stripe, garden):
    charge(sandbox_stripe, AVAILABLE, amount=5000)
    before = available(sandbox_stripe)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        transfer(sandbox_stripe, garden, amount=before + 1)
    assert caught.value.code == "balance_insufficient"
    assert sandbox_stripe.v1.transfers.list().data == []
    made = transfer(sandbox_stripe, garden, amount=1000, transfer_group="campaign-3")
    assert available(sandbox_stripe) == before - 1000
    assert available(sandbox_stripe, garden) == 1000
    found = sandbox_stripe.v1.transfers.list({"transfer_group": "campaign-3"}).data
    assert [one.id for one in found] == [made.id]


def test_pending_money_cannot_be_transferred_but_through_its_charge(
    sandbox, sandbox_stripe, garden
):
    intent = charge(sandbox_stripe, amount=5000)
    with pytest.raises(stripe.InvalidRequestError):
        transfer(sandbox_stripe, garden)
    transfer(sandbox_stripe, garden, amount=4000, source_transaction=intent.latest_charge.id)
    assert available(sandbox_stripe, garden) == 0
    with pytest.raises(stripe.InvalidRequestError):
        transfer(sandbox_stripe, garden, amount=1001, source_transaction=intent.latest_charge.id)
    sandbox.control("clock", advance=2 * 86_400)
    assert available(sandbox_stripe, garden) == 4000


def test_transfer_is_reversed_as_far_as_the_account_holds_it(sandbox, sandbox_stripe, garden):
    charge(sandbox_stripe, AVAILABLE, amount=5000)
    made = transfer(sandbox_stripe, garden, amount=3000)
    reversal = sandbox_stripe.v1.transfers.reversals.create(made.id, {"amount": 1000})
    found = sandbox_stripe.v1.transfers.retrieve(made.id)
    assert (found.amount_reversed, found.reversed) == (1000, False)
    assert [one.id for one in found.reversals.data] == [reversal.id]
    sandbox_stripe.v1.payouts.create(
        {"amount": 1500, "currency": "usd"}, {"stripe_account": garden}
    )
    with pytest.raises(stripe.InvalidRequestError) as caught:
        sandbox_stripe.v1.transfers.reversals.create(made.id, {"amount": 501})
    assert caught.value.code == "balance_insufficient"
    with pytest.raises(stripe.InvalidRequestError):
        sandbox_stripe.v1.transfers.reversals.create(made.id, {"amount": 2001})
    sandbox_stripe.v1.transfers.reversals.create(made.id, {"amount": 500})
    assert available(sandbox_stripe, garden) == 0


def test_payout_takes_available_money_only_and_arrives(sandbox, sandbox_stripe):
    charge(sandbox_stripe, amount=5000)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        sandbox_stripe.v1.payouts.create({"amount": 100, "currency": "usd"})
    assert caught.value.code == "balance_insufficient"
    sandbox.control("clock", advance=2 * 86_400)
    payout = sandbox_stripe.v1.payouts.create({"amount": 100, "currency": "usd"})
    assert (payout.status, payout.automatic) == ("pending", False)
    sandbox.control("clock", advance=86_400)
    assert sandbox_stripe.v1.payouts.retrieve(payout.id).status == "paid"


def test_failed_payout_comes_back_to_the_balance(sandbox, sandbox_stripe):
    charge(sandbox_stripe, AVAILABLE, amount=5000)
    before = available(sandbox_stripe)
    payout = sandbox_stripe.v1.payouts.create({"amount": 4000, "currency": "usd"})
    assert available(sandbox_stripe) == before - 4000
    sandbox.control("payout", payout=payout.id)
    found = sandbox_stripe.v1.payouts.retrieve(payout.id)
    assert (found.status, found.failure_code) == ("failed", "account_closed")
    assert available(sandbox_stripe) == before


def test_automatic_payout_names_the_lines_it_is_made_of(sandbox, sandbox_stripe, garden):
    first = charge(sandbox_stripe, AVAILABLE, amount=5000)
    charge(sandbox_stripe, amount=7000)
    transfer(sandbox_stripe, garden, amount=1000)
    payout = sandbox.control("payout", currency="usd")
    lines = sandbox_stripe.v1.balance_transactions.list({"payout": payout["id"]}).data
    assert sorted(line.type for line in lines) == ["charge", "payout", "transfer"]
    assert sum(line.net for line in lines) == 0
    assert first.latest_charge.balance_transaction.id in {line.id for line in lines}
    sandbox.control("clock", advance=86_400)
    found = sandbox_stripe.v1.payouts.retrieve(payout["id"])
    assert found.reconciliation_status == "completed"
    events = sandbox_stripe.v1.events.list({"type": "payout.reconciliation_completed"}).data
    assert len(events) == 1


def test_events_of_connected_accounts_have_an_endpoint_of_their_own(sandbox, sandbox_stripe):
    own, connected = Receiver(), Receiver()
    sandbox.control(
        "webhooks", url=own.url, connect_url=connected.url, connect_secret="whsec_connect",
        connect_payload="snapshot",
    )  # fmt: skip
    account = sandbox_stripe.v2.core.accounts.create(RECIPIENT)
    sandbox.control("account", account=account.id, status="active")
    wait_until(lambda: connected.received)
    (event,) = connected.events("whsec_connect")
    assert (event.type, event.account) == ("account.updated", account.id)
    assert own.received == []
    for receiver in (own, connected):
        receiver.close()
