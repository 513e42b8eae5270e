"""What people find wrong with comments, and what moderators did about it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from civicfund.talk.enums import AppealOutcome, Wrong
from civicfund.talk.models.threads import Comment


class FlagQuerySet(models.QuerySet["Flag"]):
    """Questions about flags."""

    def waiting(self) -> FlagQuerySet:
        """Those that no moderator has looked at."""
        return self.filter(handled_at__isnull=True)


class Flag(models.Model):
    """Somebody tells the moderators of a comment, once; erased with the person but for the reason.

    Nobody but moderators learns of it.
    """

    comment = models.ForeignKey(Comment, models.CASCADE, related_name="flags")
    reporter = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    reason = models.CharField(_("what is wrong"), max_length=16, choices=Wrong.choices)
    words = models.CharField(_("more about it"), max_length=500, blank=True)
    created_at = models.DateTimeField(_("told"), db_default=Now())
    handled_at = models.DateTimeField(_("looked at"), null=True, blank=True)

    objects = FlagQuerySet.as_manager()

    class Meta:
        verbose_name = _("flag")
        verbose_name_plural = _("flags")
        indexes = [
            # The moderators' queue.
            models.Index(
                fields=["created_at"], condition=Q(handled_at__isnull=True), name="flag_waiting"
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["comment", "reporter"], name="flag_once_per_person"),
            models.CheckConstraint(condition=Q(reason__in=Wrong.values), name="flag_reason_known"),
        ]

    def __str__(self) -> str:
        return f"flag {self.pk}"


class HidingQuerySet(models.QuerySet["Hiding"]):
    """Questions about what is hidden."""

    def standing(self) -> HidingQuerySet:
        """What is hidden now."""
        return self.filter(lifted_at__isnull=True)

    def appealed(self) -> HidingQuerySet:
        """What waits for a decision on its author's appeal, longest first."""
        waiting = self.standing().filter(appealed_at__isnull=False, decided_at__isnull=True)
        return waiting.filter(comment__deleted_at__isnull=True).order_by("appealed_at", "pk")


class Hiding(models.Model):
    """A moderator hid a comment, with a reason that everybody reads in its place.

    Its author may appeal once; another moderator decides, and the table holds them to it.
    """

    comment = models.ForeignKey(Comment, models.CASCADE, related_name="hidings")
    reason = models.CharField(_("why"), max_length=16, choices=Wrong.choices)
    words = models.CharField(_("in words"), max_length=500, blank=True)
    hidden_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    hidden_at = models.DateTimeField(_("hidden"), db_default=Now())
    appeal_words = models.CharField(_("what its author says"), max_length=1_000, blank=True)
    appealed_at = models.DateTimeField(_("appealed"), null=True, blank=True)
    outcome = models.CharField(
        _("decided"), max_length=8, choices=AppealOutcome.choices, blank=True
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(_("decided on"), null=True, blank=True)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    lifted_at = models.DateTimeField(_("shown again"), null=True, blank=True)

    objects = HidingQuerySet.as_manager()

    class Meta:
        verbose_name = _("hidden comment")
        verbose_name_plural = _("hidden comments")
        constraints = [
            models.UniqueConstraint(
                fields=["comment"], condition=Q(lifted_at__isnull=True), name="hiding_one_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(reason__in=Wrong.values), name="hiding_reason_known"
            ),
            models.CheckConstraint(
                condition=Q(outcome="", decided_by__isnull=True, decided_at__isnull=True)
                | Q(
                    outcome__in=AppealOutcome.values,
                    decided_by__isnull=False,
                    decided_at__isnull=False,
                    appealed_at__isnull=False,
                ),
                name="hiding_decided_after_an_appeal",
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("hidden_by")),
                name="hiding_decided_by_another",
            ),
            models.CheckConstraint(
                condition=Q(lifted_by__isnull=True, lifted_at__isnull=True)
                | Q(lifted_by__isnull=False, lifted_at__isnull=False),
                name="hiding_lifted_by_somebody",
            ),
            # Whoever hid it cannot get an appeal out of the way by showing the comment again.
            models.CheckConstraint(
                condition=Q(appealed_at__isnull=True)
                | Q(lifted_at__isnull=True)
                | Q(outcome=AppealOutcome.LIFTED),
                name="hiding_appealed_is_decided",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.comment}: {self.get_reason_display()}"

    @property
    def may_be_appealed(self) -> bool:
        """Whether its author has not appealed yet."""
        return self.appealed_at is None and self.lifted_at is None
