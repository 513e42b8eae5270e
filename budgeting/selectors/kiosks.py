"""Reading kiosks, and which ballot is unlocked at one."""

from __future__ import annotations

import hashlib

from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Now

from budgeting.models import Cycle, Kiosk, KioskUnlock
from budgeting.models.kiosks import UNLOCK_LASTS


def kiosks_of(cycle: Cycle) -> QuerySet[Kiosk]:
    """The kiosks in use, each with whether somebody votes there now (``is_busy``)."""
    sitting = _sittings().filter(kiosk=OuterRef("pk"))
    return Kiosk.objects.filter(cycle=cycle, revoked_at__isnull=True).annotate(
        is_busy=Exists(sitting)
    )


def kiosk_by_key(cycle: Cycle, key: str) -> Kiosk | None:
    """The kiosk that holds the secret; None where there is none, or it was revoked."""
    hashed = hashlib.sha256(key.encode()).hexdigest()
    return Kiosk.objects.filter(cycle=cycle, key_hash=hashed, revoked_at__isnull=True).first()


def sitting_at(kiosk: Kiosk) -> KioskUnlock | None:
    """The ballot that is unlocked and open at the kiosk now; None where none is."""
    found = _sittings().filter(kiosk=kiosk).order_by("-pk")
    return found.select_related("entry__place").first()


def _sittings() -> QuerySet[KioskUnlock]:
    return KioskUnlock.objects.filter(
        made_at__gt=Now() - UNLOCK_LASTS, opening__isnull=False, end__isnull=True
    )
