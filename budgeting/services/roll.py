"""The voter roll of a cycle: made from confirmed residences, before voting begins."""

from __future__ import annotations

import hashlib
import hmac
from datetime import date

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.utils.translation import gettext as _

from budgeting.access import require
from budgeting.enums import CycleState, Origin, PhaseKind
from budgeting.models import Cycle, RollEntry
from budgeting.services.errors import RefusedError
from budgeting.services.locks import take
from civicfund.audit.services import db_now, record
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.people.selectors import proved_residencies_on


def person_key(cycle: Cycle, number: str) -> str:
    """The key of a person's line on the roll of one cycle; the same person, the same key.

    ``number`` is what the roll's source knows the person by. Two cycles give two keys, so that
    rolls cannot be laid over each other.
    """
    if not settings.PERSON_KEY_SECRET:
        raise ImproperlyConfigured("PERSON_KEY_SECRET is not set.")
    message = f"{cycle.pk}:{number}".encode()
    return hmac.digest(settings.PERSON_KEY_SECRET.encode(), message, hashlib.sha256).hex()


def make_roll_from_residencies(cycle: Cycle, *, day: date, by: User) -> int:
    """Put everyone who is confirmed to have lived in the town on ``day`` on the roll.

    How many were added; whoever is on the roll already stays there, once.
    """
    require(by, Role.BUDGET_ADMINISTRATOR)
    with transaction.atomic():
        held = take(cycle)
        _check_open_to_additions(held)
        before = held.roll.count()
        RollEntry.objects.bulk_create(
            [
                RollEntry(
                    cycle=held,
                    person_key=person_key(held, f"account:{home.user_id}"),
                    place_id=home.neighborhood_id,
                    claimed_by_id=home.user_id,
                )
                for home in proved_residencies_on(day).order_by("pk")
            ],
            ignore_conflicts=True,
        )
        added = held.roll.count() - before
        record("cycle.roll_made", held, actor=by, day=day.isoformat(), added=added)
    return added


def _check_open_to_additions(cycle: Cycle) -> None:
    """The caller holds the cycle."""
    voting = cycle.phases.filter(kind=PhaseKind.BALLOTING).first()
    waiting = cycle.state == CycleState.OPEN and voting and db_now() < voting.starts_at
    if cycle.origin != Origin.RUN or (cycle.state != CycleState.DRAFT and not waiting):
        raise RefusedError(_("Voting has begun: the roll can no longer change."))
