"""Rows that sweeps come back to: when, and who is at them."""

from __future__ import annotations

from typing import Self, TypeVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

Row = TypeVar("Row", bound="Stepped")


class SteppedQuerySet(models.QuerySet[Row]):
    """Questions of sweeps and workers."""

    def due(self) -> Self:
        """Those that want a look now, by the database's clock, and have no worker."""
        free = Q(lease_until__isnull=True) | Q(lease_until__lte=Now())
        return self.filter(free, next_step_at__lte=Now())


class Stepped(models.Model):
    """When a sweep has to look again; who is at it; until when a woken worker may still come."""

    next_step_at = models.DateTimeField(_("next step"), null=True, blank=True)
    lease_until = models.DateTimeField(_("taken until"), null=True, blank=True)
    woken_until = models.DateTimeField(_("woken until"), null=True, blank=True)

    class Meta:
        abstract = True
