"""Ballots seen from the options: who supports what, and how much it is worth to them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from budgeting.domain.ballots import Ballots


class Borda(StrEnum):
    """What a place in a ranking is worth.

    ``LISTED``: options on this ballot minus place, so the last one listed is worth 0.
    ``OPTIONS``: options in the election minus place plus 1, so everyone listed is worth some.
    """

    LISTED = "listed"
    OPTIONS = "options"


@dataclass(frozen=True, eq=False)
class Support:
    """The supporters of every option, as rows of the ballots.

    ``rows[indptr[j]:indptr[j + 1]]`` are those who gave option ``j`` a utility above zero, and
    ``worth`` that utility (None when it is 1 for all). ``weights`` are the ballots per row as
    float64, or None when every row is one ballot. ``votes`` and ``totals`` are exact: ballots,
    and utility over all ballots, per option.
    """

    indptr: NDArray[np.int64]
    rows: NDArray[np.signedinteger]
    worth: NDArray[np.int64] | None
    weights: NDArray[np.float64] | None
    votes: list[int]
    totals: list[int]

    def rows_of(self, option: int) -> NDArray[np.signedinteger]:
        """The rows that support an option."""
        return self.rows[self.indptr[option] : self.indptr[option + 1]]

    def worth_to(self, option: int) -> NDArray[np.int64] | None:
        """The utility of an option to each of ``rows_of``, None for 1."""
        if self.worth is None:
            return None
        return self.worth[self.indptr[option] : self.indptr[option + 1]]


# Of so many choices on, positions are kept in half the memory and cost time to widen.
MANY_CHOICES = 2**24
_kept: WeakKeyDictionary[Ballots, dict[Borda, Support]] = WeakKeyDictionary()


def supporters(ballots: Ballots, borda: Borda = Borda.LISTED) -> Support:
    """The transposed ballots, kept as long as the ballots are for the next rule that asks."""
    kept = _kept.setdefault(ballots, {})
    if borda not in kept:
        kept[borda] = _transposed(ballots, borda)
    return kept[borda]


def _transposed(ballots: Ballots, borda: Borda) -> Support:
    """Supporters of an option are in the order of their rows."""
    worth = choice_worth(ballots, borda)
    weights = None if _all_one(ballots.weights) else ballots.weights.astype(np.float64)
    sizes, votes, totals = _sums(ballots, weights, worth)
    order = _by_option(ballots, worth)
    rows = ballots.row_of_choice[order]
    if len(order) < MANY_CHOICES:
        rows = rows.astype(np.intp)
    worth = None if worth is None else worth[order]
    indptr = np.concatenate(([0], np.cumsum(sizes)))
    return Support(indptr, rows, worth, weights, votes, totals)


def choice_worth(ballots: Ballots, borda: Borda) -> NDArray[np.int64] | None:
    """The utility of every entry of ``ballots.choices``; None when it is 1 for all."""
    if ballots.points is not None:
        return ballots.points
    if ballots.kind != "ranking":
        return None
    place = np.arange(len(ballots.choices), dtype=np.int64) - ballots.indptr[ballots.row_of_choice]
    if borda is Borda.OPTIONS:
        return ballots.option_count - place
    return ballots.lengths[ballots.row_of_choice] - place - 1


def _by_option(ballots: Ballots, worth: NDArray[np.int64] | None) -> NDArray[np.int64]:
    """Positions of all choices worth something, option after option."""
    # NumPy sorts 16-bit integers by radix: five times faster than any wider type.
    small = ballots.option_count <= np.iinfo(np.int16).max
    order = np.argsort(
        ballots.choices.astype(np.int16) if small else ballots.choices, kind="stable"
    )
    return order if worth is None else order[worth[order] > 0]


def _sums(
    ballots: Ballots, weights: NDArray[np.float64] | None, worth: NDArray[np.int64] | None
) -> tuple[NDArray[np.intp], list[int], list[int]]:
    """Rows, ballots and utility per option; exact, as Ballots keeps all sums below 2**53."""
    each = None if weights is None else np.repeat(weights, ballots.lengths)
    if worth is None:
        sizes = _histogram(ballots, None)
        votes = sizes if each is None else _histogram(ballots, each)
        return sizes, _whole(votes), _whole(votes)
    some = (worth > 0).astype(np.float64)
    sizes = _histogram(ballots, some).astype(np.intp)
    votes = sizes if each is None else _histogram(ballots, some * each)
    totals = _histogram(ballots, worth.astype(np.float64) if each is None else worth * each)
    return sizes, _whole(votes), _whole(totals)


def _histogram(ballots: Ballots, each: NDArray[np.float64] | None) -> NDArray[Any]:
    return np.bincount(ballots.choices, weights=each, minlength=ballots.option_count)


def _whole(sums: NDArray[Any]) -> list[int]:
    return [int(total) for total in sums]


def _all_one(weights: NDArray[np.int64]) -> bool:
    return len(weights) == 0 or int(weights.max()) == 1
