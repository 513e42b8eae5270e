"""News of those who receive money: an endpoint and a secret of its own, and nothing believed."""

from __future__ import annotations

import json

import pytest
from django.urls import reverse

from civicfund.payments.enums import THIN_EVENTS
from civicfund.payments.models import ProviderEvent
from civicfund.payments.services import fetch_missed_events
from civicfund.payouts.enums import AccountStatus
from civicfund.payouts.models import PayoutAccount
from civicfund.payouts.services.accounts import hear_of_accounts, open_account, read_account
from tests.factories.people import UserFactory
from tests.payments.signing import signed
from tests.stripe.helpers import sandbox_client, wait_until

pytestmark = pytest.mark.django_db(transaction=True)
CAPABILITY = "v2.core.account[configuration.recipient].capability_status_updated"
CONNECT, OURS = "stripe_connect_webhook", "stripe_webhook"


@pytest.fixture
def account(provider):
    return open_account(UserFactory())


@pytest.fixture(params=["snapshot", "thin"])
def news_of(request, provider):
    """The event that the provider sends when it thinks otherwise of an account, in either style."""

    def latest(account, status="active"):
        provider.control("account", account=account.account_id, status=status)
        client = sandbox_client(provider)
        if request.param == "snapshot":
            return snapshot_of(client)
        return json.loads(str(client.v2.core.events.list({"types": [CAPABILITY]}).data[0]))

    latest.style = request.param
    return latest


def snapshot_of(client):
    return json.loads(str(client.v1.events.list({"type": "account.updated"}).data[0]))


def new_snapshot(provider, account):
    provider.control("account", account=account.account_id, status="active")
    return snapshot_of(sandbox_client(provider))


def tell(client, event, secret, *, to=CONNECT):
    payload = json.dumps(event)
    return client.post(
        reverse(to), payload, content_type="application/json",
        headers={"Stripe-Signature": signed(payload, secret)},
    )  # fmt: skip


def status_of(account):
    return PayoutAccount.objects.get(pk=account.pk).status


def test_an_account_that_the_provider_pays_again_is_known_without_a_visit(
    client, provider, account, news_of
):
    event = news_of(account)
    assert tell(client, event, provider.connect_webhook_secret).status_code == 200
    assert status_of(account) == AccountStatus.RESTRICTED
    assert hear_of_accounts(10) == 1
    assert status_of(account) == AccountStatus.ACTIVE
    assert ProviderEvent.objects.get().handled_at is not None
    assert hear_of_accounts(10) == 0


def test_old_news_says_what_is_true_now(client, provider, account, news_of):
    event = news_of(account)
    news_of(account, "restricted")
    tell(client, event, provider.connect_webhook_secret)
    hear_of_accounts(10)
    assert status_of(account) == AccountStatus.RESTRICTED


def test_the_sandbox_itself_tells_the_running_site(provider, account, news_of, live_server):
    provider.control(
        "webhooks", connect_url=live_server.url + reverse(CONNECT),
        connect_secret=provider.connect_webhook_secret, connect_payload=news_of.style,
    )  # fmt: skip
    event = news_of(account)
    wait_until(lambda: provider.control("webhooks")["idle"])
    assert ProviderEvent.objects.get(pk=event["id"]).account == account.account_id
    kinds = {kind.split(".")[0] for kind in ProviderEvent.objects.values_list("type", flat=True)}
    assert kinds == {"v2" if news_of.style == "thin" else "account"}


def test_thin_news_told_twice_shuffled_or_never_come_to_one_end(provider, account, live_server):
    provider.control(
        "webhooks", connect_url=live_server.url + reverse(CONNECT),
        connect_secret=provider.connect_webhook_secret, duplicate=0.5, drop=0.5,
        reorder_seconds=0.2, paused=True,
    )  # fmt: skip
    for status in ("active", "restricted", "active", "pending"):
        provider.control("account", account=account.account_id, status=status)
    listed = sandbox_client(provider).v2.core.events.list({"types": list(THIN_EVENTS)}).data
    provider.control("clock", advance=1)
    provider.control("webhooks", paused=False, seed=1)
    wait_until(lambda: provider.control("webhooks")["idle"])
    heard = ProviderEvent.objects.count()
    assert 0 < heard < len(listed)
    assert fetch_missed_events() == len(listed) - heard
    while hear_of_accounts(10):
        pass
    assert status_of(account) == AccountStatus.PENDING
    assert {each.id for each in listed} == set(ProviderEvent.objects.values_list("pk", flat=True))
    assert not ProviderEvent.objects.filter(handled_at=None).exists()


def test_a_closed_account_is_paid_no_more(client, provider, account):
    provider.control("account", account=account.account_id, status="active")
    read_account(account)
    api = sandbox_client(provider)
    api.v2.core.accounts.close(account.account_id, {"applied_configurations": ["recipient"]})
    told = api.v2.core.events.list({"types": ["v2.core.account.closed"]}).data[0]
    tell(client, json.loads(str(told)), provider.connect_webhook_secret)
    assert status_of(account) == AccountStatus.ACTIVE
    assert hear_of_accounts(10) == 1
    assert status_of(account) == AccountStatus.RESTRICTED


def test_a_thin_event_at_the_endpoint_of_our_own_account_is_refused(client, provider, account):
    provider.control("account", account=account.account_id, status="active")
    told = sandbox_client(provider).v2.core.events.list({"types": [CAPABILITY]}).data[0]
    event = json.loads(str(told))
    for secret in (provider.webhook_secret, provider.connect_webhook_secret):
        assert tell(client, event, secret, to=OURS).status_code == 400
    assert tell(client, event, provider.webhook_secret).status_code == 400
    assert ProviderEvent.objects.count() == 0


@pytest.mark.parametrize("to", [CONNECT, OURS])
def test_each_endpoint_takes_only_what_is_sent_to_it_under_its_secret(
    client, provider, account, to
):
    event = new_snapshot(provider, account)
    of_our_own = event | {"type": "payment_intent.succeeded"}
    del of_our_own["account"]
    right = {CONNECT: provider.connect_webhook_secret, OURS: provider.webhook_secret}
    wrong = right[OURS if to == CONNECT else CONNECT]
    theirs = of_our_own if to == CONNECT else event
    for told, secret in ((event, wrong), (of_our_own, wrong), (theirs, right[to])):
        assert tell(client, told, secret, to=to).status_code == 400
    assert ProviderEvent.objects.count() == 0


def test_what_a_connected_account_does_with_its_own_money_is_forgotten(client, provider, account):
    event = new_snapshot(provider, account) | {"type": "payment_intent.succeeded"}
    assert tell(client, event, provider.connect_webhook_secret).status_code == 200
    assert ProviderEvent.objects.count() == 0


def test_news_of_an_account_that_is_not_ours_changes_nothing(client, provider, account, news_of):
    event = news_of(account)
    PayoutAccount.objects.update(account_id="acct_of_others")
    tell(client, event, provider.connect_webhook_secret)
    assert hear_of_accounts(10) == 1
    assert status_of(account) == AccountStatus.RESTRICTED
