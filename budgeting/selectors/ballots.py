"""What a voter may know of their ballot: that it was cast and when, never what it says."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet

from budgeting.enums import CycleState
from budgeting.models import Cycle, Option, Participation, RollEntry
from civicfund.audit.services import db_now
from civicfund.people.models import User


class Standing(StrEnum):
    """What the ballot page always says, in one word."""

    NOT_BEGUN = "not_begun"
    NOT_CAST = "not_cast"
    CAST = "cast"
    CHANGED = "changed"
    ON_PAPER = "on_paper"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class BallotStatus:
    """Where a voter stands at ``now``, and when they last cast a ballot (None: never).

    ``paper_at`` is when they were given a paper ballot, which is final.
    """

    standing: Standing
    cast_at: datetime | None
    changed: bool
    paper_at: datetime | None
    now: datetime

    @property
    def may_cast(self) -> bool:
        """Whether voting runs."""
        return self.standing in (Standing.NOT_CAST, Standing.CAST, Standing.CHANGED)


def ballot_status(
    cycle: Cycle, entry: RollEntry | None, now: datetime | None = None
) -> BallotStatus:
    """Where the voter of a roll entry stands at ``now``, the database's time; left out, at once."""
    version, cast_at, paper_at, read_at = _taken_part(entry) if entry else (0, None, None, None)
    now = now or read_at or db_now()
    standing = _standing(cycle, version, now, on_paper=paper_at is not None)
    return BallotStatus(standing, cast_at, version > 1, paper_at, now)


def _standing(cycle: Cycle, version: int, now: datetime, *, on_paper: bool) -> Standing:
    voting = cycle.voting
    if cycle.state == CycleState.DRAFT or voting is None or now < voting.starts_at:
        return Standing.NOT_BEGUN
    if cycle.state != CycleState.OPEN or now >= voting.ends_at:
        return Standing.CLOSED
    if on_paper:
        return Standing.ON_PAPER
    if version == 0:
        return Standing.NOT_CAST
    return Standing.CAST if version == 1 else Standing.CHANGED


def _taken_part(entry: RollEntry) -> tuple[int, datetime | None, datetime | None, datetime]:
    """How often the voter has cast, when they last did, when they were given paper; and now.

    Written out, since every page of a closing hour asks it.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TAKEN_PART, [entry.cycle_id, entry.pk])
        version, cast_at, paper_at, now = cursor.fetchone()
    return version, cast_at, paper_at, now


_TAKEN_PART = """
SELECT count(k.id), max(k.cast_at), max(i.at), clock_timestamp()
FROM budgeting_participation p
LEFT JOIN budgeting_casting k ON k.participation_id = p.id
LEFT JOIN budgeting_checkin i ON i.participation_id = p.id
WHERE p.cycle_id = %s AND p.roll_entry_id = %s
"""


def in_ballot_order(options: Iterable[Option], cycle: Cycle, voter: str) -> list[Option]:
    """The options in an order that is random for each voter and stays the same for them.

    So no project gains by where it stands, and nobody has to search for one again.
    """
    secret = settings.SECRET_KEY.encode()

    def place(option: Option) -> bytes:
        message = f"ballot order:{cycle.pk}:{voter}:{option.pk}".encode()
        return hmac.digest(secret, message, hashlib.sha256)

    return sorted(options, key=place)


def my_participations(user: User | int) -> QuerySet[Participation]:
    """The cycles that somebody voted in, the newest first: that they did, never what."""
    return (
        Participation.objects.filter(roll_entry__claimed_by=user)
        .select_related("cycle")
        .order_by("-at", "-pk")
    )
