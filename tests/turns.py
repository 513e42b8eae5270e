"""Tests that take turns: ``make test`` runs each of them on one day of three.

They show what changes seldom and takes long, as how a page looks in a browser, or how what was
there before an upgrade comes through it. Whoever changes it runs them by name, and all of them with
``make test TURNS=all``. The longest say on which day (``turns(day=1)``), so that none has them all.
"""

from __future__ import annotations

from collections.abc import Iterable
from zlib import crc32

DAYS = 3


def waiting(items: Iterable, day: int) -> list:
    """Of these tests those whose turn is on another day; all that a function is given comes with
    it, and what does not take turns never waits.
    """
    in_turns = [item for item in items if item.get_closest_marker("turns")]
    return [item for item in in_turns if turn_of(item) != day % DAYS]


def turn_of(item) -> int:
    """On which of the days: as its mark says, else told by its name alone, so that no other test
    moves it.
    """
    day = item.get_closest_marker("turns").kwargs.get("day")
    return day if day is not None else crc32(item.nodeid.partition("[")[0].encode()) % DAYS
