"""What webhooks bring about: the same end whether they come twice, shuffled or not at all."""

from __future__ import annotations

import json

import pytest
from django.urls import reverse

from civicfund.ledger.models import Posting
from civicfund.payments.models import ProviderEvent
from civicfund.pledges.enums import PledgeState
from civicfund.pledges.models import Pledge
from civicfund.pledges.services import steps
from civicfund.pledges.services.cards import start_card
from civicfund.pledges.services.recovery import try_renewed_card
from tests.factories.pledges import CampaignFactory
from tests.payments.signing import signed
from tests.pledges.promises import (
    FAILS,
    WORKS,
    choose,
    funded_campaign,
    let_pass,
    work_until_done,
)
from tests.stripe.helpers import sandbox_client

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def events_of(provider):
    """The true events, oldest first, as the provider would send them."""
    listed = sandbox_client(provider).v1.events.list({"limit": 100}).data
    return [json.loads(str(event)) for event in reversed(listed)]


def deliver(client, provider, events):
    for event in events:
        payload = json.dumps(event)
        response = client.post(
            reverse("stripe_webhook"),
            payload,
            content_type="application/json",
            headers={"Stripe-Signature": signed(payload, provider.webhook_secret)},
        )
        assert response.status_code == 200
    while steps.act_on_events(100):
        pass


def test_a_webhook_alone_makes_a_pledge_count(client, provider):
    pledge = choose(CampaignFactory())
    sandbox_client(provider).v1.setup_intents.confirm(
        start_card(pledge).id, {"payment_method": WORKS}
    )
    deliver(client, provider, events_of(provider))
    pledge.refresh_from_db()
    assert pledge.state == PledgeState.ACTIVE


def test_a_webhook_alone_collects_what_was_paid_on_the_page(client, provider):
    _, (pledge,) = funded_campaign(FAILS)
    work_until_done()
    intent_id = Pledge.objects.get().payment_intent_id
    sandbox_client(provider).v1.payment_intents.confirm(intent_id, {"payment_method": WORKS})
    deliver(client, provider, events_of(provider))
    pledge.refresh_from_db()
    assert pledge.state == PledgeState.COLLECTED


@pytest.mark.parametrize("arrange", [lambda events: events * 2, lambda events: events[::-1]])
def test_twice_or_backwards_changes_nothing(client, provider, arrange):
    funded_campaign(WORKS, FAILS)
    work_until_done()

    def end_state():
        pledges = Pledge.objects.order_by("pk").values_list("pk", "state", "fee_minor")
        return list(pledges), sorted(Posting.objects.values_list("account", "amount_minor"))

    before = end_state()
    deliver(client, provider, arrange(events_of(provider)))
    assert end_state() == before
    assert ProviderEvent.objects.filter(handled_at__isnull=True).count() == 0


def test_an_event_that_cannot_be_acted_on_holds_up_no_other(client, provider):
    pledge = choose(CampaignFactory())
    sandbox_client(provider).v1.setup_intents.confirm(
        start_card(pledge).id, {"payment_method": WORKS}
    )
    good = next(one for one in events_of(provider) if one["type"] == "setup_intent.succeeded")
    bad = good | {"id": "evt_0", "data": {"object": {"id": "seti_nowhere"}}}
    deliver(client, provider, [bad, good])
    pledge.refresh_from_db()
    assert pledge.state == PledgeState.ACTIVE
    kept = ProviderEvent.objects.get(pk="evt_0")
    assert (kept.error, kept.tries, kept.handled_at) == ("GatewayRefused", 1, None)


def test_a_card_that_its_bank_has_renewed_is_charged_again_at_once(client, provider):
    _, (pledge,) = funded_campaign(FAILS)
    work_until_done()
    pledge.refresh_from_db()
    assert pledge.state == PledgeState.DECLINED
    provider.control(
        "card", payment_method=pledge.payment_method_id, outcome="succeed", renewed=True
    )
    [news] = [
        one for one in events_of(provider) if one["type"] == "payment_method.automatically_updated"
    ]
    deliver(client, provider, [news, news])
    work_until_done()
    pledge.refresh_from_db()
    assert pledge.state == PledgeState.COLLECTED


def test_a_renewed_card_moves_no_pledge_whose_week_is_over_and_none_of_others(provider):
    funded_campaign(FAILS)
    work_until_done()
    before = Pledge.objects.values().get()
    assert try_renewed_card("pm_of_somebody_else") == 0
    assert Pledge.objects.values().get() == before
    let_pass(days=8)
    assert try_renewed_card(before["payment_method_id"]) == 0
