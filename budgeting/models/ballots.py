"""Ballots as they are counted."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from budgeting.models.cycles import Cycle, Pot
from civicfund.audit.models import AppendOnly


class OpenedBallot(AppendOnly):
    """A ballot for one pot, with nothing that leads to a voter: the only table a count reads.

    ``options`` are positions in the pot: in rising order, or for a ranking from first to last.
    ``points`` belong to the options at the same place; None for kinds that give none.
    """

    cycle = models.ForeignKey(Cycle, models.PROTECT, related_name="+", db_index=False)
    pot = models.ForeignKey(Pot, models.PROTECT, related_name="opened_ballots")
    options = ArrayField(models.SmallIntegerField())
    points = ArrayField(models.IntegerField(), null=True)

    class Meta:
        verbose_name = _("opened ballot")
        verbose_name_plural = _("opened ballots")

    def __str__(self) -> str:
        return f"opened ballot {self.pk}"
