"""Each comparison of our books with the provider's, and what differed."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from civicfund.reconciliation.enums import Defect, ExplanationState, Movement


class Reconciliation(models.Model):
    """Our books beside the provider's for a time: what was compared, what was mended."""

    since = models.DateTimeField(_("from"))
    until = models.DateTimeField(_("until"))
    started_at = models.DateTimeField(_("started"), db_default=Now())
    # Empty: it is running, or it was cut off and the next one covers its time.
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    compared = models.PositiveIntegerField(_("movements compared"), default=0)
    healed = models.PositiveIntegerField(_("mended"), default=0)
    differing = models.PositiveIntegerField(_("differing"), default=0)

    class Meta:
        verbose_name = _("reconciliation")
        verbose_name_plural = _("reconciliations")
        ordering = ["-started_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(since__lt=models.F("until")), name="reconciliation_of_some_time"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.since:%Y-%m-%d %H:%M} to {self.until:%Y-%m-%d %H:%M}"


class Difference(models.Model):
    """A movement that the provider and our books tell differently, until they agree."""

    kind = models.CharField(_("movement"), max_length=24, choices=Movement.choices)
    # The provider's object; our own row where we never heard of one.
    object_id = models.CharField(_("object"), max_length=64)
    defect = models.CharField(_("what differs"), max_length=16, choices=Defect.choices)
    told_minor = models.BigIntegerField(_("provider says"), null=True)
    told_fee_minor = models.BigIntegerField(_("fee, provider says"), null=True)
    booked_minor = models.BigIntegerField(_("books say"), null=True)
    booked_fee_minor = models.BigIntegerField(_("fee, books say"), null=True)
    currency = models.CharField(_("currency"), max_length=3)
    found_at = models.DateTimeField(_("found"), db_default=Now())
    ended_at = models.DateTimeField(_("agrees since"), null=True)
    # Whether the comparison itself mended it, by asking the provider again.
    healed = models.BooleanField(_("mended by asking again"), default=False)

    class Meta:
        verbose_name = _("difference")
        verbose_name_plural = _("differences")
        ordering = ["-found_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=Movement.values), name="difference_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(defect__in=Defect.values), name="difference_defect_known"
            ),
            models.UniqueConstraint(
                fields=["kind", "object_id"],
                condition=Q(ended_at__isnull=True),
                name="difference_open_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.object_id}: {self.get_defect_display()}"

    @property
    def off_minor(self) -> int:
        """By how much more the provider holds than our books say, in the town's currency."""
        told = (self.told_minor or 0) - (self.told_fee_minor or 0)
        ours = (self.booked_minor or 0) - (self.booked_fee_minor or 0)
        return (told if self.currency == settings.CURRENCY else 0) - ours

    @property
    def accepted(self) -> Explanation | None:
        """What was said of it and holds; None where nothing was."""
        said = (row for row in self.explanations.all() if row.state == ExplanationState.ACCEPTED)
        return next(said, None)


class Explanation(models.Model):
    """What a treasurer says a difference is; with an amount, the books are corrected by it.

    An amount takes a second treasurer. What the difference was stays in its row, which ends when
    this is accepted, and is found anew should either side change.
    """

    difference = models.ForeignKey(
        Difference, models.PROTECT, related_name="explanations", verbose_name=_("difference")
    )
    state = models.CharField(_("state"), max_length=16, choices=ExplanationState.choices)
    words = models.CharField(_("what it is"), max_length=300)
    # By how much our books' money at the provider changes; zero where only words were needed.
    corrected_minor = models.BigIntegerField(_("books corrected by"), default=0)
    currency = models.CharField(_("currency"), max_length=3)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("by")
    )
    created_at = models.DateTimeField(_("said"), db_default=Now())
    resolved_at = models.DateTimeField(_("done"), null=True, blank=True)

    class Meta:
        verbose_name = _("explanation of a difference")
        verbose_name_plural = _("explanations of differences")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=ExplanationState.values), name="explanation_state_known"
            ),
            models.CheckConstraint(condition=~Q(words=""), name="explanation_says_something"),
            models.CheckConstraint(
                condition=~Q(state=ExplanationState.WAITING) | ~Q(corrected_minor=0),
                name="explanation_waits_only_to_correct",
            ),
            models.UniqueConstraint(
                fields=["difference"],
                condition=Q(state=ExplanationState.WAITING),
                name="explanation_one_waits",
            ),
            models.UniqueConstraint(
                fields=["difference"],
                condition=Q(state=ExplanationState.ACCEPTED),
                name="explanation_accepted_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.difference_id}: {self.words}"
