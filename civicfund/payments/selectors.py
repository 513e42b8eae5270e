"""Reading what the provider told us."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.db.models.functions import Now

from civicfund.payments.models import Orphan, ProviderEvent


def due_events(types: Iterable[str], *, most: int) -> list[ProviderEvent]:
    """Events of these types that nobody has acted on, those that wait longest first."""
    return list(ProviderEvent.objects.due().filter(type__in=list(types))[:most])


def overdue_events(*, minutes: int) -> int:
    """How many events nobody has acted on for so long."""
    since = Now() - timedelta(minutes=minutes)
    return ProviderEvent.objects.filter(handled_at__isnull=True, received_at__lt=since).count()


def orphan_count() -> int:
    """How many objects at the provider fit nothing of ours."""
    return Orphan.objects.count()


def latest_orphans(most: int) -> list[Orphan]:
    """What the provider holds that fits nothing of ours, the newest first."""
    return list(Orphan.objects.order_by("-pk")[:most])


def likely_fee(amount_minor: int) -> int:
    """What the provider is likely to keep of a charge, by its price list, rounded half up."""
    share = (amount_minor * settings.PROVIDER_FEE_THOUSANDTHS + 500) // 1000
    return min(amount_minor, share + settings.PROVIDER_FEE_FIXED_MINOR)
