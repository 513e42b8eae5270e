"""Kiosks: devices of the town at which an officer unlocks one ballot for one voter at a time.

Who unlocked whose ballot where and when tells that somebody took part, as ``Participation`` does.
Nothing here tells what was chosen, and no receipt stands here.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from budgeting.models.cycles import Cycle
from budgeting.models.roll import RollEntry
from civicfund.audit.models import AppendOnly

# How long a code may be typed, and how long the ballot may be cast; the database says the same.
CODE_LASTS = timedelta(minutes=2)
UNLOCK_LASTS = timedelta(minutes=10)
_DIGEST = "^[0-9a-f]{64}$"


class Kiosk(models.Model):
    """A browser that was registered for one cycle; known by a secret of which a hash is kept."""

    cycle = models.ForeignKey(Cycle, models.PROTECT, related_name="+")
    name = models.CharField(_("place"), max_length=80)
    key_hash = models.CharField(max_length=64, unique=True)
    registered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    registered_at = models.DateTimeField(_("registered"), db_default=Now())
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    revoked_at = models.DateTimeField(_("revoked"), null=True)

    class Meta:
        verbose_name = _("kiosk")
        verbose_name_plural = _("kiosks")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=Q(key_hash__regex=_DIGEST), name="kiosk_key_is_hash"),
            models.CheckConstraint(condition=Q(name__regex=r"\S"), name="kiosk_has_a_place"),
            models.CheckConstraint(
                condition=Q(revoked_at__isnull=True, revoked_by__isnull=True)
                | Q(revoked_at__isnull=False, revoked_by__isnull=False),
                name="kiosk_revoked_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class KioskUnlock(AppendOnly):
    """An officer let one voter vote at one kiosk, once and for a while.

    Of the code an HMAC is kept, under a key outside the database.
    """

    kiosk = models.ForeignKey(Kiosk, models.PROTECT, related_name="unlocks")
    officer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    entry = models.ForeignKey(RollEntry, models.PROTECT, related_name="+")
    code_hash = models.CharField(max_length=64)
    made_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(code_hash__regex=_DIGEST), name="kiosk_code_is_a_digest"
            ),
        ]

    def __str__(self) -> str:
        return f"unlock {self.pk} at kiosk {self.kiosk_id}"


class KioskOpening(AppendOnly):
    """The code was typed at the kiosk, and the ballot shown."""

    unlock = models.OneToOneField(KioskUnlock, models.PROTECT, related_name="opening")
    at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"opening of unlock {self.unlock_id}"


class KioskEnd(AppendOnly):
    """The unlocked ballot is over: cast, left, or taken back. At most one for each unlock."""

    unlock = models.OneToOneField(KioskUnlock, models.PROTECT, related_name="end")
    with_ballot = models.BooleanField()
    at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"end of unlock {self.unlock_id}"
