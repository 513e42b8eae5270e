"""What people find wrong with campaigns."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from civicfund.pledges.enums import ReportReason
from civicfund.pledges.models.campaigns import Campaign


class CampaignReport(models.Model):
    """Somebody tells the moderators of a campaign; signed in or not."""

    campaign = models.ForeignKey(
        Campaign, models.CASCADE, related_name="reports", verbose_name=_("campaign")
    )
    reporter = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+",
        verbose_name=_("told by"),
    )  # fmt: skip
    reason = models.CharField(_("what is wrong"), max_length=16, choices=ReportReason.choices)
    words = models.CharField(_("more about it"), max_length=1000, blank=True)
    created_at = models.DateTimeField(_("told"), db_default=Now())
    handled_at = models.DateTimeField(_("looked at"), null=True, blank=True)

    class Meta:
        verbose_name = _("report of a campaign")
        verbose_name_plural = _("reports of campaigns")
        constraints = [
            models.CheckConstraint(
                condition=Q(reason__in=ReportReason.values), name="report_reason_known"
            ),
            models.UniqueConstraint(
                fields=["campaign", "reporter"],
                condition=Q(handled_at__isnull=True, reporter__isnull=False),
                name="report_once_until_looked_at",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.campaign}: {self.get_reason_display()}"
