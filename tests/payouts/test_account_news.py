"""News of those who receive money: an endpoint and a secret of its own, and nothing believed."""

from __future__ import annotations

import json

import pytest
from django.urls import reverse

from civicfund.payments.models import ProviderEvent
from civicfund.payouts.enums import AccountStatus
from civicfund.payouts.models import PayoutAccount
from civicfund.payouts.services.accounts import hear_of_accounts, open_account
from tests.factories.people import UserFactory
from tests.payments.signing import signed
from tests.stripe.helpers import sandbox_client

pytestmark = pytest.mark.django_db(transaction=True)
CONNECT, OURS = "stripe_connect_webhook", "stripe_webhook"


@pytest.fixture
def account(provider):
    return open_account(UserFactory())


def news_of(provider, account, status="active"):
    """The event that the provider sends when it thinks otherwise of an account."""
    provider.control("account", account=account.account_id, status=status)
    told = sandbox_client(provider).v1.events.list({"type": "account.updated"}).data[0]
    return json.loads(str(told))


def tell(client, event, secret, *, to=CONNECT):
    payload = json.dumps(event)
    return client.post(
        reverse(to), payload, content_type="application/json",
        headers={"Stripe-Signature": signed(payload, secret)},
    )  # fmt: skip


def status_of(account):
    return PayoutAccount.objects.get(pk=account.pk).status


def test_an_account_that_the_provider_pays_again_is_known_without_a_visit(
    client, provider, account
):
    event = news_of(provider, account)
    assert tell(client, event, provider.connect_webhook_secret).status_code == 200
    assert status_of(account) == AccountStatus.RESTRICTED
    assert hear_of_accounts(10) == 1
    assert status_of(account) == AccountStatus.ACTIVE
    assert ProviderEvent.objects.get().handled_at is not None
    assert hear_of_accounts(10) == 0


def test_old_news_says_what_is_true_now(client, provider, account):
    event = news_of(provider, account)
    news_of(provider, account, "restricted")
    tell(client, event, provider.connect_webhook_secret)
    hear_of_accounts(10)
    assert status_of(account) == AccountStatus.RESTRICTED


def test_the_sandbox_itself_tells_the_running_site(provider, account, live_server):
    address = live_server.url + reverse(CONNECT)
    provider.control(
        "webhooks", connect_url=address, connect_secret=provider.connect_webhook_secret
    )
    event = news_of(provider, account)
    assert provider.control("resend", events=[event["id"]]) is not None
    while not provider.control("webhooks")["idle"]:
        pass
    assert ProviderEvent.objects.get().account == account.account_id


@pytest.mark.parametrize("to", [CONNECT, OURS])
def test_each_endpoint_takes_only_what_is_sent_to_it_under_its_secret(
    client, provider, account, to
):
    event = news_of(provider, account)
    of_our_own = event | {"type": "payment_intent.succeeded"}
    del of_our_own["account"]
    right = {CONNECT: provider.connect_webhook_secret, OURS: provider.webhook_secret}
    wrong = right[OURS if to == CONNECT else CONNECT]
    theirs = of_our_own if to == CONNECT else event
    for told, secret in ((event, wrong), (of_our_own, wrong), (theirs, right[to])):
        assert tell(client, told, secret, to=to).status_code == 400
    assert ProviderEvent.objects.count() == 0


def test_what_a_connected_account_does_with_its_own_money_is_forgotten(client, provider, account):
    event = news_of(provider, account) | {"type": "payment_intent.succeeded"}
    assert tell(client, event, provider.connect_webhook_secret).status_code == 200
    assert ProviderEvent.objects.count() == 0


def test_news_of_an_account_that_is_not_ours_changes_nothing(client, provider, account):
    event = news_of(provider, account)
    PayoutAccount.objects.update(account_id="acct_of_others")
    tell(client, event, provider.connect_webhook_secret)
    assert hear_of_accounts(10) == 1
    assert status_of(account) == AccountStatus.RESTRICTED
