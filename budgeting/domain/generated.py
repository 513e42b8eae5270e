"""Made-up elections of any size, the same for the same seed: for measuring and for rehearsals."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from budgeting.domain.ballots import BallotKind, Ballots
from budgeting.domain.election import Election, Option

# Ballots are made so many at a time, so that ten million need little more than their own memory.
AT_A_TIME = 500_000


def approval_election(ballots: int, options: int, seed: int, *, most_choices: int = 15) -> Election:
    """Approval ballots on options of uneven popularity and cost, like those of a large city.

    A ballot names up to ``most_choices`` options. About a third of all costs can be paid.
    """
    chance = np.random.default_rng(seed)
    costs = np.rint(np.exp(chance.normal(np.log(200_000), 1.1, options))).astype(int) * 100
    popularity = 1.0 / np.arange(4, options + 4)
    chance.shuffle(popularity)
    named = tuple(Option(f"{place + 1:04d}", int(cost)) for place, cost in enumerate(costs))
    lengths, choices = [], []
    for start in range(0, ballots, AT_A_TIME):
        size = min(AT_A_TIME, ballots - start)
        part_lengths, part = _ballots(chance, size, popularity, most_choices)
        lengths.append(part_lengths)
        choices.append(part)
    indptr = np.zeros(ballots + 1, dtype=np.int64)
    np.cumsum(np.concatenate([*lengths, np.zeros(0, dtype=np.int64)]), out=indptr[1:])
    together = np.concatenate([*choices, np.zeros(0, dtype=np.int32)])
    cast = Ballots.from_arrays(BallotKind.APPROVAL, options, indptr, together)
    return Election(named, int(costs.sum()) // 3, cast)


def _ballots(
    chance: np.random.Generator, size: int, popularity: NDArray[np.float64], most_choices: int
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Choices per ballot, and the choices; what a ballot draws twice it names once."""
    drawn = chance.integers(1, most_choices + 1, size)
    limits = np.cumsum(popularity) / popularity.sum()
    options = np.searchsorted(limits, chance.random(int(drawn.sum())), side="right")
    options = np.minimum(options, len(popularity) - 1)
    key = np.repeat(np.arange(size), drawn) * len(popularity) + options
    key.sort()
    kept = key[np.concatenate(([True], key[1:] != key[:-1]))]
    rows, named = np.divmod(kept, len(popularity))
    return np.bincount(rows, minlength=size), named.astype(np.int32)
