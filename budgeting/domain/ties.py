"""Named orders that break ties. None is the default: whoever counts says which."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from budgeting.domain.election import Option


class UnresolvedTie(ValueError):  # noqa: N818 - the tie is the news, not an error of the code
    """Options are tied, the choice between them matters, and the order refuses to make it."""

    def __init__(self, tied: Iterable[str]) -> None:
        self.tied = tuple(tied)
        super().__init__("tied: " + ", ".join(self.tied))


@dataclass(frozen=True, slots=True)
class TieOrder:
    """A published order of all options; of two that are tied the earlier one goes first."""

    name: str
    ranks: Mapping[str, int] | None

    def order(self, tied: Iterable[str]) -> list[str]:
        """The tied ids, first one first."""
        ids = list(tied)
        if self.ranks is None and len(ids) > 1:
            raise UnresolvedTie(sorted(ids))
        return sorted(ids, key=self.ranks.__getitem__) if self.ranks is not None else ids


def lexicographic(options: Iterable[Option]) -> TieOrder:
    """By id compared as a string, code point by code point: "10" before "9"."""
    return _ranked("lexicographic", sorted(option.id for option in options))


def seeded(seed: bytes, options: Iterable[Option]) -> TieOrder:
    """By HMAC-SHA256 of the id under a seed: nobody can choose an id to come first.

    The seed is committed to before voting opens and published with the result.
    """
    if len(seed) < 16:
        raise ValueError("a tie seed has at least 16 bytes")

    def lot(option_id: str) -> bytes:
        return hmac.digest(seed, option_id.encode(), hashlib.sha256)

    return _ranked(f"seeded:{seed.hex()}", sorted((option.id for option in options), key=lot))


def refuse() -> TieOrder:
    """No order: a tie that matters raises :class:`UnresolvedTie`."""
    return TieOrder("refuse", None)


def _ranked(name: str, ids: list[str]) -> TieOrder:
    return TieOrder(name, {option_id: rank for rank, option_id in enumerate(ids)})
