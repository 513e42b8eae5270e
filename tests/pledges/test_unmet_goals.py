"""A goal that is missed, if only by a cent, charges nobody and asks for nothing."""

from __future__ import annotations

from random import Random

import pytest

from civicfund.audit.services import wake
from civicfund.ledger.models import Entry
from civicfund.pledges.enums import CampaignState, PledgeState
from civicfund.pledges.models import Campaign, ChargeAttempt, Pledge
from civicfund.pledges.services import steps
from civicfund.pledges.services.closing import decide_if_time
from tests.factories.pledges import CampaignFactory, PledgeFactory, soon
from tests.pledges.promises import charged_at_provider, end, let_pass, promise, work_until_done
from tests.sizes import size

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
CAMPAIGNS = size(12, 1000)


@pytest.fixture
def card(provider):
    """A card that is saved at the provider and pays whatever it is asked for."""
    kept = promise(CampaignFactory())
    return {"customer_id": kept.customer_id, "payment_method_id": kept.payment_method_id}


def decided(chance, card, *, short_by):
    """A campaign whose pledges come so many cents short of its goal, at its end."""
    amounts = [chance.randint(100, 99_999) for _ in range(chance.randint(1, 5))]
    campaign = CampaignFactory(goal_minor=sum(amounts) + short_by, deadline_at=soon(days=1))
    for amount in amounts:
        PledgeFactory(campaign=campaign, amount_minor=amount, **card)
    end(campaign)
    assert decide_if_time(campaign) is not None
    return campaign


def work_for_days():
    """All that sweeps find to do, until long after any recovery would be over."""
    for _ in range(9):
        while woken := wake(Pledge.objects.due(), 500):
            for pk in woken:
                steps.take_step(pk)
        for pk in steps.campaigns_to_move():
            steps.move_campaign(pk)
        let_pass(days=1)


def test_a_goal_that_is_missed_by_a_cent_charges_nobody(provider, card):
    chance = Random(6)  # noqa: S311 -- repeatable
    missed = [decided(chance, card, short_by=1).pk for _ in range(CAMPAIGNS)]
    work_for_days()
    states = Campaign.objects.filter(pk__in=missed).values_list("state", flat=True)
    assert set(states) == {CampaignState.UNFUNDED}
    pledges = Pledge.objects.filter(campaign__in=missed)
    assert set(pledges.values_list("state", flat=True)) == {PledgeState.RELEASED}
    assert provider.control("state").get("payment_intent", 0) == 0
    assert charged_at_provider(provider) == []
    assert (ChargeAttempt.objects.count(), Entry.objects.count()) == (0, 0)


def test_control_a_goal_that_is_met_to_the_cent_charges_everybody(provider, card):
    campaign = decided(Random(6), card, short_by=0)  # noqa: S311 -- repeatable
    work_until_done()
    assert sum(charged_at_provider(provider)) == campaign.goal_minor
