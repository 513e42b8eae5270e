"""Campaigns and pledges, as the API writes and reads them. Amounts are in minor units."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from civicfund.pledges.domain import CONSENT_VERSION
from civicfund.pledges.enums import CampaignState, Decision, PledgeState, ShortPolicy
from civicfund.pledges.models import Campaign, CampaignOutcome, Pledge, Reward


class RewardOutput(serializers.ModelSerializer[Reward]):
    """What a campaign gives back for a pledge of at least ``amount_minor``."""

    left = serializers.IntegerField(allow_null=True, help_text="Null where there is no limit.")

    class Meta:
        model = Reward
        fields = ["id", "title", "description", "amount_minor", "limit", "left"]
        read_only_fields = fields


class OutcomeOutput(serializers.ModelSerializer[CampaignOutcome]):
    """How a campaign was decided, and the digest of the pledges it was decided from."""

    decision = serializers.ChoiceField(choices=Decision.choices)

    class Meta:
        model = CampaignOutcome
        fields = ["decision", "pledged_minor", "pledges", "digest", "decided_at"]
        read_only_fields = fields


class CampaignOutput(serializers.ModelSerializer[Campaign]):
    """A campaign in a list: what was pledged and, once it is funded, what was collected."""

    project = serializers.IntegerField(source="project_id")
    title = serializers.CharField(source="project.title")
    neighborhood = serializers.CharField(source="project.neighborhood.slug")
    state = serializers.ChoiceField(choices=CampaignState.choices)
    pledged_minor = serializers.IntegerField()
    collected_minor = serializers.IntegerField()
    backers = serializers.IntegerField()
    page = serializers.SerializerMethodField(help_text="The campaign's page, from the site's root.")

    class Meta:
        model = Campaign
        fields = [
            "id",
            "project",
            "title",
            "neighborhood",
            "state",
            "currency",
            "goal_minor",
            "pledged_minor",
            "collected_minor",
            "backers",
            "deadline_at",
            "deadline_tz",
            "page",
        ]
        read_only_fields = fields

    def get_page(self, campaign: Campaign) -> str:
        """The path of the campaign's page."""
        return campaign.get_absolute_url()


class CampaignDetailOutput(CampaignOutput):
    """A campaign with its rewards, its terms and its outcome."""

    creator = serializers.CharField(source="creator.display_name")
    short_policy = serializers.ChoiceField(choices=ShortPolicy.choices)
    rewards = RewardOutput(many=True)
    outcome = serializers.SerializerMethodField(help_text="Null until it is decided.")
    consent_version = serializers.SerializerMethodField(
        help_text="The words that a pledge agrees to; they stand on the page."
    )

    class Meta(CampaignOutput.Meta):
        fields = [
            *CampaignOutput.Meta.fields,
            "creator",
            "starts_at",
            "short_policy",
            "floor_percent",
            "rewards",
            "outcome",
            "consent_version",
        ]
        read_only_fields = fields

    def get_outcome(self, campaign: Campaign) -> dict[str, Any] | None:
        """The decision, where there is one."""
        found = getattr(campaign, "outcome", None)
        return dict(OutcomeOutput(found).data) if found else None

    def get_consent_version(self, campaign: Campaign) -> str:
        """The version in force."""
        return CONSENT_VERSION


class PledgeOutput(serializers.ModelSerializer[Pledge]):
    """One's own pledge."""

    campaign = serializers.IntegerField(source="campaign_id")
    title = serializers.CharField(source="campaign.project.title")
    state = serializers.ChoiceField(choices=PledgeState.choices)
    reward = serializers.IntegerField(source="reward_id", allow_null=True)
    card = serializers.CharField(source="card_words")
    page = serializers.SerializerMethodField(help_text="The pledge's page, from the site's root.")

    class Meta:
        model = Pledge
        fields = [
            "id",
            "campaign",
            "title",
            "state",
            "amount_minor",
            "currency",
            "reward",
            "show_name",
            "card",
            "created_at",
            "confirmed_at",
            "recovery_ends_at",
            "page",
        ]
        read_only_fields = fields

    def get_page(self, pledge: Pledge) -> str:
        """The path of the pledge's page."""
        return pledge.get_absolute_url()


class StartedPledgeOutput(PledgeOutput):
    """A pledge, with what the payment provider's script needs to take its card."""

    client_secret = serializers.SerializerMethodField(
        help_text="For the provider's script in the backer's browser, and for nothing else."
    )

    class Meta(PledgeOutput.Meta):
        fields = [*PledgeOutput.Meta.fields, "client_secret"]
        read_only_fields = fields

    def get_client_secret(self, pledge: Pledge) -> str:
        """Given by the view, which has just asked the provider for it."""
        secret: str = self.context["client_secret"]
        return secret


class PledgeInput(serializers.Serializer[Pledge]):
    """What a backer promises, and to which words."""

    amount_minor = serializers.IntegerField()
    reward = serializers.PrimaryKeyRelatedField(
        queryset=Reward.objects.all(), required=False, allow_null=True
    )
    show_name = serializers.BooleanField(required=False)
    consent_version = serializers.CharField(
        max_length=16, help_text="Sending it is agreeing to be charged as these words say."
    )

    def choice(self, before: Pledge | None = None) -> dict[str, Any]:
        """What was chosen, in the services' words; what was not given stays as it was."""
        kept: dict[str, Any] = {"reward": None, "show_name": False}
        if before is not None:
            kept = {
                "amount_minor": before.amount_minor,
                "reward": before.reward,
                "show_name": before.show_name,
            }
        return kept | dict(self.validated_data)


class PledgeChangeInput(PledgeInput):
    """What is to change; the words have to be agreed to again."""

    amount_minor = serializers.IntegerField(required=False)
