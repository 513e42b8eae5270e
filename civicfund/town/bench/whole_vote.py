"""From the closing instant to an outcome: closing, opening the sealed ballots, counting them."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from uuid import uuid4

from django.conf import settings
from django.db import connection, transaction

from budgeting.domain.board import ballot_hash, new_receipt, receipt_hash
from budgeting.domain.generated import approval_election
from budgeting.domain.sealing import seal
from budgeting.models import Board, Cycle
from budgeting.services.closing import close_cycle
from budgeting.services.counting import count_cycle
from budgeting.services.roll import Found, NewLine, add_lines, person_key, request_file
from budgeting.services.trustees import approve_unsealing, request_unsealing
from budgeting.services.urns import read_key, slot_of
from civicfund.audit.services import db_now
from civicfund.places.models import Neighborhood
from civicfund.town.bench.opened import memory_held
from civicfund.town.bench.seed import draft_ballot, opened
from civicfund.town.demo.accounts import account
from civicfund.town.demo.trustees import open_as_trustees

MOST_CHOICES = 15
# A transaction each: the board's one row is written anew for each of its lines.
_LINES_AT_ONCE = 500
_PER_SECOND = 2_000  # so many voters come onto the roll in a second, on a slow machine

Sealed = tuple[int, bytes]  # a line of the roll, and its ballot


def sealed_vote(ballots: int, options: int) -> Cycle:
    """A cycle whose voting is over, with as many sealed ballots as voters, not closed yet.

    Written at once, past the service, but into the same tables and past the same guards.
    """
    cycle = draft_ballot(
        options, slug=f"whole-{ballots}", most_choices=MOST_CHOICES,
        voting_ends_in=timedelta(seconds=12 + ballots // _PER_SECOND),
    )  # fmt: skip
    _fill_roll(cycle, ballots)
    cycle = opened(cycle)
    waiting: list[Sealed] = []
    for sealed in _sealed(cycle, ballots, options):
        waiting.append(sealed)
        if len(waiting) == _LINES_AT_ONCE:
            _write(cycle, waiting)
            waiting = []
    _write(cycle, waiting)
    return cycle


def _fill_roll(cycle: Cycle, voters: int) -> None:
    places = list(Neighborhood.objects.filter(kind="neighborhood").values_list("pk", flat=True))
    lines = [
        NewLine(person_key(cycle, f"made up {number}"), places[number % len(places)])
        for number in range(voters)
    ]
    found = Found(voters, 0, 0)
    asked = request_file(
        cycle, sha256="0" * 64, lines=voters, left_out=0, eligibility=0, by=account("administrator")
    )
    add_lines(cycle, asked, found, lines, by=account("second-administrator"))


def _sealed(cycle: Cycle, ballots: int, options: int) -> Iterator[Sealed]:
    board, pot = Board.objects.get(pk=cycle.pk), cycle.pots.get()
    voters = cycle.roll.order_by("pk").values_list("pk", flat=True).iterator(chunk_size=50_000)
    made = approval_election(ballots, options, seed=1, most_choices=MOST_CHOICES)
    for entry, (choices, _points, _weight) in zip(voters, made.ballots.rows(), strict=True):
        chosen = {str(pot.pk): {"options": sorted(map(int, choices)), "points": None}}
        yield entry, seal(chosen, board.public_key, board.padded_bytes)


@transaction.atomic
def _write(cycle: Cycle, sealed: Sequence[Sealed]) -> None:
    """The facts, the sealed ballots and the lines of the board, as a cast leaves them."""
    slot_key = read_key(Board.objects.get(pk=cycle.pk))
    now = cycle.voting_starts_at
    entries = [entry for entry, _ in sealed]
    with connection.cursor() as cursor:
        cursor.execute(_TOOK_PART, {"cycle": cycle.pk, "at": now, "entries": entries})
        with cursor.copy(_URN) as copy:
            for entry, ciphertext in sealed:
                slot = slot_of(slot_key, cycle.pk, entry)
                copy.write_row([uuid4(), cycle.pk, slot, 1, ciphertext])
        with cursor.copy(_BOARD) as copy:
            for _, ciphertext in sealed:
                hashes = ballot_hash(ciphertext), receipt_hash(new_receipt())
                copy.write_row([cycle.pk, 0, *hashes, ""])


_TOOK_PART = """
WITH took_part AS (
    INSERT INTO budgeting_participation (cycle_id, roll_entry_id, channel, at)
    SELECT %(cycle)s, entry, 'web', %(at)s FROM unnest(%(entries)s::bigint[]) entry RETURNING id
)
INSERT INTO budgeting_casting (participation_id, version, cast_at)
SELECT id, 1, %(at)s FROM took_part
"""
_URN = "COPY budgeting_sealedballot (id, cycle_id, slot, version, ciphertext) FROM STDIN"
_BOARD = "COPY budgeting_boardline (cycle_id, position, ballot_hash, receipt_hash, head) FROM STDIN"


def measured(cycle: Cycle) -> dict[str, object]:
    """Close, open and count it as the site does; how long each took, in seconds."""
    settings.CLOSING_GRACE_SECONDS = 0
    if cycle.voting_ends_at is not None:
        time.sleep(max(0.0, (cycle.voting_ends_at - db_now()).total_seconds()))
    closing = _seconds(lambda: close_cycle(cycle))
    request_unsealing(cycle, by=account("administrator"))
    approve_unsealing(cycle, by=account("second-administrator"))
    opening = _seconds(lambda: open_as_trustees(cycle, on_opened=_say))
    cycle.refresh_from_db()
    counting = _seconds(lambda: count_cycle(cycle))
    cycle.refresh_from_db()
    board = Board.objects.get(pk=cycle.pk)
    return {
        "close_s": closing,
        "open_s": opening,
        "count_s": counting,
        "total_s": round(closing + opening + counting, 1),
        "cast": board.size,
        "counted": board.counted,
        "state": cycle.state,
        "peak_mib": round(memory_held()),
    }


def _seconds(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return round(time.perf_counter() - started, 1)


def _say(done: int, total: int) -> None:
    if done % 100_000 == 0:
        sys.stderr.write(f"{done} of {total} opened\n")
