"""Open cycles that are called otherwise than they were opened as."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from budgeting.models.cycles import Cycle
from civicfund.audit.models import AppendOnly


class Rewording(AppendOnly):
    """Another title or sentence for an open cycle, why, and by whom.

    Until voting begins, and before sheets are printed, which the database holds to: from then on
    all voters read one title.
    """

    cycle = models.ForeignKey(Cycle, models.PROTECT, related_name="rewordings")
    title_before = models.CharField(_("title before"), max_length=120)
    title = models.CharField(_("title"), max_length=120)
    summary_before = models.CharField(_("sentence before"), max_length=280, blank=True)
    summary = models.CharField(_("sentence"), max_length=280, blank=True)
    reason = models.CharField(_("reason"), max_length=500)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    # The database writes it.
    at = models.DateTimeField(_("at"), db_default=Now())

    class Meta:
        verbose_name = _("rewording of a cycle")
        verbose_name_plural = _("rewordings of cycles")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=Q(reason__regex=r"\S"), name="rewording_says_why"),
            models.CheckConstraint(
                condition=~Q(title=F("title_before"), summary=F("summary_before")),
                name="rewording_changes_words",
            ),
        ]

    def __str__(self) -> str:
        return f"rewording of cycle {self.cycle_id}"
