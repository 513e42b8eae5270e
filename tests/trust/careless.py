"""The controls: casting as it is often done. One is asked for by the header of a request."""

from __future__ import annotations

import base64
import hashlib
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from django.db import connection, connections, transaction
from django.utils import timezone

from budgeting.access import pots_of
from budgeting.domain.board import new_receipt
from budgeting.models import Casting, Cycle, Participation, RollEntry
from budgeting.services import ballots, urns
from budgeting.services.ballots import Cast, Choice
from budgeting.services.ballots import cast as cast_with_care
from civicfund.audit.services import db_now

asked = threading.local()
# Between looking and writing, as requests have on a busy machine: with less, two of one voter often
# do not meet there while other work shares the processors.
THINKING_SECONDS = 0.25
LATER_SECONDS = 2.0


def cast(cycle: Cycle, voter: RollEntry, choices: Mapping[int, Choice], **how: Any) -> Cast:
    """As the request asks; a request that asks for nothing is served as the site serves it."""
    way = WAYS.get(getattr(asked, "way", ""), cast_with_care)
    return way(cycle, voter, choices, **how)


@transaction.atomic
def without_a_lock(
    cycle: Cycle, voter: RollEntry, choices: Mapping[int, Choice], **how: Any
) -> Cast:
    """Look whether somebody has voted, then write that they have; a slot for each participation."""
    found = Participation.objects.filter(cycle=cycle, roll_entry=voter).first()
    if found is None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(%s)", [THINKING_SECONDS])
        found = Participation.objects.create(
            cycle=cycle, roll_entry=voter, channel=how["channel"], at=db_now()
        )
    return _written(cycle, voter, found, choices, slot_of=found.pk, at=db_now())


def by_own_clock(cycle: Cycle, voter: RollEntry, choices: Mapping[int, Choice], **how: Any) -> Cast:
    """The web server's clock decides, and nothing is held against the closing."""
    now = timezone.now()
    ballots.check_time(cycle, cycle.state, now)
    with transaction.atomic():
        found, _ = Participation.objects.get_or_create(
            cycle=cycle, roll_entry=voter, defaults={"channel": how["channel"], "at": now}
        )
        return _written(cycle, voter, found, choices, slot_of=voter.pk, at=now)


def before_the_commit(
    cycle: Cycle, voter: RollEntry, choices: Mapping[int, Choice], **how: Any
) -> Cast:
    """Tell the voter at once, and write it down a moment later, off the request's way."""

    def later() -> None:
        time.sleep(LATER_SECONDS)
        try:
            cast_with_care(cycle, voter, choices, **how)
        finally:
            connections.close_all()

    threading.Thread(target=later, daemon=True).start()
    return Cast(at=timezone.now(), changed=False, receipt=new_receipt())


def receipts_of_content(
    cycle: Cycle, voter: RollEntry, choices: Mapping[int, Choice], **how: Any
) -> Cast:
    """A receipt that is made from what was chosen."""
    asked.content = repr(sorted((pot, list(each.options)) for pot, each in choices.items()))
    try:
        return cast_with_care(cycle, voter, choices, **how)
    finally:
        asked.content = ""


def receipt() -> str:
    """As the site makes one, unless the request asked for one made from its content."""
    content = getattr(asked, "content", "")
    if not content:
        return new_receipt()
    return base64.b32encode(hashlib.sha256(content.encode()).digest()[:15]).decode()


def _written(
    cycle: Cycle,
    voter: RollEntry,
    participation: Participation,
    choices: Mapping[int, Choice],
    *,
    slot_of: int,
    at: Any,
) -> Cast:
    kept = ballots.checked(cycle, pots_of(voter), choices)
    version = participation.castings.count() + 1
    Casting.objects.create(participation=participation, version=version, cast_at=at)
    return Cast(at, version > 1, urns.put_in_urn(urns.urn_of(cycle), slot_of, version, kept))


WAYS: dict[str, Callable[..., Cast]] = {
    "without a lock": without_a_lock,
    "by own clock": by_own_clock,
    "before the commit": before_the_commit,
    "receipts of content": receipts_of_content,
}
