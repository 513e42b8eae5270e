"""Our books beside the provider's, against the real sandbox: all that differs, and nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest

from civicfund.audit.services import db_now
from civicfund.payments.domain import GatewayUnavailable
from civicfund.payments.models import ProviderEvent
from civicfund.payments.services import fetch_missed_events
from civicfund.payouts.services.accounts import approve_account, open_account, read_account
from civicfund.pledges.enums import PledgeState
from civicfund.pledges.models import ChargeAttempt
from civicfund.pledges.services import steps
from civicfund.pledges.services.closing import decide_if_time
from civicfund.pledges.services.releasing import book_released
from civicfund.reconciliation.models import Difference, Reconciliation
from civicfund.reconciliation.selectors import difference_count, is_overdue, next_start
from civicfund.reconciliation.services.comparing import reconcile, reconcile_next
from tests.factories.payouts import new_treasurer
from tests.factories.pledges import CampaignFactory, PledgeFactory, soon
from tests.pledges.promises import end, promise
from tests.reconciliation.defects import (
    AT_ONCE,
    KINDS,
    Town,
    answer_never_came,
    charge_that_never_was,
)
from tests.sizes import size
from tests.stripe.helpers import RECIPIENT, charge, sandbox_client

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

OF_EACH_KIND = size(1, 5)
CHARGES = size(8, 10_000)


@pytest.fixture
def town(provider, settings):
    """A campaign that is collected but for a few, whose owner can be paid."""
    return town_of(8, provider, settings)


@pytest.fixture
def large_town(provider, settings):
    """The same, as large as a proof deserves."""
    return town_of(CHARGES, provider, settings)


def town_of(charges, provider, settings):
    settings.CLOSING_GRACE_SECONDS = 0
    settings.PAYOUT_RESERVE_PERCENT = 0
    settings.REFUND_ALONE_MINOR = 1_000_000
    campaign = CampaignFactory(goal_minor=1, deadline_at=soon(days=1))
    owed = [promise(campaign, card=AT_ONCE) for _ in range(OF_EACH_KIND)]
    # One card for all: what is compared are charges, and saving a card takes four calls.
    first = promise(campaign, card=AT_ONCE)
    card = {"customer_id": first.customer_id, "payment_method_id": first.payment_method_id}
    more = PledgeFactory.create_batch(charges - 1, campaign=campaign, **card)
    end(campaign)
    assert decide_if_time(campaign) is not None
    collected = [first, *more]
    for pledge in (*owed, *collected):
        pledge.refresh_from_db()
    for pledge in collected:
        steps.take_step(pledge.pk)
    book_released(charges)
    account = open_account(campaign.project.proposer)
    provider.control("account", account=account.account_id, status="active")
    approve_account(read_account(account), by=new_treasurer())
    return Town(provider, sandbox_client(provider), campaign, collected, owed)


def run():
    """All that has happened until now, and a little beyond: the provider's clock has seconds."""
    return reconcile(db_now() - timedelta(days=1), db_now() + timedelta(seconds=2))


def found():
    return {
        (row.kind, row.object_id, "healed" if row.healed else row.defect)
        for row in Difference.objects.all()
    }


def test_books_that_are_right_are_found_right(large_town):
    """The control of the test below: nothing is found where nothing was sown."""
    done = run()
    assert (done.compared, done.differing, done.healed) == (CHARGES, 0, 0)
    assert done.finished_at is not None
    assert found() == set()


def test_every_defect_that_was_sown_is_found_and_nothing_else(large_town):
    sown = {kind(large_town) for kind in KINDS for _ in range(OF_EACH_KIND)}
    assert len(sown) == len(KINDS) * OF_EACH_KIND
    first = run()
    assert found() == sown
    assert first.healed == sum(how == "healed" for _, _, how in sown)
    assert first.differing == difference_count() == len(sown) - first.healed
    second = run()
    assert found() == sown
    assert (second.healed, second.differing) == (0, first.differing)


def test_what_was_charged_and_never_booked_is_booked(town):
    pledge = town.owed[-1]
    answer_never_came(town)
    pledge.refresh_from_db()
    assert pledge.state == PledgeState.CHARGING
    run()
    pledge.refresh_from_db()
    assert pledge.state == PledgeState.COLLECTED
    assert difference_count() == 0


def test_what_agrees_again_is_listed_no_more(town):
    """Somebody corrects a row that named another charge than the one that paid."""
    _kind, wrong, _how = charge_that_never_was(town)
    run()
    assert difference_count() == 1
    right = town.charged_elsewhere(2500)
    ChargeAttempt.objects.filter(charge_id=wrong).update(charge_id=right)
    run()
    [ended] = Difference.objects.all()
    assert (ended.object_id, ended.healed) == (wrong, False)
    assert ended.ended_at is not None


def test_where_the_provider_is_silent_nothing_is_called_wrong(town):
    answer_never_came(town)
    town.provider.control("faults", rules=[{"kind": "error_unsaved", "method": "GET"}])
    with pytest.raises(GatewayUnavailable):
        run()
    assert found() == set()
    assert [row.finished_at for row in Reconciliation.objects.all()] == [None]
    town.provider.control("faults", rules=[])
    assert run().healed == 1


def test_the_next_comparison_begins_before_the_last_one_ended(town):
    began = next_start()
    done = run()
    assert began < done.until - timedelta(days=1)
    assert next_start() == done.until - timedelta(days=1)
    assert not is_overdue(hours=1)


def test_a_comparison_is_overdue_once_money_has_moved_and_none_was_made(town):
    assert is_overdue(hours=0)
    assert not is_overdue(hours=1)


def test_nothing_is_compared_where_nothing_has_moved(provider):
    assert next_start() is None
    assert reconcile_next() is None
    assert not is_overdue(hours=0)


def test_news_that_no_webhook_took_are_fetched_once(provider):
    """The sandbox has nobody to tell here: every event of it is one we missed."""
    provider.control("webhooks", url="http://127.0.0.1:1/nobody")
    client = sandbox_client(provider)
    intent = charge(client, currency="eur")
    assert fetch_missed_events() > 0
    kept = ProviderEvent.objects.filter(object_id=intent.id)
    assert [event.type for event in kept] == ["payment_intent.succeeded"]
    assert fetch_missed_events() == 0


def test_a_log_of_thin_news_that_cannot_be_read_keeps_no_payment_from_us(provider):
    provider.control("webhooks", url="http://127.0.0.1:1/nobody")
    intent = charge(sandbox_client(provider), currency="eur")
    refused = {"kind": "lose_request", "method": "GET", "path": "/v2/core/events"}
    provider.control("faults", rules=[refused])
    with pytest.raises(GatewayUnavailable):
        fetch_missed_events()
    assert ProviderEvent.objects.filter(object_id=intent.id).exists()


def test_a_log_of_payments_that_cannot_be_read_keeps_no_thin_news_from_us(provider):
    account = sandbox_client(provider).v2.core.accounts.create(RECIPIENT)
    provider.control("account", account=account.id, status="active")
    refused = {"kind": "lose_request", "method": "GET", "path": "/v1/events"}
    provider.control("faults", rules=[refused])
    with pytest.raises(GatewayUnavailable):
        fetch_missed_events()
    assert ProviderEvent.objects.filter(account=account.id).count() == 3


def test_thin_news_that_no_webhook_took_are_fetched_once(provider):
    """Their log does not say which were taken: what we have already is not kept again."""
    client = sandbox_client(provider)
    account = client.v2.core.accounts.create(RECIPIENT)
    provider.control("account", account=account.id, status="active")
    assert fetch_missed_events() == 3
    kept = ProviderEvent.objects.filter(account=account.id)
    assert sorted(set(kept.values_list("type", flat=True))) == [
        "v2.core.account[configuration.recipient].capability_status_updated",
        "v2.core.account[requirements].updated",
    ]
    assert fetch_missed_events() == 0
    assert kept.count() == 3
