"""Two workers, a page and a webhook on one pledge, against the real sandbox process."""

from __future__ import annotations

from uuid import uuid4

import pytest

from civicfund.ledger.models import Entry
from civicfund.ledger.selectors import collected_for
from civicfund.payments.gateways import gateway
from civicfund.pledges.enums import PledgeState
from civicfund.pledges.models import ChargeAttempt, Pledge
from civicfund.pledges.services.applying import apply_payment_intent
from civicfund.pledges.services.settlement import settle_pledge
from tests.factories.pledges import soon
from tests.pledges.promises import (
    FAILS,
    WORKS,
    charged_at_provider,
    funded_campaign,
    let_pass,
    work_until_done,
)
from tests.races.threads import together
from tests.stripe.helpers import sandbox_client

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def test_two_workers_charge_one_pledge_once(provider):
    campaign, pledges = funded_campaign(*[WORKS] * 5)
    together([lambda pledge=pledge: settle_pledge(pledge) for pledge in pledges * 2])
    assert charged_at_provider(provider) == [2500] * 5
    assert collected_for(campaign.project_id) == 5 * 2500
    assert ChargeAttempt.objects.count() == 5


def test_even_without_the_lease_two_workers_charge_once(provider, settings):
    """The provider's one intent is what counts; the lease only saves calls."""
    campaign, (pledge,) = funded_campaign(WORKS)
    attempt = pledge.attempts.create(
        n=1, kind="auto", state="planned", idempotency_key=f"cf:{pledge.pk}:1", api_version="x",
        parameters={"payment_method": pledge.payment_method_id},
    )  # fmt: skip
    Pledge.objects.update(state=PledgeState.CHARGING, lease_until=None)
    provider.control("faults", rules=[{"kind": "slow", "path": "/confirm$", "seconds": 0.3}])
    settings.SETTLEMENT_LEASE_SECONDS = -1  # it ends before it began
    together([lambda: settle_pledge(pledge)] * 4)
    provider.control("faults", rules=[])
    let_pass(minutes=3)
    work_until_done()
    attempt.refresh_from_db()
    assert charged_at_provider(provider) == [2500]
    assert collected_for(campaign.project_id) == 2500
    assert (Pledge.objects.get().state, attempt.state) == (PledgeState.COLLECTED, "succeeded")


def test_control_with_a_new_intent_and_a_random_key_each_the_same_race_charges_twice(provider):
    """What the tests above would miss if they were too weak: the usual way to charge."""
    _, (pledge,) = funded_campaign(WORKS)

    def careless():
        made = gateway().create_payment_intent(
            amount_minor=2500, currency="EUR", customer_id=pledge.customer_id,
            key=str(uuid4()), metadata={},
            transfer_group="",
        )  # fmt: skip
        gateway().confirm_payment_intent(
            made.id, payment_method_id=pledge.payment_method_id, key=str(uuid4())
        )

    together([careless] * 2)
    assert charged_at_provider(provider) == [2500, 2500]


def test_worker_page_and_webhook_at_once_collect_once(provider):
    campaign, (pledge,) = funded_campaign(FAILS)
    work_until_done()
    let_pass(days=2)
    pledge.refresh_from_db()
    intent_id = pledge.payment_intent_id
    client = sandbox_client(provider)

    def page():
        client.v1.payment_intents.confirm(intent_id, {"payment_method": WORKS})
        apply_payment_intent(gateway().retrieve_payment_intent(intent_id))

    def webhook():
        apply_payment_intent(gateway().retrieve_payment_intent(intent_id))

    together([lambda: settle_pledge(pledge), page, webhook, webhook])
    let_pass(minutes=10)
    work_until_done()
    assert charged_at_provider(provider) == [2500]
    assert collected_for(campaign.project_id) == 2500
    assert Pledge.objects.get().state == PledgeState.COLLECTED


def test_the_same_news_applied_by_eight_at_once_is_booked_once(provider):
    campaign, (pledge,) = funded_campaign(WORKS)
    settle_pledge(pledge)
    pledge.refresh_from_db()
    intent = gateway().retrieve_payment_intent(pledge.payment_intent_id)
    together([lambda: apply_payment_intent(intent)] * 8)
    assert Entry.objects.filter(kind="charge").count() == 1
    assert collected_for(campaign.project_id) == 2500


def test_a_drop_and_a_payment_in_the_same_moment_end_in_one_truth(provider):
    campaign, _ = funded_campaign(FAILS)
    work_until_done()
    intent_id = Pledge.objects.get().payment_intent_id
    Pledge.objects.update(recovery_ends_at=soon(seconds=-1), next_step_at=soon(seconds=-1))
    client = sandbox_client(provider)
    together(
        [
            work_until_done,
            lambda: client.v1.payment_intents.confirm(intent_id, {"payment_method": WORKS}),
        ]
    )
    let_pass(minutes=2)
    work_until_done()
    state = Pledge.objects.get().state
    charged = charged_at_provider(provider)
    assert (state, charged) in [(PledgeState.COLLECTED, [2500]), (PledgeState.DROPPED, [])]
    assert collected_for(campaign.project_id) == sum(charged)
