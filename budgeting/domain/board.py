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

RECEIPT_BYTES = 12
_GROUP = 4
_LEAF, _NODE = b"\x00", b"\x01"


@dataclass(frozen=True, slots=True)
class Line:
    """What the board says of one cast: hashes as hex."""

    ballot_hash: str
    receipt_hash: str


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


def heads(first: str, lines: Iterable[Line]) -> Iterable[str]:
    """The head after each line, beginning with ``first`` before them all."""
    for line in lines:
        first = next_head(first, line)
        yield first


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
