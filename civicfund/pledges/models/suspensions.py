"""Campaigns that moderators stopped for a while, and what their creators say to that."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from civicfund.pledges.enums import CampaignState, SuspensionOutcome
from civicfund.pledges.models.campaigns import Campaign


class SuspensionQuerySet(models.QuerySet["Suspension"]):
    """Questions about suspensions."""

    def standing(self) -> SuspensionQuerySet:
        """Those that nobody has lifted."""
        return self.filter(lifted_at__isnull=True)

    def undecided(self) -> SuspensionQuerySet:
        """Appeals that wait for a decision; of a campaign that was called off none does."""
        waiting = self.standing().filter(appealed_at__isnull=False, decided_at__isnull=True)
        return waiting.filter(campaign__state=CampaignState.SUSPENDED)


class Suspension(models.Model):
    """A moderator stopped a campaign, with a reason that everybody reads on its page.

    Its creator may appeal once; another moderator decides, whoever suspended it may only let it
    go on, and the table holds them to it.
    Triggers keep what was said and who said it, and everybody of its team out of judging.
    """

    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="suspensions")
    words = models.TextField(_("why"), blank=True)
    suspended_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    suspended_at = models.DateTimeField(_("suspended"), db_default=Now())
    appeal_words = models.CharField(_("what its creator says"), max_length=1_000, blank=True)
    appealed_at = models.DateTimeField(_("appealed"), null=True, blank=True)
    outcome = models.CharField(
        _("decided"), max_length=8, choices=SuspensionOutcome.choices, blank=True
    )
    answer = models.TextField(_("why it was decided so"), blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(_("decided on"), null=True, blank=True)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    lifted_at = models.DateTimeField(_("let go on"), null=True, blank=True)

    objects = SuspensionQuerySet.as_manager()

    class Meta:
        verbose_name = _("suspension")
        verbose_name_plural = _("suspensions")
        constraints = [
            models.UniqueConstraint(
                fields=["campaign"],
                condition=Q(lifted_at__isnull=True),
                name="suspension_one_at_a_time",
            ),
            # Of one that was over before this table was there, nobody knows the reason any more.
            models.CheckConstraint(
                condition=~Q(words="") | Q(lifted_at__isnull=False), name="suspension_for_a_reason"
            ),
            models.CheckConstraint(
                condition=Q(outcome="", answer="", decided_by__isnull=True, decided_at__isnull=True)
                | Q(
                    outcome__in=SuspensionOutcome.values,
                    decided_by__isnull=False,
                    decided_at__isnull=False,
                    appealed_at__isnull=False,
                )
                & ~Q(answer=""),
                name="suspension_decided_after_an_appeal",
            ),
            # Where there is no other moderator, an appeal keeps nobody from letting it go on.
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True)
                | ~Q(decided_by=F("suspended_by"))
                | Q(outcome=SuspensionOutcome.LIFTED),
                name="suspension_decided_by_another",
            ),
            models.CheckConstraint(
                condition=Q(lifted_by__isnull=True, lifted_at__isnull=True)
                | Q(lifted_by__isnull=False, lifted_at__isnull=False),
                name="suspension_lifted_by_somebody",
            ),
            # An appeal gets its answer: letting it go on grants it.
            models.CheckConstraint(
                condition=Q(appealed_at__isnull=True)
                | Q(lifted_at__isnull=True)
                | Q(decided_at__isnull=False),
                name="suspension_appealed_is_decided",
            ),
            models.CheckConstraint(
                condition=~Q(outcome=SuspensionOutcome.LIFTED) | Q(lifted_at__isnull=False),
                name="suspension_decided_is_done",
            ),
        ]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"

    @property
    def may_be_appealed(self) -> bool:
        """Whether nobody has appealed yet."""
        return self.appealed_at is None and self.lifted_at is None

    @property
    def waits(self) -> bool:
        """Whether an appeal waits for a decision."""
        return self.appealed_at is not None and self.decided_at is None
