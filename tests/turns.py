"""Tests that take turns: ``make test`` runs each of them on one day of three.

They show what changes seldom and takes long, as how a page looks in a browser. Whoever changes it
runs them by name, or all of them with ``make journeys``.
"""

from __future__ import annotations

from collections.abc import Iterable

DAYS = 3


def waiting(items: Iterable, day: int) -> list:
    """Of these tests those whose turn is on another day; all that a function is given comes with
    it, and what does not take turns never waits.
    """
    in_turns = [item for item in items if item.get_closest_marker("turns")]
    functions = sorted({_function(item) for item in in_turns})
    turns = {function: number % DAYS for number, function in enumerate(functions)}
    return [item for item in in_turns if turns[_function(item)] != day % DAYS]


def _function(item) -> str:
    return item.nodeid.partition("[")[0]
