"""A project's plan, what its owner says of it, and what somebody else found."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from civicfund.audit.models import AppendOnly
from civicfund.delivery.enums import Reach
from civicfund.projects.models import Project


class Milestone(models.Model):
    """One step of a project's plan: what will be shown by when, and the share it is worth.

    A plan's shares are 100 together. Its milestones are reached one after the other, and stay as
    they are once anything was said of one or money was asked for.
    """

    project = models.ForeignKey(
        Project, models.PROTECT, related_name="milestones", verbose_name=_("project")
    )
    position = models.PositiveSmallIntegerField(_("position"))
    title = models.CharField(_("title"), max_length=120)
    shows = models.CharField(_("what will be shown"), max_length=300)
    due_on = models.DateField(_("by"))
    share_percent = models.PositiveSmallIntegerField(_("share in percent"))

    class Meta:
        verbose_name = _("milestone")
        verbose_name_plural = _("milestones")
        constraints = [
            models.UniqueConstraint(fields=["project", "position"], name="milestone_position_once"),
            models.CheckConstraint(
                condition=Q(share_percent__gte=1, share_percent__lte=100),
                name="milestone_share_within",
            ),
            models.CheckConstraint(
                condition=~Q(title="") & ~Q(shows=""), name="milestone_says_what"
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def last_report(self) -> MilestoneReport | None:
        """What its owner said of it last. Reads what was fetched with ``reports``."""
        return max(self.reports.all(), key=lambda report: report.pk, default=None)

    @property
    def last_verdict(self) -> MilestoneVerdict | None:
        """What was found of what its owner said last; None where nobody has looked yet."""
        report = self.last_report
        return report.verdict_or_none if report else None

    @property
    def reach(self) -> Reach:
        """How far it has come."""
        verdict = self.last_verdict
        if self.last_report is None or (verdict and not verdict.confirmed):
            return Reach.PLANNED
        return Reach.REACHED if verdict else Reach.REPORTED


class MilestoneReport(AppendOnly):
    """An owner's word that a milestone is reached, and what shows it."""

    milestone = models.ForeignKey(
        Milestone, models.PROTECT, related_name="reports", verbose_name=_("milestone")
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("by")
    )
    at = models.DateTimeField(_("said"), db_default=Now())
    words = models.CharField(_("what was done"), max_length=1000)

    class Meta:
        verbose_name = _("report of a milestone")
        verbose_name_plural = _("reports of milestones")
        constraints = [
            models.CheckConstraint(condition=~Q(words=""), name="milestone_report_says_something"),
        ]

    def __str__(self) -> str:
        return f"{self.milestone_id}: {self.at:%Y-%m-%d}"

    @property
    def verdict_or_none(self) -> MilestoneVerdict | None:
        """What was found, where somebody has looked. Reads what was fetched with it."""
        return getattr(self, "verdict", None)


class MilestoneVerdict(AppendOnly):
    """What somebody other than the owner found: it is reached, or why not yet."""

    report = models.OneToOneField(MilestoneReport, models.PROTECT, related_name="verdict")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("by")
    )
    at = models.DateTimeField(_("decided"), db_default=Now())
    confirmed = models.BooleanField(_("reached"))
    words = models.CharField(_("why not yet"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("verdict on a milestone")
        verbose_name_plural = _("verdicts on milestones")
        constraints = [
            models.CheckConstraint(
                condition=Q(confirmed=True) | ~Q(words=""), name="milestone_verdict_says_why_not"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.report_id}: {self.confirmed}"
