"""Phases that were moved and voting that was extended: the only changes of an opened timeline."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from budgeting.enums import PhaseKind
from budgeting.models.cycles import Cycle, Phase
from civicfund.audit.models import AppendOnly, Approval


class Extension(AppendOnly):
    """That voting ends later than was said, and why, as two people agreed before it ended.

    Writing the row moves the phase, in the database, and nothing else can. ``at`` and
    ``board_size``, the number of ballots cast before it, are set there as well, and the row is
    taken into the chain of the board.
    """

    cycle = models.ForeignKey(Cycle, models.PROTECT, related_name="extensions")
    from_at = models.DateTimeField(_("was to end"))
    to_at = models.DateTimeField(_("ends"))
    reason = models.CharField(_("why"), max_length=500)
    approval = models.OneToOneField(Approval, models.PROTECT, related_name="+")
    at = models.DateTimeField(_("at"), db_default=Now())
    board_size = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("extension of voting")
        verbose_name_plural = _("extensions of voting")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["cycle", "from_at"], name="extension_once_from"),
            models.CheckConstraint(
                condition=Q(to_at__gt=F("from_at")), name="extension_only_forward"
            ),
            models.CheckConstraint(condition=Q(reason__regex=r"\S"), name="extension_says_why"),
        ]

    def __str__(self) -> str:
        return f"extension of cycle {self.cycle_id}"


class PhaseMove(AppendOnly):
    """That a phase is later than was said, and why, as two people agreed in time.

    Like an ``Extension`` it moves the phase by being written, and is taken into the chain of the
    board: after ``board_size`` ballots and so many ``extensions``, both of which, like ``at`` and
    ``kind``, the database sets.
    """

    cycle = models.ForeignKey(Cycle, models.PROTECT, related_name="moves_of_phases")
    phase = models.ForeignKey(Phase, models.PROTECT, related_name="+")
    kind = models.CharField(_("kind"), max_length=16, choices=PhaseKind.choices, default="")
    from_starts_at = models.DateTimeField(_("was to start"))
    from_ends_at = models.DateTimeField(_("was to end"))
    to_starts_at = models.DateTimeField(_("starts"))
    to_ends_at = models.DateTimeField(_("ends"))
    reason = models.CharField(_("why"), max_length=500)
    approval = models.OneToOneField(Approval, models.PROTECT, related_name="+")
    at = models.DateTimeField(_("at"), db_default=Now())
    board_size = models.PositiveIntegerField(default=0)
    extensions = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("move of a phase")
        verbose_name_plural = _("moves of phases")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["phase", "from_starts_at", "from_ends_at"], name="move_once_from"
            ),
            models.CheckConstraint(
                condition=Q(
                    to_starts_at__gte=F("from_starts_at"), to_ends_at__gt=F("from_ends_at")
                ),
                name="move_only_later",
            ),
            models.CheckConstraint(condition=Q(reason__regex=r"\S"), name="move_says_why"),
        ]

    def __str__(self) -> str:
        return f"move of phase {self.phase_id}"
