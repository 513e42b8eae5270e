"""The comparison: every line at the provider has its entry, and every entry its line.

A window of time only says where to look. What looks wrong is read again, whole, by its object, so
that nothing is called wrong because it happened just outside.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import IntegrityError, connection, transaction

from civicfund.audit.services import db_now
from civicfund.ledger.services import BookedDifferentlyError
from civicfund.payments.domain import GatewayRefused
from civicfund.payments.gateways import gateway
from civicfund.reconciliation.domain import Fact, Key, defect_of, told_by
from civicfund.reconciliation.models import Difference, Reconciliation
from civicfund.reconciliation.selectors import (
    booked,
    booked_between,
    is_explained,
    is_our_own,
    next_start,
    open_differences,
)
from civicfund.reconciliation.services.healing import heal

log = structlog.get_logger(__name__)

# What has just happened may still be on its way to us.
SETTLES = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Found:
    """One suspect, read again: what both sides say of it in the end."""

    key: Key
    told: Fact | None
    booked: Fact | None
    healed: bool
    at_first: str = ""
    explained: bool = False

    @property
    def defect(self) -> str | None:
        """What is wrong with it now; None where a treasurer has explained just that."""
        return None if self.explained else defect_of(self.told, self.booked)


def reconcile_next() -> Reconciliation | None:
    """Compare all that the last comparison has not; None where nothing has moved yet."""
    since, until = next_start(), db_now() - SETTLES
    if since is None or since >= until:
        return None
    return reconcile(since, until)


def reconcile(since: datetime, until: datetime) -> Reconciliation:
    """Compare a time, mend what asking again can mend, and list the rest. Calls the network.

    What was found to differ before is looked at again, too. Where the provider does not answer,
    the run stays unfinished, and the next one covers its time.
    """
    run = Reconciliation.objects.create(since=since, until=until)
    told = told_by(gateway().balance_lines(since, until))
    suspects = _suspects(told, since, until)
    found = [_look_into(key) for key in suspects]
    _write(run, found, compared=len(told))
    log.info("books.reconciled", compared=run.compared, healed=run.healed, differing=run.differing)
    return run


def _suspects(told: dict[Key, Fact], since: datetime, until: datetime) -> list[Key]:
    """What does not agree at first sight, what only our books have, and what differed before."""
    ours = booked(told)
    suspects = {key: None for key, fact in told.items() if ours.get(key) != fact}
    suspects |= {key: None for key, _fact in booked_between(since, until) if key not in told}
    suspects |= {Key(row.kind, row.object_id): None for row in open_differences()}
    return list(suspects)


def _look_into(key: Key) -> Found:
    """Read both sides again; where they differ, let the provider's news be applied, and read.

    What the database refuses to note is listed, and holds up no other movement.
    """
    told, ours = _told_of(key), booked([key]).get(key)
    explained = told != ours and is_explained(key, told, ours)
    if told is None or told == ours or explained:
        return Found(key, told, ours, healed=False, explained=explained)
    at_first = defect_of(told, ours) or ""
    try:
        heal(key)
    except (GatewayRefused, BookedDifferentlyError, IntegrityError) as error:
        log.warning("books.not_mended", kind=key.kind, object=key.object_id, error=str(error))
    ours = booked([key]).get(key)
    explained = told != ours and is_explained(key, told, ours)
    return Found(key, told, ours, told == ours, at_first, explained)


def _told_of(key: Key) -> Fact | None:
    if is_our_own(key):
        return None
    try:
        return told_by(gateway().balance_lines_of(key.object_id)).get(key)
    except GatewayRefused:  # it knows no such object
        return None


@transaction.atomic
def _write(run: Reconciliation, found: list[Found], *, compared: int) -> None:
    with connection.cursor() as cursor:  # two runs at once write one after the other
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('reconciliation'))")
    now = db_now()
    for each in found:
        _note(each, now)
    run.compared = compared
    run.healed = sum(each.healed for each in found)
    run.differing = sum(each.defect is not None for each in found)
    run.finished_at = now
    run.save()


def _note(found: Found, now: datetime) -> None:
    """Keep what differs, once; end what does not any more.

    A treasurer who has just explained it is waited for, and what was said counts.
    """
    key = found.key
    still_open = Difference.objects.filter(ended_at__isnull=True)
    of_it = still_open.filter(kind=key.kind, object_id=key.object_id)
    row = of_it.select_for_update().first()
    if row is None and found.defect and _is_settled(found):
        return
    if found.defect is None:
        if row is None and not found.healed:
            return
        row = row or _row(found, found.at_first)
        row.ended_at, row.healed = now, found.healed
    elif row is None:
        row = _row(found, found.defect)
        log.error(
            "books.differ", kind=found.key.kind, object=found.key.object_id, defect=found.defect
        )
    else:
        row.defect = found.defect
    _fill(row, found)
    row.save()


def _is_settled(found: Found) -> bool:
    """Whether both sides agree, or are explained, by what the books say now."""
    ours = booked([found.key]).get(found.key)
    return found.told == ours or is_explained(found.key, found.told, ours)


def _row(found: Found, defect: str) -> Difference:
    fact = found.told or found.booked
    return Difference(
        kind=found.key.kind,
        object_id=found.key.object_id,
        defect=defect,
        currency=fact.currency if fact else "",
    )


def _fill(row: Difference, found: Found) -> None:
    told, ours = found.told, found.booked
    row.told_minor = told.amount_minor if told else None
    row.told_fee_minor = told.fee_minor if told else None
    row.booked_minor = ours.amount_minor if ours else None
    row.booked_fee_minor = ours.fee_minor if ours else None
