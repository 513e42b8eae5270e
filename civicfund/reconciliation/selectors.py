"""What our books say of the provider's movements, and what has been found to differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import TypeVar

from django.conf import settings
from django.db.models import Model, Prefetch, Q, QuerySet

from civicfund.audit.services import db_now
from civicfund.ledger.selectors import (
    Invariant,
    Moved,
    first_movement_at,
    moved_at_provider,
    moved_between,
)
from civicfund.ledger.selectors import booked as booked_by_kind
from civicfund.payments.domain import MovementKind
from civicfund.payouts.models import Payout, Reversal, Withdrawal
from civicfund.pledges.enums import AttemptState
from civicfund.pledges.models import ChargeAttempt, Dispute, Refund
from civicfund.reconciliation.domain import Fact, Key
from civicfund.reconciliation.enums import ExplanationState
from civicfund.reconciliation.models import Difference, Explanation, Reconciliation

AT_ONCE = 1000
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Family:
    """Which entries of the books are a kind of movement, and which column knows its object."""

    source_type: str
    entry: str
    model: type[Model]
    object_field: str
    source_field: str
    only: Q = field(default_factory=Q)
    fee_entry: str = ""


_SUCCEEDED = Q(state=AttemptState.SUCCEEDED)
FAMILIES: dict[str, Family] = {
    MovementKind.CHARGE: Family(
        "pledge", "charge", ChargeAttempt, "charge_id", "pledge_id", _SUCCEEDED, "fee"
    ),
    MovementKind.REFUND: Family("refund", "refund_paid", Refund, "refund_id", "pk"),
    MovementKind.REFUND_RETURNED: Family("refund", "refund_came_back", Refund, "refund_id", "pk"),
    MovementKind.DISPUTE_TAKEN: Family("dispute", "dispute_opened", Dispute, "pk", "pk"),
    MovementKind.DISPUTE_RETURNED: Family("dispute", "dispute_won", Dispute, "pk", "pk"),
    MovementKind.TRANSFER: Family("payout", "payout_made", Payout, "transfer_id", "pk"),
    MovementKind.TRANSFER_RETURNED: Family(
        "reversal", "payout_reversed", Reversal, "reversal_id", "pk"
    ),
    MovementKind.WITHDRAWAL: Family("withdrawal", "withdrawn", Withdrawal, "pk", "pk"),
    MovementKind.WITHDRAWAL_RETURNED: Family(
        "withdrawal", "withdrawal_returned", Withdrawal, "pk", "pk"
    ),
}


def is_our_own(key: Key) -> bool:
    """Whether the key is a row of ours that names no object of the provider."""
    return ":" in key.object_id


def booked(keys: Iterable[Key]) -> dict[Key, Fact]:
    """What our books say of these movements, corrections included; unknown ones are left out."""
    keys = list(keys)
    found = _booked_themselves(keys)
    for key, corrected in _corrections(keys).items():
        fact = found.get(key, Fact(0, 0, settings.CURRENCY))
        found[key] = Fact(fact.amount_minor + corrected, fact.fee_minor, fact.currency)
    return found


def _booked_themselves(keys: Iterable[Key]) -> dict[Key, Fact]:
    found: dict[Key, Fact] = {}
    by_kind: dict[str, list[str]] = {}
    for key in keys:
        if not is_our_own(key):
            by_kind.setdefault(key.kind, []).append(key.object_id)
        elif key.kind in FAMILIES:
            _source_type, source = key.object_id.split(":", 1)
            of_source = dict(_of_sources(key.kind, FAMILIES[key.kind], [source]))
            found |= {key: of_source[key]} if key in of_source else {}
    for kind, object_ids in by_kind.items():
        if (family := FAMILIES.get(kind)) is not None:
            for some in _batches(object_ids):
                found |= _booked_of(kind, family, some)
    return found


def _corrections(keys: Iterable[Key]) -> dict[Key, int]:
    """By how much treasurers have corrected the books for each of these movements, if at all."""
    wanted = set(keys)
    sums: dict[Key, int] = {}
    for explanation in _accepted(wanted):
        if explanation.corrected_minor:
            key = Key(explanation.difference.kind, explanation.difference.object_id)
            sums[key] = sums.get(key, 0) + explanation.corrected_minor
    return sums


def _accepted(keys: set[Key]) -> Iterator[Explanation]:
    """What was said of these movements and holds, the oldest first."""
    rows = Explanation.objects.filter(state=ExplanationState.ACCEPTED)
    rows = rows.select_related("difference").order_by("resolved_at", "pk")
    for some in _batches(key.object_id for key in keys):
        for row in rows.filter(difference__object_id__in=some):
            if Key(row.difference.kind, row.difference.object_id) in keys:
                yield row


def is_explained(key: Key, told: Fact | None, ours: Fact | None) -> bool:
    """Whether what both sides say of a movement is what a treasurer has explained last."""
    said = list(_accepted({key}))
    return bool(said) and _facts_of(said[-1]) == (told, ours)


def _facts_of(explanation: Explanation) -> tuple[Fact | None, Fact | None]:
    """What both sides said once the explanation was accepted, its correction included."""
    row, by = explanation.difference, explanation.corrected_minor
    told = ours = None
    if row.told_minor is not None:
        told = Fact(row.told_minor, row.told_fee_minor or 0, row.currency)
    if row.booked_minor is not None or by:
        ours = Fact((row.booked_minor or 0) + by, row.booked_fee_minor or 0, settings.CURRENCY)
    return told, ours


def _booked_of(kind: str, family: Family, object_ids: Iterable[str]) -> dict[Key, Fact]:
    rows = family.model._default_manager.filter(
        family.only, **{f"{family.object_field}__in": list(object_ids)}
    ).values_list(family.object_field, family.source_field)
    sources = {object_id: str(source) for object_id, source in rows}
    moved = moved_at_provider(family.source_type, sources.values())
    facts = {}
    for object_id, source in sources.items():
        entry = moved.get((source, family.entry))
        if entry is not None:
            fee = moved.get((source, family.fee_entry), Moved(0, entry.currency))
            facts[Key(kind, object_id)] = Fact(entry.net_minor, -fee.net_minor, entry.currency)
    return facts


def booked_between(since: datetime, until: datetime) -> Iterator[tuple[Key, Fact]]:
    """Every movement that our books noted in a time.

    Where no row names the provider's object, the key is our own row: ``pledge:…``.
    """
    kinds = {(family.source_type, family.entry): kind for kind, family in FAMILIES.items()}
    wanted = (
        (kinds[source_type, entry], source_id)
        for source_type, source_id, entry in moved_between(since, until)
        if (source_type, entry) in kinds
    )
    for some in _batches(wanted):
        by_kind: dict[str, list[str]] = {}
        for kind, source_id in some:
            by_kind.setdefault(kind, []).append(source_id)
        for kind, source_ids in by_kind.items():
            yield from _of_sources(kind, FAMILIES[kind], source_ids)


def _of_sources(kind: str, family: Family, source_ids: list[str]) -> Iterator[tuple[Key, Fact]]:
    rows = family.model._default_manager.filter(
        family.only, **{f"{family.source_field}__in": source_ids}
    ).values_list(family.source_field, family.object_field)
    objects = {str(source): object_id for source, object_id in rows if object_id}
    moved = moved_at_provider(family.source_type, source_ids)
    for source in source_ids:
        entry = moved[source, family.entry]
        fee = moved.get((source, family.fee_entry), Moved(0, entry.currency))
        named = objects.get(source) or f"{family.source_type}:{source}"
        yield Key(kind, named), Fact(entry.net_minor, -fee.net_minor, entry.currency)


def _batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    left = iter(items)
    while some := list(islice(left, AT_ONCE)):
        yield some


def next_start() -> datetime | None:
    """From when on the next comparison has to look: a day before the last one's end.

    None where nothing has ever moved.
    """
    last = Reconciliation.objects.filter(finished_at__isnull=False).order_by("-until").first()
    at = last.until if last is not None else first_movement_at()
    return at - timedelta(days=1) if at is not None else None


def open_differences() -> list[Difference]:
    """What the provider and our books tell differently now, the newest first."""
    return list(differences().filter(ended_at__isnull=True))


def differences() -> QuerySet[Difference]:
    """What has ever been told differently, each with what was said of it in ``explanations``."""
    said = Explanation.objects.select_related("requested_by")
    return Difference.objects.prefetch_related(Prefetch("explanations", said))


def difference_count() -> int:
    """How many movements the provider and our books tell differently."""
    return Difference.objects.filter(ended_at__isnull=True).count()


def ended_lately(most: int) -> list[Difference]:
    """What agrees again or was explained, the latest first."""
    return list(differences().filter(ended_at__isnull=False).order_by("-ended_at")[:most])


def latest_runs(most: int) -> list[Reconciliation]:
    """The latest comparisons, the newest first."""
    return list(Reconciliation.objects.all()[:most])


def is_overdue(*, hours: int) -> bool:
    """Whether money moved so long ago, and no comparison has been finished since."""
    limit = db_now() - timedelta(hours=hours)
    began = first_movement_at()
    if began is None or began > limit:
        return False
    return not Reconciliation.objects.filter(finished_at__gte=limit).exists()


def invariants() -> list[Invariant]:
    """What must hold of corrections whatever has crashed."""
    law = "every correction of the books is as two people decided it, and nothing else is one"
    return [Invariant(law, _corrected_differently())]


def _corrected_differently() -> list[str]:
    accepted = Explanation.objects.filter(state=ExplanationState.ACCEPTED).exclude(
        corrected_minor=0
    )
    decided = {str(pk): amount for pk, amount in accepted.values_list("pk", "corrected_minor")}
    sources = decided.keys() | booked_by_kind("corrected", "correction").keys()
    moved = moved_at_provider("correction", sources)
    found = {source: entry.net_minor for (source, _kind), entry in moved.items()}
    return sorted(dict(decided.items() ^ found.items()))
