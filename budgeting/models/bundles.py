"""The bundle of a published vote as it was first given out: the same bytes for everybody since."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from budgeting.models.cycles import Cycle
from civicfund.audit.models import AppendOnly


class KeptBundle(AppendOnly):
    """That a published vote has its bundle; its bytes are its parts, in their order.

    The database refuses it before the publication, and where its parts are not what it says.
    """

    cycle = models.OneToOneField(
        Cycle, models.PROTECT, related_name="kept_bundle", primary_key=True
    )
    sha256 = models.CharField(max_length=64)
    size_bytes = models.PositiveBigIntegerField()
    # The database writes it: parts come in the same transaction, or not at all.
    made_at = models.DateTimeField(_("made"), db_default=Now())

    class Meta:
        verbose_name = _("bundle")
        verbose_name_plural = _("bundles")
        constraints = [
            models.CheckConstraint(
                condition=Q(sha256__regex="^[0-9a-f]{64}$"), name="kept_bundle_has_a_digest"
            ),
        ]

    def __str__(self) -> str:
        return self.sha256


class BundlePart(AppendOnly):
    """Some of a bundle's bytes: few enough to be held in memory by every thread at once."""

    bundle = models.ForeignKey(KeptBundle, models.PROTECT, related_name="parts", db_index=False)
    position = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["bundle", "position"], name="bundle_part_position"),
        ]

    def __str__(self) -> str:
        return f"part {self.position} of {self.bundle_id}"
