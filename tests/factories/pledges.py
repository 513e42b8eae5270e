from __future__ import annotations

from datetime import UTC, datetime, timedelta

import factory

from civicfund.people.models import User
from civicfund.pledges.enums import (
    PRIVATE_CAMPAIGN,
    SETTLING_PLEDGE,
    STARTED_PLEDGE,
    CampaignState,
    Decision,
    PledgeState,
    RunBy,
)
from civicfund.pledges.models import Campaign, CampaignOutcome, Pledge, Reward, Suspension
from tests.factories.numbers import numbered
from tests.factories.people import UserFactory
from tests.factories.projects import ProjectFactory


def soon(**delta: float) -> datetime:
    """An instant from now on, or before now where the amounts are negative."""
    return datetime.now(UTC) + timedelta(**delta)


class CampaignFactory(factory.django.DjangoModelFactory):
    """A live campaign of a project that the town runs itself; it has days to go."""

    class Meta:
        model = Campaign
        skip_postgeneration_save = True

    project = factory.SubFactory(ProjectFactory)
    creator = factory.SelfAttribute("project.proposer")
    state = CampaignState.LIVE
    run_by = RunBy.TOWN
    goal_minor = 100_000
    currency = "EUR"
    suspension_reason = factory.LazyAttribute(
        lambda row: "Looked into." if row.state == CampaignState.SUSPENDED else ""
    )
    deadline_at = factory.LazyFunction(lambda: soon(days=10))
    deadline_tz = "Europe/Dublin"
    live_at = factory.LazyAttribute(
        lambda row: (
            None if row.state in (*PRIVATE_CAMPAIGN, CampaignState.APPROVED) else soon(days=-20)
        )
    )

    @factory.post_generation
    def suspension(self, create, extracted, **kwargs):
        if create and self.state == CampaignState.SUSPENDED:
            suspend(self, by=extracted)


def suspend(campaign: Campaign, *, by: User | None = None) -> Suspension:
    """The row beside a campaign that is suspended, or is to be."""
    words = campaign.suspension_reason or "Looked into."
    return Suspension.objects.create(
        campaign=campaign, words=words, suspended_by=by or UserFactory()
    )


class RewardFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Reward

    campaign = factory.SubFactory(CampaignFactory)
    position = factory.Sequence(lambda n: n)
    title = numbered("Reward {}")
    amount_minor = 2000


class OutcomeFactory(factory.django.DjangoModelFactory):
    """That a campaign was funded."""

    class Meta:
        model = CampaignOutcome

    campaign = factory.SubFactory(CampaignFactory, state=CampaignState.FUNDED)
    decision = Decision.FUNDED
    pledged_minor = 100_000
    pledges = 1
    digest = "0" * 64


class PledgeFactory(factory.django.DjangoModelFactory):
    """A promise with a card behind it that no provider knows."""

    class Meta:
        model = Pledge

    campaign = factory.SubFactory(CampaignFactory)
    backer = factory.SubFactory(UserFactory)
    state = PledgeState.ACTIVE
    amount_minor = 2500
    currency = factory.SelfAttribute("campaign.currency")
    customer_id = numbered("cus_made_up_{}")
    payment_method_id = factory.LazyAttribute(
        lambda row: "" if row.state in STARTED_PLEDGE else f"pm_of_{row.customer_id}"
    )
    payment_intent_id = factory.LazyAttribute(
        lambda row: f"pi_of_{row.customer_id}" if row.state == PledgeState.COLLECTED else ""
    )
    recovery_ends_at = factory.LazyAttribute(
        lambda row: (
            soon(days=7)
            if row.state in (PledgeState.DECLINED, PledgeState.ACTION_REQUIRED)
            else None
        )
    )

    @factory.lazy_attribute
    def outcome(self):
        if self.state not in SETTLING_PLEDGE:
            return None
        known = CampaignOutcome.objects.filter(campaign=self.campaign).first()
        return known or OutcomeFactory(campaign=self.campaign)
