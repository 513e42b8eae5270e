"""Voting that was extended: the one change of its closing instant that there is."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from budgeting.models.cycles import Cycle
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
