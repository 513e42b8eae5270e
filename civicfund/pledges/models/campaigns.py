"""Campaigns, what they give back, and how they ended."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from civicfund.audit.models import AppendOnly
from civicfund.pledges.domain import percent
from civicfund.pledges.enums import (
    FINISHED_CAMPAIGN,
    FUNDED_CAMPAIGN,
    PRIVATE_CAMPAIGN,
    CampaignState,
    Decision,
    FeeBearer,
    Handover,
    RewardKind,
    RunBy,
    ShortPolicy,
)
from civicfund.projects.enums import PUBLIC_STATES
from civicfund.projects.models import Project, ProjectFile

# The provider takes at most eight digits.
MOST_MINOR = 99_999_999


class CampaignQuerySet(models.QuerySet["Campaign"]):
    """Questions about campaigns."""

    def public(self) -> CampaignQuerySet:
        """What anyone may see."""
        return self.exclude(state__in=PRIVATE_CAMPAIGN)

    def live(self) -> CampaignQuerySet:
        """Taking pledges now, by the database's clock."""
        return self.filter(state=CampaignState.LIVE, deadline_at__gt=Now())


class Campaign(models.Model):
    """A project asks for pledges until a deadline: all of the goal, or nobody is charged."""

    project = models.ForeignKey(
        Project, models.PROTECT, related_name="campaigns", verbose_name=_("project")
    )
    creator = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="campaigns",
        verbose_name=_("creator"),
    )
    state = models.CharField(
        _("state"), max_length=20, choices=CampaignState.choices, default=CampaignState.DRAFT
    )
    goal_minor = models.BigIntegerField(_("goal"))
    # What would make it whole. The goal alone decides.
    optimum_minor = models.BigIntegerField(_("optimum"), null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3)
    # Exclusive: the first instant at which no pledge is taken.
    deadline_at = models.DateTimeField(_("ends"))
    deadline_tz = models.CharField(_("time zone"), max_length=64)
    starts_at = models.DateTimeField(_("starts"), null=True, blank=True)
    # Frozen from its review on. Whoever runs it is paid, so it starts once they can be.
    run_by = models.CharField(
        _("who runs it"), max_length=16, choices=RunBy.choices, default=RunBy.PROPOSER
    )
    # As the town's settings were when it was sent for review, and for good once it is reviewed.
    town_fee_thousandths = models.PositiveSmallIntegerField(
        _("the town's fee, in thousandths"), default=0
    )
    provider_fee_by = models.CharField(
        _("who bears the provider's fee"),
        max_length=16,
        choices=FeeBearer.choices,
        default=FeeBearer.TOWN,
    )
    short_policy = models.CharField(
        _("if some cards fail"),
        max_length=16,
        choices=ShortPolicy.choices,
        default=ShortPolicy.PAY_ANYWAY,
    )
    # Of what was pledged; only where the policy asks for one.
    floor_percent = models.PositiveSmallIntegerField(
        _("share to be collected"), null=True, blank=True
    )
    review_note = models.TextField(_("what the reviewer asked for"), blank=True)
    suspension_reason = models.TextField(_("why it is suspended"), blank=True)
    # Why it went on after it was suspended last.
    resumption_reason = models.TextField(_("why it goes on"), blank=True)
    created_at = models.DateTimeField(_("created"), db_default=Now())
    live_at = models.DateTimeField(_("went live"), null=True, blank=True)

    objects = CampaignQuerySet.as_manager()

    class Meta:
        verbose_name = _("campaign")
        verbose_name_plural = _("campaigns")
        indexes = [
            # The list of what is live, soonest end first, and the sweep that closes.
            models.Index(fields=["state", "deadline_at"], name="campaign_by_deadline"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=CampaignState.values), name="campaign_state_known"
            ),
            models.CheckConstraint(condition=Q(goal_minor__gt=0), name="campaign_goal_positive"),
            models.CheckConstraint(
                condition=Q(optimum_minor__isnull=True) | Q(optimum_minor__gt=F("goal_minor")),
                name="campaign_optimum_above_goal",
            ),
            models.CheckConstraint(
                condition=Q(currency__regex=r"^[A-Z]{3}$"), name="campaign_currency_is_a_code"
            ),
            models.CheckConstraint(
                condition=Q(run_by__in=RunBy.values), name="campaign_run_by_known"
            ),
            models.CheckConstraint(
                condition=Q(town_fee_thousandths__range=(0, 999)),
                name="campaign_town_fee_is_a_part",
            ),
            models.CheckConstraint(
                condition=Q(provider_fee_by__in=FeeBearer.values),
                name="campaign_provider_fee_by_known",
            ),
            models.CheckConstraint(
                condition=Q(short_policy__in=ShortPolicy.values), name="campaign_short_policy_known"
            ),
            models.CheckConstraint(
                condition=Q(
                    short_policy=ShortPolicy.FLOOR,
                    floor_percent__isnull=False,
                    floor_percent__range=(1, 100),
                )
                | (~Q(short_policy=ShortPolicy.FLOOR) & Q(floor_percent__isnull=True)),
                name="campaign_floor_where_the_policy_has_one",
            ),
            models.CheckConstraint(
                condition=Q(starts_at__isnull=True) | Q(deadline_at__gt=F("starts_at")),
                name="campaign_ends_after_it_starts",
            ),
            models.CheckConstraint(
                condition=Q(live_at__isnull=True)
                ^ ~Q(
                    state__in=[
                        CampaignState.DRAFT,
                        CampaignState.SUBMITTED,
                        CampaignState.CHANGES_REQUESTED,
                        CampaignState.APPROVED,
                    ]
                ),
                name="campaign_live_at_once_live",
            ),
            models.CheckConstraint(
                condition=~Q(state=CampaignState.SUSPENDED) | ~Q(suspension_reason=""),
                name="campaign_suspended_for_a_reason",
            ),
            models.UniqueConstraint(
                fields=["project"],
                condition=~Q(state__in=FINISHED_CAMPAIGN),
                name="campaign_one_at_a_time",
            ),
            # What a pledge's composite foreign key points at.
            models.UniqueConstraint(fields=["id", "currency"], name="campaign_with_currency"),
        ]

    def __str__(self) -> str:
        return str(self.project)

    def get_absolute_url(self) -> str:
        """The campaign's page."""
        return reverse("campaign", args=[self.pk])

    @property
    def is_being_collected(self) -> bool:
        """Whether cards are or were charged: the campaign was funded."""
        return self.state in FUNDED_CAMPAIGN

    @property
    def reached_percent(self) -> int:
        """How much of the goal is pledged; needs ``totals.with_totals``."""
        return percent(getattr(self, "pledged_minor"), self.goal_minor)  # noqa: B009 -- annotated

    @cached_property
    def pictures(self) -> list[ProjectFile]:
        """Its project's pictures that everybody may see, the one in front first; for many
        campaigns ``selectors.lists`` asks once.
        """
        if self.project.state not in PUBLIC_STATES:
            return []  # of a hidden project nobody is given them
        shown = getattr(self.project, "shown_pictures", None)
        if shown is None:
            shown = list(self.project.files.pictures())
        lead = getattr(self, "lead", None)
        return sorted(shown, key=lambda file: lead is None or file.pk != lead.file_id)

    @property
    def missing_minor(self) -> int:
        """What was pledged and could not be collected; needs ``totals.with_totals``."""
        pledged: int = getattr(self, "pledged_minor")  # noqa: B009 -- annotated
        collected: int = getattr(self, "collected_minor")  # noqa: B009 -- annotated
        return pledged - collected


class LeadPicture(models.Model):
    """Which of its project's pictures stands in front; without it the first one does."""

    campaign = models.OneToOneField(Campaign, models.CASCADE, primary_key=True, related_name="lead")
    # A trigger asks whether it is a picture of the campaign's project.
    file = models.ForeignKey(ProjectFile, models.CASCADE, related_name="+")

    class Meta:
        verbose_name = _("picture in front")
        verbose_name_plural = _("pictures in front")

    def __str__(self) -> str:
        return f"{self.file_id} of campaign {self.campaign_id}"


class GoalLine(models.Model):
    """One thing that the goal pays for; together they are the goal."""

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="goal_lines")
    position = models.PositiveSmallIntegerField(_("position"))
    label = models.CharField(_("what for"), max_length=120)
    amount_minor = models.BigIntegerField(_("amount"))

    class Meta:
        verbose_name = _("part of the goal")
        verbose_name_plural = _("parts of the goal")
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["campaign", "position"], name="goal_line_position"),
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0), name="goal_line_amount_positive"
            ),
        ]

    def __str__(self) -> str:
        return self.label


class ShippingZone(models.Model):
    """Where rewards are sent to, and what a backer there pays for it, once per pledge."""

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="shipping_zones")
    position = models.PositiveSmallIntegerField(_("position"))
    name = models.CharField(_("where to"), max_length=80)
    amount_minor = models.BigIntegerField(_("price of sending"))

    class Meta:
        verbose_name = _("shipping zone")
        verbose_name_plural = _("shipping zones")
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["campaign", "position"], name="shipping_zone_position"),
            models.CheckConstraint(
                condition=Q(amount_minor__range=(0, MOST_MINOR)),
                name="shipping_zone_amount_within_reach",
            ),
            # What a pledge's composite foreign key points at.
            models.UniqueConstraint(fields=["id", "campaign"], name="shipping_zone_with_campaign"),
        ]

    def __str__(self) -> str:
        return self.name


class Reward(models.Model):
    """What a campaign gives back for a pledge of at least so much; or an add-on, by the piece."""

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="rewards")
    kind = models.CharField(
        _("kind"), max_length=16, choices=RewardKind.choices, default=RewardKind.REWARD
    )
    position = models.PositiveSmallIntegerField(_("position"))
    title = models.CharField(_("title"), max_length=80)
    description = models.CharField(_("description"), max_length=400, blank=True)
    amount_minor = models.BigIntegerField(_("for at least"))
    limit = models.PositiveIntegerField(_("how many there are"), null=True, blank=True)
    # Its first day: an estimate names a month.
    delivered_from = models.DateField(_("estimated delivery"), null=True, blank=True)
    handover = models.CharField(
        _("how it is handed over"),
        max_length=16,
        choices=Handover.choices,
        default=Handover.NONE,
    )
    # How many of a limited reward are taken, by started pledges too.
    claimed = models.PositiveIntegerField(_("taken"), default=0)

    class Meta:
        verbose_name = _("reward")
        verbose_name_plural = _("rewards")
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["campaign", "position"], name="reward_position"),
            models.CheckConstraint(
                condition=Q(amount_minor__range=(1, MOST_MINOR)), name="reward_amount_within_reach"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=RewardKind.values), name="reward_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(handover__in=Handover.values), name="reward_handover_known"
            ),
            models.CheckConstraint(
                condition=Q(limit__isnull=True) | Q(limit__gt=0), name="reward_limit_positive"
            ),
            models.CheckConstraint(
                condition=Q(limit__isnull=True) | Q(claimed__lte=F("limit")),
                name="reward_never_oversold",
            ),
            # What a pledge's composite foreign key points at.
            models.UniqueConstraint(fields=["id", "campaign"], name="reward_with_campaign"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_add_on(self) -> bool:
        """Whether it is added to a pledge by the piece."""
        return self.kind == RewardKind.ADD_ON

    @property
    def is_sent(self) -> bool:
        """Whether it goes by post, so that its backer has to say where to."""
        return self.handover == Handover.SHIPPING

    @property
    def left(self) -> int | None:
        """How many are left; None where there is no limit."""
        return None if self.limit is None else self.limit - self.claimed

    @property
    def sold_out(self) -> bool:
        """Whether the last one is taken."""
        return self.left == 0


class CampaignOutcome(AppendOnly):
    """The one decision on a campaign, with the digest of the pledges it was taken from."""

    campaign = models.OneToOneField(Campaign, models.PROTECT, related_name="outcome")
    decision = models.CharField(_("decision"), max_length=16, choices=Decision.choices)
    pledged_minor = models.BigIntegerField(_("pledged"))
    pledges = models.PositiveIntegerField(_("pledges"))
    digest = models.CharField(_("digest"), max_length=64)
    decided_at = models.DateTimeField(_("decided"), db_default=Now())

    class Meta:
        verbose_name = _("outcome")
        verbose_name_plural = _("outcomes")
        constraints = [
            models.CheckConstraint(
                condition=Q(decision__in=Decision.values), name="outcome_decision_known"
            ),
            models.CheckConstraint(
                condition=Q(pledged_minor__gte=0), name="outcome_pledged_not_negative"
            ),
            # What a pledge's composite foreign key points at.
            models.UniqueConstraint(fields=["id", "campaign"], name="outcome_with_campaign"),
        ]

    def __str__(self) -> str:
        return f"{self.decision}: campaign {self.campaign_id}"
