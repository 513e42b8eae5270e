"""Reading what the provider told us."""

from __future__ import annotations

from collections.abc import Iterable

from civicfund.payments.models import Orphan, ProviderEvent


def due_events(types: Iterable[str], *, most: int) -> list[ProviderEvent]:
    """Events of these types that nobody has acted on, those that wait longest first."""
    return list(ProviderEvent.objects.due().filter(type__in=list(types))[:most])


def orphan_count() -> int:
    """How many objects at the provider fit nothing of ours."""
    return Orphan.objects.count()
