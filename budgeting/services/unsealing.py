"""Opening the ballots of a closed vote: in one process, in one transaction, by two trustees."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import SystemRandom

import structlog
from django.db import connection, transaction
from django.utils.translation import gettext as _

from budgeting.domain.board import ballot_hash
from budgeting.domain.sealing import Opener, UnreadableError, public_key_of
from budgeting.domain.trustee import PartsError, combine
from budgeting.enums import CYCLE_MOVES, CycleState
from budgeting.models import (
    Board,
    BoardLine,
    Cycle,
    KeyingEnd,
    OpenedBallot,
    PaperCount,
    SealedBallot,
)
from budgeting.services.errors import RefusedError
from budgeting.services.keying import decisive_keyings
from budgeting.services.locks import take
from budgeting.services.paper import destroy_paper_keys
from budgeting.services.samples import check_paper_is_done
from budgeting.services.trustees import UNSEAL
from budgeting.services.urns import empty_urn
from civicfund.audit.services import ApprovalError, advance, approval_for, record

log = structlog.get_logger(__name__)

_BATCH = 5_000

# Choices without a trace of where they came from; the database makes of them one row for each pot,
# in an order of its own, and lets no other row come beside them.
_TABLE = "SELECT budgeting_make_unsealed()"
_OPEN = "SELECT ballots, on_sheets, parts, parts_kept FROM budgeting_open_ballots(%s)"

# Told how many ballots have been opened, of how many.
Watcher = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Unsealed:
    """What an unsealing came to. ``foreign`` ballots are not on the board and were left out.

    ``sheets`` are paper ballots that were keyed, of which ``sheets_counted`` count.
    """

    kept: int
    counted: int
    foreign: int
    unreadable: int
    sheets: int = 0
    sheets_counted: int = 0


def unseal(
    cycle: Cycle, parts: Sequence[str], *, on_opened: Watcher = lambda done, total: None
) -> Unsealed:
    """Open the last ballot of each voter with two trustees' parts, and forget the sealed ones.

    What was keyed from paper is opened with them, and nothing tells it apart afterwards.

    The key exists in this process's memory only, and so does what a sealed ballot held. Every
    ballot is looked up on the board first, and counts for its line once; what is opened is shuffled
    before it is written, and the urn is emptied by TRUNCATE in the same transaction: killed at any
    point, nothing has happened. A ballot that the rules do not allow is void, and counted as such.
    Raises ``RefusedError``, also where the parts are of another vote, and where the urn does not
    hold what the close left in it.
    """
    opener = _opener(cycle, parts)
    with transaction.atomic():
        held = take(cycle)
        _check_may_unseal(held)
        paper = KeyingEnd.objects.filter(pk=held.pk).first()
        found = _open_all(held, opener, on_opened)
        with connection.cursor() as cursor:
            cursor.execute(_OPEN, [held.pk])
            counted, sheets_counted, rows, kept_rows = cursor.fetchone()
        sheets = paper.sheets if paper else 0
        done = Unsealed(
            found.kept, counted, found.foreign, found.unreadable, sheets, sheets_counted
        )
        if paper is not None:
            PaperCount.objects.create(cycle=held, counted=sheets_counted)
        record(
            "cycle.ballots_opened", held, actor=None,
            kept=done.kept, counted=counted, foreign=done.foreign, unreadable=done.unreadable,
            sheets=sheets, sheets_counted=sheets_counted,
        )  # fmt: skip
        void = rows - kept_rows + done.foreign + done.unreadable
        void += _void_on_paper(paper) + found.sheets_unreadable
        advance(held, CycleState.UNSEALED, CYCLE_MOVES, actor=None, void_ballots=void)
        empty_urn(held)
    if paper is not None:
        destroy_paper_keys(held.paper)
    log.info("cycle.unsealed", cycle=cycle.pk, kept=done.kept, counted=done.counted)
    return done


def _void_on_paper(paper: KeyingEnd | None) -> int:
    """Void sheets, and void pots of sheets that count."""
    return paper.void + sum(paper.void_parts.values()) if paper else 0


def _opener(cycle: Cycle, parts: Sequence[str]) -> Opener:
    try:
        secret = combine(parts)
    except PartsError as error:
        raise RefusedError(
            _("These parts do not open this vote: %(why)s") % {"why": error}
        ) from None
    board = Board.objects.filter(pk=cycle.pk).first()
    if board is None or public_key_of(secret) != board.public_key:
        raise RefusedError(_("These parts are of another vote."))
    return Opener(secret, board.padded_bytes)


def _check_may_unseal(cycle: Cycle) -> None:
    if cycle.state != CycleState.CLOSED:
        raise RefusedError(_("Ballots are opened once voting is closed, and once only."))
    check_paper_is_done(cycle)
    _check_urn(cycle)
    try:
        approval_for(UNSEAL, cycle)
    except ApprovalError:
        raise RefusedError(_("Two administrators have to ask for the unsealing first.")) from None


def _check_urn(cycle: Cycle) -> None:
    """What the close left is in the urn, no more and no less, and nothing of it was opened."""
    if OpenedBallot.objects.filter(pot__cycle=cycle).exists():
        raise RefusedError(
            _("There are opened ballots of this vote, which nobody has opened. Ask who wrote them.")
        )
    left = Board.objects.values_list("kept", flat=True).get(pk=cycle.pk)
    there = SealedBallot.objects.filter(cycle=cycle).count()
    if there != left:
        raise RefusedError(
            _(
                "%(left)s ballots were left in the urn at the close, and %(there)s are in it now."
                " Nothing was opened."
            )
            % {"left": left, "there": there}
        )


@dataclass(slots=True)
class _Found:
    kept: int = 0
    foreign: int = 0
    unreadable: int = 0
    sheets_unreadable: int = 0


def _open_all(cycle: Cycle, opener: Opener, on_opened: Watcher) -> _Found:
    """Fill the temporary table with what the urn and the clerks' keyings held, shuffled; what could
    not be opened. Raises ``RefusedError`` where a ballot lies in the urn twice: the board has one
    line for it."""
    found, copies = _Found(), 0
    opened = []
    for done, sealed in _sealed(cycle):
        found.kept += 1
        copies += sealed.again
        if not sealed.on_board:
            found.foreign += 1
        else:
            try:
                opened.append((json.dumps(opener.open(sealed.ciphertext)), False))
            except UnreadableError:
                found.unreadable += 1
        if done % _BATCH == 0:
            on_opened(done, sealed.total)
    if copies:
        raise RefusedError(
            _("%(copies)s ballots in the urn are copies of others. Nothing was opened.")
            % {"copies": copies}
        )
    for keying in decisive_keyings(cycle):
        if keying.ciphertext is not None:
            try:
                opened.append((json.dumps(opener.open(bytes(keying.ciphertext))), True))
            except UnreadableError:
                found.sheets_unreadable += 1
    SystemRandom().shuffle(opened)
    with connection.cursor() as cursor:
        cursor.execute(_TABLE)
        with cursor.copy("COPY budgeting_unsealed (choices, on_paper) FROM STDIN") as copy:
            for row in opened:
                copy.write_row(row)
    return found


@dataclass(frozen=True, slots=True)
class _Sealed:
    ciphertext: bytes
    on_board: bool
    again: bool
    total: int


def _sealed(cycle: Cycle) -> Iterator[tuple[int, _Sealed]]:
    """The urn's ballots, each with whether the board knows it, numbered from one."""
    lines = BoardLine.objects.filter(cycle=cycle).values_list("ballot_hash", flat=True)
    met = dict.fromkeys(lines.iterator(chunk_size=50_000), False)
    urn = SealedBallot.objects.filter(cycle=cycle)
    total = urn.count()
    rows = urn.values_list("ciphertext", flat=True).iterator(chunk_size=10_000)
    for done, ciphertext in enumerate(rows, start=1):
        content = bytes(ciphertext)
        hashed = ballot_hash(content)
        again = met.get(hashed)
        if again is False:
            met[hashed] = True
        yield done, _Sealed(content, again is not None, bool(again), total)
