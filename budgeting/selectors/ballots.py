"""What a voter may know of their ballot: that it was cast and when, never what it says."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.conf import settings
from django.db.models import QuerySet

from budgeting.enums import CycleState
from budgeting.models import Casting, Cycle, Option, Participation, RollEntry
from civicfund.people.models import User


class Standing(StrEnum):
    """What the ballot page always says, in one word."""

    NOT_BEGUN = "not_begun"
    NOT_CAST = "not_cast"
    CAST = "cast"
    CHANGED = "changed"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class BallotStatus:
    """Where a voter stands, and when they last cast a ballot (None: never)."""

    standing: Standing
    cast_at: datetime | None
    changed: bool

    @property
    def has_begun(self) -> bool:
        """Whether voting has begun: from then on nothing on the ballot changes."""
        return self.standing != Standing.NOT_BEGUN

    @property
    def may_cast(self) -> bool:
        """Whether voting runs."""
        return self.standing in (Standing.NOT_CAST, Standing.CAST, Standing.CHANGED)


def ballot_status(cycle: Cycle, entry: RollEntry | None, now: datetime) -> BallotStatus:
    """Where the voter of a roll entry stands at ``now``, the database's time."""
    last = _last_cast(entry) if entry else None
    version, cast_at = last or (0, None)
    return BallotStatus(_standing(cycle, version, now), cast_at, version > 1)


def _standing(cycle: Cycle, version: int, now: datetime) -> Standing:
    voting = cycle.voting
    if cycle.state == CycleState.DRAFT or voting is None or now < voting.starts_at:
        return Standing.NOT_BEGUN
    if cycle.state != CycleState.OPEN or now >= voting.ends_at:
        return Standing.CLOSED
    if version == 0:
        return Standing.NOT_CAST
    return Standing.CAST if version == 1 else Standing.CHANGED


def _last_cast(entry: RollEntry) -> tuple[int, datetime] | None:
    cast = Casting.objects.filter(
        participation__cycle=entry.cycle_id, participation__roll_entry=entry
    )
    return cast.order_by("-version").values_list("version", "cast_at").first()


def in_ballot_order(options: Iterable[Option], cycle: Cycle, voter: str) -> list[Option]:
    """The options in an order that is random for each voter and stays the same for them.

    So no project gains by where it stands, and nobody has to search for one again.
    """
    secret = settings.SECRET_KEY.encode()

    def place(option: Option) -> bytes:
        message = f"ballot order:{cycle.pk}:{voter}:{option.pk}".encode()
        return hmac.digest(secret, message, hashlib.sha256)

    return sorted(options, key=place)


def my_participations(user: User) -> QuerySet[Participation]:
    """The cycles that somebody voted in, the newest first: that they did, never what."""
    return (
        Participation.objects.filter(roll_entry__claimed_by=user)
        .select_related("cycle")
        .order_by("-at", "-pk")
    )
