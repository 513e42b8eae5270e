"""A table of moves, and what is legal in it. Standard library only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

State = TypeVar("State", bound=str)


class IllegalMoveError(Exception):
    """The table has no such move."""


def check_move(moves: Mapping[State, frozenset[State]], old: State, new: State) -> None:
    """Raise ``IllegalMoveError`` unless the table leads from ``old`` to ``new``."""
    if new not in moves[old]:
        raise IllegalMoveError(f"no move leads from {old} to {new}")
