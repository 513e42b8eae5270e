"""What differs between two texts, word by word. No framework."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

# A word, a mark, or the space between: so joined again the pieces give back both texts whole.
_WORDS = re.compile(r"\w+|\s+|[^\w\s]")


class Change(StrEnum):
    """What became of a piece of text."""

    SAME = "same"
    REMOVED = "removed"
    ADDED = "added"


@dataclass(frozen=True, slots=True)
class Piece:
    """Some text that stands in both, only in the older or only in the newer one."""

    change: Change
    text: str


def differences(older: str, newer: str) -> list[Piece]:
    """The pieces in their order, from the older text to the newer.

    Those that are not ``ADDED`` make up the older text, those not ``REMOVED`` the newer one.
    Whole words change; what was removed comes before what stands in its place.
    """
    before, after = _WORDS.findall(older), _WORDS.findall(newer)
    return list(_pieces(before, after))


def _pieces(before: list[str], after: list[str]) -> Iterator[Piece]:
    matcher = SequenceMatcher(None, before, after)
    for tag, old_from, old_to, new_from, new_to in matcher.get_opcodes():
        if tag == "equal":
            yield Piece(Change.SAME, "".join(before[old_from:old_to]))
            continue
        if old_to > old_from:
            yield Piece(Change.REMOVED, "".join(before[old_from:old_to]))
        if new_to > new_from:
            yield Piece(Change.ADDED, "".join(after[new_from:new_to]))
