"""Campaigns and pledges, as the API writes and reads them. Amounts are in minor units."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from civicfund.delivery.selectors import plan_of
from civicfund.delivery.serializers import MilestoneOutput
from civicfund.pledges.domain import CONSENT_VERSION
from civicfund.pledges.enums import (
    Audience,
    CampaignState,
    Decision,
    FeeBearer,
    Handover,
    PledgeState,
    RewardKind,
    RunBy,
    ShortPolicy,
)
from civicfund.pledges.models import (
    Campaign,
    CampaignOutcome,
    CampaignUpdate,
    ChosenAddOn,
    GoalLine,
    Pledge,
    Reward,
    ShippingZone,
)
from civicfund.pledges.services.choosing import MOST_OF_ONE, Choice, choice_of


class RewardOutput(serializers.ModelSerializer[Reward]):
    """What a campaign gives back from ``amount_minor`` on; or an add-on, apiece."""

    kind = serializers.ChoiceField(choices=RewardKind.choices)
    handover = serializers.ChoiceField(choices=Handover.choices)
    left = serializers.IntegerField(allow_null=True, help_text="Null where there is no limit.")

    class Meta:
        model = Reward
        fields = [
            "id", "kind", "title", "description", "amount_minor", "limit", "left",
            "delivered_from", "handover",
        ]  # fmt: skip
        read_only_fields = fields


class ShippingZoneOutput(serializers.ModelSerializer[ShippingZone]):
    """Where rewards are sent to, and what that costs, once per pledge."""

    class Meta:
        model = ShippingZone
        fields = ["id", "name", "amount_minor"]
        read_only_fields = fields


class GoalLineOutput(serializers.ModelSerializer[GoalLine]):
    """One thing that the goal pays for."""

    class Meta:
        model = GoalLine
        fields = ["label", "amount_minor"]
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
    provider_fee_by = serializers.ChoiceField(choices=FeeBearer.choices)
    run_by = serializers.ChoiceField(choices=RunBy.choices)
    short_policy = serializers.ChoiceField(choices=ShortPolicy.choices)
    goal_lines = GoalLineOutput(many=True)
    rewards = RewardOutput(many=True)
    shipping_zones = ShippingZoneOutput(many=True)
    plan = serializers.SerializerMethodField(
        help_text="By which milestones of its project money leaves; empty where there is no plan."
    )
    outcome = serializers.SerializerMethodField(help_text="Null until it is decided.")
    consent_version = serializers.SerializerMethodField(
        help_text="The words that a pledge agrees to; they stand on the page."
    )

    class Meta(CampaignOutput.Meta):
        fields = [
            *CampaignOutput.Meta.fields,
            "creator",
            "starts_at",
            "run_by",
            "town_fee_thousandths",
            "provider_fee_by",
            "short_policy",
            "floor_percent",
            "optimum_minor",
            "goal_lines",
            "rewards",
            "shipping_zones",
            "plan",
            "outcome",
            "consent_version",
        ]
        read_only_fields = fields

    @extend_schema_field(MilestoneOutput(many=True))
    def get_plan(self, campaign: Campaign) -> list[dict[str, Any]]:
        """Its project's milestones in their order, and how far each is."""
        return list(MilestoneOutput(plan_of(campaign.project), many=True).data)

    def get_outcome(self, campaign: Campaign) -> dict[str, Any] | None:
        """The decision, where there is one."""
        found = getattr(campaign, "outcome", None)
        return dict(OutcomeOutput(found).data) if found else None

    def get_consent_version(self, campaign: Campaign) -> str:
        """The version in force."""
        return CONSENT_VERSION


class AddOnOutput(serializers.ModelSerializer[ChosenAddOn]):
    """So many pieces of an add-on, at the price of one when it was agreed to."""

    reward = serializers.IntegerField(source="add_on_id")

    class Meta:
        model = ChosenAddOn
        fields = ["reward", "quantity", "price_minor"]
        read_only_fields = fields


class PledgeOutput(serializers.ModelSerializer[Pledge]):
    """One's own pledge. ``amount_minor`` is all of it: reward, add-ons, sending, bonus."""

    campaign = serializers.IntegerField(source="campaign_id")
    title = serializers.CharField(source="campaign.project.title")
    state = serializers.ChoiceField(choices=PledgeState.choices)
    reward = serializers.IntegerField(source="reward_id", allow_null=True)
    add_ons = AddOnOutput(many=True)
    shipping_zone = serializers.IntegerField(source="shipping_zone_id", allow_null=True)
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
            "add_ons",
            "shipping_zone",
            "shipping_minor",
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


class AddOnInput(serializers.Serializer[ChosenAddOn]):
    """How many pieces of an add-on."""

    reward = serializers.PrimaryKeyRelatedField(queryset=Reward.objects.all())
    quantity = serializers.IntegerField(min_value=1, max_value=MOST_OF_ONE)


class UpdateOutput(serializers.ModelSerializer[CampaignUpdate]):
    """An update; of one that moderators hide only its place. Newlines part paragraphs."""

    audience = serializers.ChoiceField(choices=Audience.choices)
    title = serializers.CharField(source="shown_title")
    body = serializers.CharField(source="words.shown_body")
    edited_at = serializers.DateTimeField(allow_null=True)
    hidden_because = serializers.SerializerMethodField(
        help_text="The code of the moderators' reason; empty where it is shown."
    )
    page = serializers.CharField(
        source="get_absolute_url", help_text="Its page, from the site's root."
    )

    class Meta:
        model = CampaignUpdate
        fields = [
            "number", "title", "body", "audience", "published_at", "edited_at", "hidden_because",
            "page",
        ]  # fmt: skip
        read_only_fields = fields

    def get_hidden_because(self, update: CampaignUpdate) -> str:
        """Why the moderators hide it."""
        return update.words.hiding.reason if update.words.hiding else ""


class CardInput(serializers.Serializer[Pledge]):
    """To which words somebody agrees who puts another card in place of one."""

    consent_version = serializers.CharField(
        max_length=16, required=False, default="", allow_blank=True,
        help_text="Needed where the pledge has a card: sending it is agreeing to these words.",
    )  # fmt: skip


class PledgeInput(serializers.Serializer[Pledge]):
    """What a backer promises, and to which words."""

    amount_minor = serializers.IntegerField(
        help_text="All that is charged: reward, add-ons and sending, too."
    )
    reward = serializers.PrimaryKeyRelatedField(
        queryset=Reward.objects.all(), required=False, allow_null=True
    )
    add_ons = AddOnInput(many=True, required=False)
    shipping_zone = serializers.PrimaryKeyRelatedField(
        queryset=ShippingZone.objects.all(), required=False, allow_null=True, source="zone"
    )
    show_name = serializers.BooleanField(required=False)
    consent_version = serializers.CharField(
        max_length=16, help_text="Sending it is agreeing to be charged as these words say."
    )

    def choice(self, before: Pledge | None = None) -> dict[str, Any]:
        """What was chosen, in the services' words; what was not given stays as it was."""
        kept: dict[str, Any] = {"reward": None, "show_name": False}
        if before is not None:
            chosen = choice_of(before)
            kept = {field.name: getattr(chosen, field.name) for field in fields(Choice)}
        given = dict(self.validated_data)
        if "add_ons" in given:
            given["add_ons"] = {each["reward"]: each["quantity"] for each in given["add_ons"]}
        return kept | given


class PledgeChangeInput(PledgeInput):
    """What is to change; the words have to be agreed to again."""

    amount_minor = serializers.IntegerField(required=False)
