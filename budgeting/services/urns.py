"""The urn of a vote: sealed ballots in voters' slots, and a line on the board for each."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import structlog
from django.db import connection
from django.db.models import Count
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from budgeting.domain.board import Line, ballot_hash, new_receipt, receipt_hash
from budgeting.domain.outcome import digest_of
from budgeting.domain.sealing import padded_bytes, seal
from budgeting.enums import BallotKind, CycleState
from budgeting.models import Board, Cycle, Pot, TrusteeKey
from budgeting.services import key_files
from budgeting.services.errors import RefusedError
from budgeting.services.key_files import SlotKeyMissingError as SlotKeyMissingError

log = structlog.get_logger(__name__)

# So many options may come to a pot after its cycle opened, at least.
MORE_OPTIONS = 50


NO_KEY = gettext_lazy(
    "Nobody can vote right now, because of a fault on our side. It has been noticed; please come"
    " back later. What you cast before still counts."
)


def make_urn(cycle: Cycle, key: TrusteeKey, opened: dict[str, Any]) -> Board:
    """The urn and the board of a cycle that is being opened; the caller holds it.

    ``opened`` are the rules as they are opened; the board begins with their digest.
    """
    first = digest_of(opened["opening"])
    slot_key_hash = key_files.make_key()
    with connection.cursor() as cursor:
        cursor.execute("SELECT budgeting_make_urn(%s)", [cycle.pk])
    return Board.objects.create(
        cycle=cycle,
        public_key=key.public_key,
        padded_bytes=_longest_ballot(cycle),
        slot_key_hash=slot_key_hash,
        first=first,
        head=first,
        opened=opened,
    )


def _longest_ballot(cycle: Cycle) -> int:
    """How long ballots are made: a voter has at most one pot of each kind of place.

    Options may still come until voting begins, so there is room for some; ``check_room`` keeps
    to it.
    """
    longest: dict[str, int] = {}
    for pot in cycle.pots.select_related("place").annotate(listed=Count("options")):
        kind = pot.place.kind if pot.place else ""
        room = max(2 * pot.listed, pot.listed + MORE_OPTIONS)
        longest[kind] = max(longest.get(kind, 0), min(room, pot.max_options or room))
    has_points = cycle.ballot_kind in (BallotKind.CUMULATIVE, BallotKind.SCORING)
    return padded_bytes(list(longest.values()), has_points=has_points)


def check_room(pot: Pot) -> None:
    """Raise ``RefusedError`` where an open cycle's ballots have no room for one more option."""
    board = Board.objects.filter(pk=pot.cycle_id).first()
    if board is None or pot.max_options:
        return
    has_points = pot.cycle.ballot_kind in (BallotKind.CUMULATIVE, BallotKind.SCORING)
    if padded_bytes([pot.options.count() + 1], has_points=has_points) > board.padded_bytes:
        raise RefusedError(_("The ballots of this cycle have no room for more projects."))


@dataclass(frozen=True, slots=True)
class Urn:
    """What sealing into a cycle's urn takes; the same from its opening on."""

    cycle_id: int
    public_key: str
    padded_bytes: int
    slot_key_hash: str


def urn_of(cycle: Cycle) -> Urn:
    """The urn of a cycle that was opened."""
    board = Board.objects.only("public_key", "padded_bytes", "slot_key_hash").get(pk=cycle.pk)
    return Urn(cycle.pk, board.public_key, board.padded_bytes, board.slot_key_hash)


def put_in_urn(urn: Urn, entry_id: int, version: int, choices: dict[str, Any]) -> str:
    """Seal the choices into the voter's slot, add the board's line, and give the receipt.

    The caller holds the voter's entry. The board's head is locked by its line, so this comes last.
    """
    sealed = seal(choices, urn.public_key, urn.padded_bytes)
    slot = slot_of(key_files.read_key(urn.slot_key_hash), urn.cycle_id, entry_id)
    receipt = new_receipt()
    line = Line(ballot_hash(sealed), receipt_hash(receipt))
    with connection.cursor() as cursor:
        cursor.execute(
            _ADD,
            [
                *(uuid4(), urn.cycle_id, slot, version, sealed),
                *(urn.cycle_id, line.ballot_hash, line.receipt_hash),
            ],
        )
    return receipt


_ADD = """
WITH sealed AS (
    INSERT INTO budgeting_sealedballot (id, cycle_id, slot, version, ciphertext)
    VALUES (%s, %s, %s, %s, %s)
)
INSERT INTO budgeting_boardline (cycle_id, position, ballot_hash, receipt_hash, head)
VALUES (%s, 0, %s, %s, '')
"""


def slot_of(slot_key: bytes, cycle_id: int, entry_id: int) -> str:
    """Where a voter's ballots lie in the urn."""
    return hmac.digest(slot_key, f"{cycle_id}:{entry_id}".encode(), hashlib.sha256).hex()


def read_key(board: Board) -> bytes:
    """The slot key. Raises ``SlotKeyMissingError`` where it is gone, or is another."""
    return key_files.read_key(board.slot_key_hash)


def open_without_key() -> list[Cycle]:
    """Open cycles in which nobody can vote, as the key of the slots is gone or out of sight."""
    boards = Board.objects.filter(cycle__state=CycleState.OPEN).select_related("cycle")
    return [board.cycle for board in boards if not key_exists(board)]


def empty_urn(cycle: Cycle) -> None:
    """Forget the sealed ballots of a vote that was opened or cancelled, leaving nothing to read."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT budgeting_empty_urn(%s)", [cycle.pk])


def key_exists(board: Board) -> bool:
    """Whether the slot key can be seen where it belongs."""
    return key_files.key_exists(board.slot_key_hash)


def destroy_key(board: Board) -> None:
    """Overwrite the slot key and remove it; quietly where it is gone."""
    if key_files.destroy_key(board.slot_key_hash):
        log.info("slot_key.destroyed", cycle=board.pk)
