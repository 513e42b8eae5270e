"""Reading the public board of a vote."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import QuerySet

from budgeting.domain.board import Line, OnBallots, close_of, proof_of, proves, receipt_hash
from budgeting.enums import CycleState
from budgeting.models import Board, BoardLine, Cycle, OptionsCommitment
from civicfund.audit.models import Event
from civicfund.prepared import Prepared

_WAS_CLOSED = "cycle.board_closed"
_CLOSED = (CycleState.CLOSED, CycleState.UNSEALED, CycleState.COUNTED, CycleState.CERTIFIED)


@dataclass(frozen=True, slots=True)
class Recorded:
    """Where a receipt stands on the board, counted from one; ``proof`` leads to the root."""

    place: int
    ballot_hash: str
    receipt_hash: str
    proof: list[tuple[str, str]]


def board_of(cycle: Cycle) -> Board | None:
    """The cycle's board; None before it opens and for elections from elsewhere."""
    return _boards.first(cycle.pk)


@Prepared
def _boards(cycle: int) -> QuerySet[Board]:
    return Board.objects.filter(pk=cycle)


def told_the_root(cycle: Cycle) -> int | None:
    """To how many the root was mailed at the close; None where that was not noted."""
    closed = Event.objects.filter(
        verb=_WAS_CLOSED, target_type=cycle._meta.label_lower, target_id=str(cycle.pk)
    ).last()
    told: int | None = closed.data.get("told") if closed else None
    return told


def told_nobody() -> list[Cycle]:
    """Votes that are closed and not published, whose root was mailed to nobody."""
    closed = {str(cycle.pk): cycle for cycle in Cycle.objects.filter(state__in=_CLOSED)}
    untold = Event.objects.filter(
        verb=_WAS_CLOSED,
        target_type=Cycle._meta.label_lower,
        target_id__in=list(closed),
        data__told=0,
    )
    return [closed[pk] for pk in untold.values_list("target_id", flat=True)]


def find_receipt(board: Board, receipt: str) -> Recorded | None:
    """Where a receipt is recorded; None where it is not. The proof is there once voting closed."""
    hashed = receipt_hash(receipt)
    line = BoardLine.objects.filter(cycle=board.pk, receipt_hash=hashed).first()
    if line is None:
        return None
    proof = _proof(board, line) if board.root else []
    return Recorded(line.position + 1, line.ballot_hash, line.receipt_hash, proof)


def _proof(board: Board, line: BoardLine) -> list[tuple[str, str]]:
    lines = board_lines(board)
    proof = proof_of(lines, line.position, close_of_board(board))
    if proves(lines[line.position], proof, board.root):
        return proof
    # The vote was closed before roots held the close.
    return proof_of(lines, line.position)


def options_on_board(board: Board) -> OnBallots | None:
    """What the chain holds of options, costs and groups; None before voting began, or where it
    began before boards held them."""
    made = OptionsCommitment.objects.filter(pk=board.pk).first()
    return OnBallots(made.sha256, made.extensions, made.moves) if made else None


def close_of_board(board: Board) -> str:
    """What the root of a closed board holds beside the lines."""
    return close_of(board.head, board.kept or 0, board.replaced_by_paper or 0)


def board_lines(board: Board) -> list[Line]:
    """Every line in its order."""
    rows = BoardLine.objects.filter(cycle=board.pk).order_by("position")
    hashes = rows.values_list("ballot_hash", "receipt_hash")
    return [Line(*pair) for pair in hashes.iterator(chunk_size=50_000)]


def board_rows(board: Board) -> Iterator[tuple[object, ...]]:
    """The lines for a file: place from one, ballot, receipt, head after it."""
    rows = BoardLine.objects.filter(cycle=board.pk).order_by("position")
    wanted = rows.values_list("position", "ballot_hash", "receipt_hash", "head")
    for position, *hashes in wanted.iterator(chunk_size=10_000):
        yield (position + 1, *hashes)
