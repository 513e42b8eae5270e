"""What differs between two texts, word by word. No framework.

The shortest way from one text to the other is looked for as Myers describes ("An O(ND) Difference
Algorithm and Its Variations", Algorithmica 1, 1986), first line by line, then word by word within
the lines that differ. Anybody may write both texts, and anybody may ask for what differs: so no
more than ``MOST_STEPS`` are taken, and what is not told apart by then is shown as removed whole and
added whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

# A word, a mark, or the space between: so joined again the pieces give back both texts whole.
_WORDS = re.compile(r"\w+|\s+|[^\w\s]")
# A tenth of a second, or less.
MOST_STEPS = 200_000


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


class _TooFarError(Exception):
    """The texts have too little in common to be told apart with the steps that are left."""


@dataclass(slots=True)
class _Steps:
    """How many are left."""

    left: int

    def take(self, number: int) -> None:
        self.left -= number
        if self.left < 0:
            raise _TooFarError


def differences(older: str, newer: str) -> list[Piece]:
    """The pieces in their order, from the older text to the newer.

    Those that are not ``ADDED`` make up the older text, those not ``REMOVED`` the newer one.
    Whole words change; what was removed comes before what stands in its place.
    """
    steps = _Steps(MOST_STEPS)
    pieces: list[Piece] = []
    lines = older.splitlines(keepends=True), newer.splitlines(keepends=True)
    for removed, added, same in _hunks(*lines, steps):
        words = _WORDS.findall(removed), _WORDS.findall(added)
        for gone, come, kept in _hunks(*words, steps):
            _put(pieces, Change.REMOVED, gone)
            _put(pieces, Change.ADDED, come)
            _put(pieces, Change.SAME, kept)
        _put(pieces, Change.SAME, same)
    return pieces


def _put(pieces: list[Piece], change: Change, text: str) -> None:
    if text and pieces and pieces[-1].change == change:
        pieces[-1] = Piece(change, pieces[-1].text + text)
    elif text:
        pieces.append(Piece(change, text))


def _hunks(
    before: Sequence[str], after: Sequence[str], steps: _Steps
) -> Iterator[tuple[str, str, str]]:
    """What was removed, what was added in its place, and what follows in both; over and over."""
    first, behind = _ends(before, after)
    old, new = before[first : len(before) - behind], after[first : len(after) - behind]
    yield "", "", "".join(before[:first])
    x = y = 0
    for i, j in _common(old, new, steps):
        if (i, j) != (x, y):
            yield "".join(old[x:i]), "".join(new[y:j]), ""
        yield "", "", old[i]
        x, y = i + 1, j + 1
    yield "".join(old[x:]), "".join(new[y:]), "".join(before[len(before) - behind :])


def _ends(before: Sequence[str], after: Sequence[str]) -> tuple[int, int]:
    """How many are the same at the beginning, and how many of the others at the end."""
    shorter = min(len(before), len(after))
    first = 0
    while first < shorter and before[first] == after[first]:
        first += 1
    behind = 0
    while behind < shorter - first and before[-behind - 1] == after[-behind - 1]:
        behind += 1
    return first, behind


def _common(old: Sequence[str], new: Sequence[str], steps: _Steps) -> list[tuple[int, int]]:
    """The places of what stands in both, in their order; none where that is too far to find."""
    if not old or not new:
        return []
    try:
        rounds = _search(old, new, steps)
    except _TooFarError:
        return []
    found: list[tuple[int, int]] = []
    x, y = len(old), len(new)
    for number in range(len(rounds) - 1, -1, -1):
        reached = rounds[number]
        k = x - y
        came = k + 1 if _comes_down(reached, k, number) else k - 1
        from_x = reached[came]
        from_y = from_x - came
        while x > from_x and y > from_y:
            x, y = x - 1, y - 1
            found.append((x, y))
        x, y = from_x, from_y
    return found[::-1]


def _search(old: Sequence[str], new: Sequence[str], steps: _Steps) -> list[dict[int, int]]:
    """How far each diagonal had been reached before each round; the last round reaches the end."""
    reached, rounds = {1: 0}, []
    for number in range(len(old) + len(new) + 1):
        steps.take(2 * len(reached))
        rounds.append(reached.copy())
        for k in range(-number, number + 1, 2):
            x = reached[k + 1] if _comes_down(reached, k, number) else reached[k - 1] + 1
            begins = x
            while x < len(old) and x - k < len(new) and old[x] == new[x - k]:
                x += 1
            steps.take(x - begins)
            reached[k] = x
            if x >= len(old) and x - k >= len(new):
                return rounds
    raise AssertionError("The last round goes through all of both.")


def _comes_down(reached: dict[int, int], k: int, number: int) -> bool:
    """Whether a diagonal is best reached by taking one in from the newer text."""
    return k == -number or (k != number and reached[k - 1] < reached[k + 1])
