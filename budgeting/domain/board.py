"""The public board of a vote: a chain of hashes as ballots come in, a tree's root when it closes.

A line of the board is the hash of a sealed ballot beside the hash of its receipt. Hashes are
SHA-256, as hex in lower case outside of this module. The tree is that of RFC 6962 (2.1).
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import TypeAlias

RECEIPT_BYTES = 12
_GROUP = 4
_LEAF, _NODE, _CLOSE = b"\x00", b"\x01", b"\x02"


@dataclass(frozen=True, slots=True)
class Line:
    """What the board says of one cast: hashes as hex."""

    ballot_hash: str
    receipt_hash: str


@dataclass(frozen=True, slots=True)
class Extension:
    """That voting ends later, as the board says it after ``board_size`` lines.

    Times are texts: UTC, to the microsecond, as ``2027-02-01T18:00:00.000000+00:00``.
    """

    board_size: int
    from_at: str
    to_at: str
    at: str
    reason: str

    @property
    def digest(self) -> str:
        """What the chain takes in; the database computes the same."""
        words = ("extension", self.from_at, self.to_at, self.at, self.reason)
        return _hash("\n".join(words).encode()).hex()


@dataclass(frozen=True, slots=True)
class Move:
    """That a phase is later, as the board says it after ``board_size`` lines and so many
    ``extensions``; times as in an extension."""

    board_size: int
    extensions: int
    kind: str
    from_starts_at: str
    from_ends_at: str
    to_starts_at: str
    to_ends_at: str
    at: str
    reason: str

    @property
    def digest(self) -> str:
        """What the chain takes in; the database computes the same."""
        was, then = (self.from_starts_at, self.from_ends_at), (self.to_starts_at, self.to_ends_at)
        words = ("move", self.kind, *was, *then, self.at, self.reason)
        return _hash("\n".join(words).encode()).hex()


# What the chain takes in beside lines, as voting goes on.
Taken: TypeAlias = Extension | Move


@dataclass(frozen=True, slots=True)
class OnBallots:
    """What stood on the ballots when voting began: in the chain before the first line, after so
    many ``extensions`` and ``moves``; ``sha256`` is that of pots and options as canonical JSON."""

    sha256: str
    extensions: int
    moves: int = 0

    @property
    def digest(self) -> str:
        """What the chain takes in; the database computes the same."""
        return _hash(f"options\n{self.sha256}".encode()).hex()


def moment(at: datetime) -> str:
    """An instant as the board writes it."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def new_receipt() -> str:
    """A receipt: 96 random bits, in groups of letters and digits that can be read aloud."""
    letters = base64.b32encode(secrets.token_bytes(RECEIPT_BYTES)).decode().rstrip("=")
    return "-".join(letters[at : at + _GROUP] for at in range(0, len(letters), _GROUP))


def receipt_hash(receipt: str) -> str:
    """The hash of a receipt, however it was typed."""
    plain = "".join(letter for letter in receipt.upper() if letter.isalnum())
    return _hash(plain.encode()).hex()


def ballot_hash(sealed: bytes) -> str:
    """The hash of a sealed ballot."""
    return _hash(sealed).hex()


def next_head(head: str, line: Line) -> str:
    """The chain's head once a line is added."""
    return _hash(_bytes(head, line.ballot_hash, line.receipt_hash)).hex()


def in_order(extensions: Sequence[Extension], moves: Sequence[Move]) -> list[Taken]:
    """Extensions and moves, each of them in order, as the chain took them in.

    ``ValueError`` where what a move says of extensions, or they all of lines, is no order.
    """
    taken: list[Taken] = []
    passed = 0
    for move in moves:
        while passed < min(move.extensions, len(extensions)):
            taken.append(extensions[passed])
            passed += 1
        if passed != move.extensions:
            raise ValueError("a move does not follow so many extensions")
        taken.append(move)
    taken += extensions[passed:]
    if moves and any(one.board_size > other.board_size for one, other in pairwise(taken)):
        raise ValueError("moves and extensions are not in their order")
    return taken


def chain_of(
    first: str,
    lines: Sequence[Line],
    taken: Sequence[Taken],
    options: OnBallots | None = None,
) -> tuple[list[str], str]:
    """The head after each line, and the last head of all, with extensions and moves ``taken`` in.

    Each follows as many lines as it says; ``ValueError`` where there are not so many.
    """
    chain, head, before = [], first, 0
    for place, head in every_head(first, lines, taken, options):
        if place > before:
            chain.append(head)
        before = place
    return chain, head


def every_head(
    first: str,
    lines: Sequence[Line],
    taken: Sequence[Taken],
    options: OnBallots | None = None,
) -> Iterator[tuple[int, str]]:
    """All that the chain's head ever was, each with how many lines there were then."""
    if any(not 0 <= each.board_size <= len(lines) for each in taken):
        raise ValueError("an extension or a move follows more lines than there are")
    after: dict[int, list[str]] = {}
    for each in taken:
        after.setdefault(each.board_size, []).append(each.digest)
    if options:
        after.setdefault(0, []).insert(_place_of(options, taken), options.digest)
    head = first
    yield 0, head
    for place in range(len(lines) + 1):
        for digest in after.get(place, ()):
            head = _hash(_bytes(head, digest)).hex()
            yield place, head
        if place < len(lines):
            head = next_head(head, lines[place])
            yield place + 1, head


def _place_of(options: OnBallots, taken: Sequence[Taken]) -> int:
    """How many extensions and moves the chain took in before the options: just those it says."""
    place = options.extensions + options.moves
    before = [each for each in taken if each.board_size == 0][: max(place, 0)]
    extensions = sum(isinstance(each, Extension) for each in before)
    if (extensions, len(before) - extensions) != (options.extensions, options.moves):
        raise ValueError("the options follow more extensions or moves than there are")
    return place


def root_of(lines: Sequence[Line], close: str = "") -> str:
    """The root of the tree over all lines and the ``close``, if any; of none, the hash of nothing.

    ``close`` is given by :func:`close_of`; votes that were closed before that was have a root of
    lines alone.
    """
    level = _leaves(lines, close)
    if not level:
        return _hash(b"").hex()
    while len(level) > 1:
        pairs = [level[at : at + 2] for at in range(0, len(level), 2)]
        level = [_node(*pair) if len(pair) == 2 else pair[0] for pair in pairs]
    return level[0].hex()


def close_of(head: str, kept: int, replaced_by_paper: int) -> str:
    """What the root holds beside the lines: the last head, and with it all that was opened; how
    many ballots were left at the close, and how many of the others paper replaced."""
    words = ("closed", str(kept), str(replaced_by_paper))
    return _hash(_bytes(head) + _hash("\n".join(words).encode())).hex()


def proof_of(lines: Sequence[Line], position: int, close: str = "") -> list[tuple[str, str]]:
    """What leads from the line at ``position`` to the root: ("left" or "right", hash) each."""
    level = _leaves(lines, close)
    path = []
    while len(level) > 1:
        other = position ^ 1
        if other < len(level):
            path.append(("left" if other < position else "right", level[other].hex()))
        pairs = [level[at : at + 2] for at in range(0, len(level), 2)]
        level = [_node(*pair) if len(pair) == 2 else pair[0] for pair in pairs]
        position //= 2
    return path


def proves(line: Line, path: Iterable[tuple[str, str]], root: str) -> bool:
    """Whether a path leads from the line to the root."""
    reached = _leaf(line)
    for side, other in path:
        beside = bytes.fromhex(other)
        reached = _node(beside, reached) if side == "left" else _node(reached, beside)
    return reached.hex() == root


def _leaves(lines: Sequence[Line], close: str) -> list[bytes]:
    # Its own first byte: no line can be made that stands for a close, and no close for a line.
    last = [_hash(_CLOSE + _bytes(close))] if close else []
    return [_leaf(line) for line in lines] + last


def _leaf(line: Line) -> bytes:
    return _hash(_LEAF + _bytes(line.ballot_hash, line.receipt_hash))


def _node(left: bytes, right: bytes) -> bytes:
    return _hash(_NODE + left + right)


def _bytes(*hashes: str) -> bytes:
    return b"".join(map(bytes.fromhex, hashes))


def _hash(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()
