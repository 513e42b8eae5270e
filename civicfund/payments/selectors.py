"""Reading what the provider told us."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.db.models.functions import Now

from civicfund.payments.models import Orphan, OrphanReview, ProviderEvent


def due_events(types: Iterable[str], *, most: int) -> list[ProviderEvent]:
    """Events of these types that nobody has acted on, those that wait longest first."""
    return list(ProviderEvent.objects.due().filter(type__in=list(types))[:most])


def overdue_events(*, minutes: int) -> int:
    """How many events nobody has acted on for so long."""
    since = Now() - timedelta(minutes=minutes)
    return ProviderEvent.objects.filter(handled_at__isnull=True, received_at__lt=since).count()


def orphan_count() -> int:
    """How many objects at the provider fit nothing of ours, and nobody has looked at."""
    return Orphan.objects.filter(review__isnull=True).count()


def latest_orphans(most: int) -> list[Orphan]:
    """What fits nothing of ours and nobody has looked at, the newest first."""
    return list(Orphan.objects.filter(review__isnull=True).order_by("-pk")[:most])


def latest_reviews(most: int) -> list[OrphanReview]:
    """What treasurers said of orphans, the newest first."""
    return list(OrphanReview.objects.select_related("orphan", "by").order_by("-pk")[:most])


def likely_fee(amount_minor: int) -> int:
    """What the provider is likely to keep of a charge, by its price list, rounded half up."""
    share = (amount_minor * settings.PROVIDER_FEE_THOUSANDTHS + 500) // 1000
    return min(amount_minor, share + settings.PROVIDER_FEE_FIXED_MINOR)
