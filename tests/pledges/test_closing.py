"""The end of a campaign: once, all or nothing, and nobody is charged for what was not funded."""

from __future__ import annotations

from hashlib import sha256

import pytest

from civicfund.ledger.selectors import still_promised_to
from civicfund.notices.models import Message
from civicfund.payments.domain import GatewayUnavailable
from civicfund.payments.models import Orphan
from civicfund.pledges.enums import CampaignState, PledgeState
from civicfund.pledges.models import Campaign, CampaignOutcome, Pledge
from civicfund.pledges.services.cards import start_card
from civicfund.pledges.services.closing import close_if_over, decide_if_time
from civicfund.pledges.services.steps import campaigns_to_move, move_campaign, take_step
from tests.factories.pledges import CampaignFactory, PledgeFactory, soon
from tests.pledges.promises import choose, end

pytestmark = pytest.mark.django_db


def over(goal_minor=5000, **given):
    return CampaignFactory(goal_minor=goal_minor, deadline_at=soon(seconds=-1), **given)


def states(campaign):
    return sorted(campaign.pledges.values_list("state", flat=True))


def test_a_campaign_that_reached_its_goal_is_funded_and_its_pledges_are_due():
    campaign = over()
    pledges = PledgeFactory.create_batch(2, campaign=campaign)
    PledgeFactory(campaign=campaign, state=PledgeState.AUTHORIZING)
    close_if_over(campaign)
    outcome = decide_if_time(campaign)
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.FUNDED
    assert states(campaign) == [PledgeState.CANCELLED, PledgeState.DUE, PledgeState.DUE]
    lines = "".join(sorted(f"{pledge.pk} 2500\n" for pledge in pledges))
    assert outcome.digest == sha256(lines.encode()).hexdigest()
    assert (outcome.pledged_minor, outcome.pledges) == (5000, 2)
    assert still_promised_to(campaign.project_id) == 5000


def test_one_cent_short_is_not_funded_and_nobody_is_charged():
    campaign = over(goal_minor=5001)
    PledgeFactory.create_batch(2, campaign=campaign)
    close_if_over(campaign)
    outcome = decide_if_time(campaign)
    campaign.refresh_from_db()
    assert (campaign.state, outcome.decision) == (CampaignState.UNFUNDED, "unfunded")
    assert states(campaign) == [PledgeState.RELEASED] * 2
    assert still_promised_to(campaign.project_id) == 0


def test_backers_and_creator_are_told_once_what_was_decided():
    campaign = over(goal_minor=9999)
    pledge = PledgeFactory(campaign=campaign)
    close_if_over(campaign)
    decide_if_time(campaign)
    assert sorted(Message.objects.values_list("kind", "recipient")) == [
        ("campaign_unfunded", pledge.backer_id),
        ("own_campaign_unfunded", campaign.creator_id),
    ]


def test_deciding_again_changes_nothing():
    campaign = over()
    close_if_over(campaign)
    stale = Campaign.objects.get()
    assert decide_if_time(campaign) is not None
    assert decide_if_time(stale) is None
    assert CampaignOutcome.objects.count() == 1


def test_nothing_closes_before_its_deadline_or_is_decided_within_its_grace(settings):
    campaign = CampaignFactory()
    assert close_if_over(campaign) is False
    settings.CLOSING_GRACE_SECONDS = 60
    late = over()
    assert close_if_over(late) is True
    assert decide_if_time(late) is None
    late.refresh_from_db()
    assert late.state == CampaignState.CLOSING


def test_the_sweep_finds_what_is_due(settings):
    settings.CLOSING_GRACE_SECONDS = 60
    due = [
        CampaignFactory(state=CampaignState.APPROVED),
        over(),
        CampaignFactory(state=CampaignState.CLOSING, deadline_at=soon(seconds=-61)),
        CampaignFactory(state=CampaignState.COLLECTING),
    ]
    CampaignFactory()
    CampaignFactory(state=CampaignState.APPROVED, starts_at=soon(days=1))
    CampaignFactory(state=CampaignState.CLOSING, deadline_at=soon(seconds=-1))
    CampaignFactory(state=CampaignState.SETTLED)
    assert sorted(campaigns_to_move()) == sorted(row.pk for row in due)


def test_a_campaign_without_pledges_ends_unfunded_in_one_go():
    campaign = over()
    move_campaign(campaign.pk)
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.UNFUNDED


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_nothing_is_decided_while_the_provider_cannot_say_which_cards_were_saved(provider):
    campaign = CampaignFactory()
    start_card(choose(campaign))
    end(campaign)
    provider.control("faults", rules=[{"kind": "error_unsaved", "method": "GET"}])
    with pytest.raises(GatewayUnavailable):
        decide_if_time(campaign)
    move_campaign(campaign.pk)
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.CLOSING
    provider.control("faults", rules=[])
    move_campaign(campaign.pk)
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.UNFUNDED


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_a_card_that_the_provider_knows_nothing_of_holds_up_no_decision(provider):
    campaign = CampaignFactory(goal_minor=2500, deadline_at=soon(days=1))
    lost = choose(campaign)
    start_card(lost)
    provider.reset()
    PledgeFactory(campaign=campaign)
    end(campaign)
    outcome = decide_if_time(campaign)
    assert (outcome.decision, outcome.pledges) == ("funded", 1)
    assert Orphan.objects.get().reason == "setup_intent_unknown"
    take_step(lost.pk)
    lost.refresh_from_db()
    assert lost.state == PledgeState.CANCELLED


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_a_started_card_that_the_provider_knows_nothing_of_is_given_up_in_time(provider, settings):
    settings.CHECKOUT_SECONDS = 0
    lost = choose(CampaignFactory())
    start_card(lost)
    provider.reset()
    Pledge.objects.update(next_step_at=soon(), checkout_ends_at=soon())
    take_step(lost.pk)
    lost.refresh_from_db()
    assert lost.state == PledgeState.CANCELLED
