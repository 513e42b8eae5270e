"""That somebody may not write for a while, and what became of it."""

from __future__ import annotations

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from civicfund.talk.enums import PauseOutcome, Wrong


class PauseQuerySet(models.QuerySet["Pause"]):
    """Questions about pauses."""

    def standing(self) -> Self:
        """Those that keep somebody from writing now."""
        return self.filter(lifted_at__isnull=True, until__gt=Now())

    def appealed(self) -> Self:
        """Appeals that wait for a decision, longest first; of what is over nothing does."""
        waiting = self.standing().filter(appealed_at__isnull=False, decided_at__isnull=True)
        return waiting.order_by("appealed_at", "pk")


class Pause(models.Model):
    """A moderator keeps somebody from writing in public until an instant, with a reason.

    They may appeal once; another moderator decides, and the table holds them to it. Who, why, by
    whom and until when never change, and no row goes; triggers see to that, and to it that no
    comment is written meanwhile.
    """

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="pauses")
    reason = models.CharField(_("why"), max_length=16, choices=Wrong.choices)
    words = models.CharField(_("in words"), max_length=500, blank=True)
    paused_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    paused_at = models.DateTimeField(_("since"), db_default=Now())
    until = models.DateTimeField(_("until"))
    appeal_words = models.CharField(_("what they say"), max_length=1_000, blank=True)
    appealed_at = models.DateTimeField(_("appealed"), null=True, blank=True)
    outcome = models.CharField(_("decided"), max_length=8, choices=PauseOutcome.choices, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(_("decided on"), null=True, blank=True)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    lifted_at = models.DateTimeField(_("ended"), null=True, blank=True)

    objects = PauseQuerySet.as_manager()

    class Meta:
        verbose_name = _("pause")
        verbose_name_plural = _("pauses")
        indexes = [
            # Whether somebody may write now; asked for each comment.
            models.Index(
                fields=["person", "until"],
                condition=Q(lifted_at__isnull=True),
                name="pause_of_person",
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(reason__in=Wrong.values), name="pause_reason_known"),
            models.CheckConstraint(
                condition=Q(until__gt=F("paused_at")), name="pause_ends_after_it_began"
            ),
            models.CheckConstraint(
                condition=~Q(person=F("paused_by")), name="pause_of_somebody_else"
            ),
            models.CheckConstraint(
                condition=Q(outcome="", decided_by__isnull=True, decided_at__isnull=True)
                | Q(
                    outcome__in=PauseOutcome.values,
                    decided_by__isnull=False,
                    decided_at__isnull=False,
                    appealed_at__isnull=False,
                ),
                name="pause_decided_after_an_appeal",
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True)
                | (~Q(decided_by=F("paused_by")) & ~Q(decided_by=F("person"))),
                name="pause_decided_by_another",
            ),
            models.CheckConstraint(
                condition=Q(lifted_by__isnull=True, lifted_at__isnull=True)
                | (Q(lifted_by__isnull=False, lifted_at__isnull=False) & ~Q(lifted_by=F("person"))),
                name="pause_lifted_by_somebody_else",
            ),
            models.CheckConstraint(
                condition=Q(appealed_at__isnull=True)
                | Q(lifted_at__isnull=True)
                | Q(outcome=PauseOutcome.LIFTED),
                name="pause_appealed_is_decided",
            ),
        ]

    def __str__(self) -> str:
        return f"pause {self.pk}"

    @property
    def may_be_appealed(self) -> bool:
        """Whether nobody has appealed yet, and it was not ended."""
        return self.appealed_at is None and self.lifted_at is None
