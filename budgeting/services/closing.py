"""The end of voting: the cycle closes, earlier versions and the slots are gone, the root is set."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from budgeting.domain.board import Line, close_of, root_of
from budgeting.enums import CYCLE_MOVES, CycleState, PhaseKind
from budgeting.models import Board, BoardLine, Cycle, OptionsCommitment, Participation
from budgeting.services.errors import RefusedError
from budgeting.services.locks import take
from budgeting.services.urns import destroy_key, key_exists, read_key, slot_of
from budgeting.services.witnesses import tell_witnesses
from civicfund.audit.services import advance, db_now, record


def due_to_close() -> list[Cycle]:
    """Open cycles whose closing instant is past by more than any request may live."""
    latest = db_now() - timedelta(seconds=settings.CLOSING_GRACE_SECONDS)
    return list(
        Cycle.objects.filter(
            state=CycleState.OPEN, phases__kind=PhaseKind.BALLOTING, phases__ends_at__lte=latest
        ).order_by("pk")
    )


def closing_late(*, minutes: int) -> list[Cycle]:
    """Open cycles whose voting ended so long ago that a sweep should have closed them."""
    latest = db_now() - timedelta(minutes=minutes, seconds=settings.CLOSING_GRACE_SECONDS)
    late = Q(phases__kind=PhaseKind.BALLOTING, phases__ends_at__lte=latest)
    return list(Cycle.objects.filter(late, state=CycleState.OPEN).order_by("pk"))


def close_cycle(cycle: Cycle) -> Cycle:
    """End the voting: every cast that holds the cycle is waited for, and none comes after.

    The same transaction leaves each voter's last sealed ballot in the urn, without its slot and in
    random order, but none of those who were given a paper ballot, sets the root of the board, which
    holds how many were left, and mails it to those who watch. Then the key of the slots is
    destroyed. Raises ``RefusedError`` before the closing instant and its grace: there is no early
    closing.
    """
    with transaction.atomic():
        held = take(cycle)
        if held.state == CycleState.OPEN:
            if held not in due_to_close():
                raise RefusedError(_("Voting is not over."))
            _close(held)
    board = Board.objects.filter(pk=held.pk).first()
    if board is not None and held.state != CycleState.OPEN:
        destroy_key(board)
    return held


def keys_left() -> list[Board]:
    """Boards of cycles that take no ballots any more and whose slot key is still there."""
    over = Board.objects.exclude(cycle__state__in=[CycleState.DRAFT, CycleState.OPEN])
    return [board for board in over if key_exists(board)]


def _close(cycle: Cycle) -> None:
    board = Board.objects.get(pk=cycle.pk)
    slot_key = read_key(board)
    slots, on_paper = (
        [slot_of(slot_key, cycle.pk, entry) for entry in _voters(cycle, on_paper=on_paper)]
        for on_paper in (False, True)
    )
    advance(cycle, CycleState.CLOSED, CYCLE_MOVES, actor=None)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT budgeting_keep_last_ballots(%s, %s, %s)", [cycle.pk, slots, on_paper]
        )
        kept, by_paper, foreign = cursor.fetchone()[0]
    if not board.size:
        # Whoever votes on paper alone has options, too.
        OptionsCommitment.objects.bulk_create(
            [OptionsCommitment(cycle=cycle)], ignore_conflicts=True
        )
        board.refresh_from_db(fields=["head"])
    root = root_of(_lines(cycle), close_of(board.head, kept, by_paper))
    Board.objects.filter(pk=cycle.pk).update(root=root, kept=kept, replaced_by_paper=by_paper)
    told = tell_witnesses(cycle, Board.objects.get(pk=cycle.pk))
    record(
        "cycle.board_closed", cycle, actor=None,
        root=root, kept=kept, replaced_by_paper=by_paper, foreign=foreign, told=told,
    )  # fmt: skip


def _voters(cycle: Cycle, *, on_paper: bool) -> Iterator[int]:
    """Lines of the roll that took part, and were given a paper ballot or were not."""
    took_part = Participation.objects.filter(cycle=cycle, check_in__isnull=not on_paper)
    yield from took_part.values_list("roll_entry_id", flat=True).iterator(chunk_size=50_000)


def _lines(cycle: Cycle) -> list[Line]:
    rows = BoardLine.objects.filter(cycle=cycle).order_by("position")
    hashes = rows.values_list("ballot_hash", "receipt_hash")
    return [Line(*pair) for pair in hashes.iterator(chunk_size=50_000)]
