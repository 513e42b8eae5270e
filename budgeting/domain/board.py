"""The public board of a vote: a chain of hashes as ballots come in, a tree's root when it closes.

A line of the board is the hash of a sealed ballot beside the hash of its receipt. Hashes are
SHA-256, as hex in lower case outside of this module. The tree is that of RFC 6962 (2.1).
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

RECEIPT_BYTES = 12
_GROUP = 4
_LEAF, _NODE = b"\x00", b"\x01"


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


def heads(first: str, lines: Iterable[Line]) -> list[str]:
    """The head after each line of a vote that was not extended, beginning with ``first``."""
    return chain_of(first, list(lines), ())[0]


def chain_of(
    first: str, lines: Sequence[Line], extensions: Sequence[Extension]
) -> tuple[list[str], str]:
    """The head after each line, and the last head of all, with ``extensions`` taken in.

    An extension follows as many lines as it says; ``ValueError`` where there are not so many.
    """
    if any(not 0 <= each.board_size <= len(lines) for each in extensions):
        raise ValueError("an extension follows more lines than there are")
    after: dict[int, list[Extension]] = {}
    for extension in extensions:
        after.setdefault(extension.board_size, []).append(extension)
    chain, head = [], first
    for place in range(len(lines) + 1):
        for extension in after.get(place, ()):
            head = _hash(_bytes(head, extension.digest)).hex()
        if place < len(lines):
            head = next_head(head, lines[place])
            chain.append(head)
    return chain, head


def root_of(lines: Sequence[Line]) -> str:
    """The root of the tree over all lines; of none, the hash of nothing."""
    if not lines:
        return _hash(b"").hex()
    level = [_leaf(line) for line in lines]
    while len(level) > 1:
        pairs = [level[at : at + 2] for at in range(0, len(level), 2)]
        level = [_node(*pair) if len(pair) == 2 else pair[0] for pair in pairs]
    return level[0].hex()


def proof_of(lines: Sequence[Line], position: int) -> list[tuple[str, str]]:
    """What leads from the line at ``position`` to the root: ("left" or "right", hash) each."""
    level = [_leaf(line) for line in lines]
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


def _leaf(line: Line) -> bytes:
    return _hash(_LEAF + _bytes(line.ballot_hash, line.receipt_hash))


def _node(left: bytes, right: bytes) -> bytes:
    return _hash(_NODE + left + right)


def _bytes(*hashes: str) -> bytes:
    return b"".join(map(bytes.fromhex, hashes))


def _hash(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()
