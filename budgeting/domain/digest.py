"""A digest of what was counted: the same for the same options and ballots, in whatever order."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np

from budgeting.domain.ballots import Ballots
from budgeting.domain.election import Election
from budgeting.domain.outcome import digest_of


def election_digest(election: Election) -> str:
    """SHA-256 of options, money and ballots as canonical JSON.

    Options are in the order of their ids; ballots are given by :func:`ballots_digest`.
    """
    order = sorted(range(len(election.options)), key=lambda each: election.options[each].id)
    options = [election.options[each] for each in order]
    return digest_of(
        {
            "options": [[each.id, each.cost_minor, each.group] for each in options],
            "budget_minor": election.budget_minor,
            "increment_minor": election.increment_minor,
            "kind": election.ballots.kind.value,
            "ballots": ballots_digest(_relabelled(election.ballots, order)),
        }
    )


def ballots_digest(ballots: Ballots) -> str:
    """SHA-256 of the distinct ballots and how often each was cast.

    One record per distinct ballot, records in the order of their bytes, as 64-bit big-endian
    integers: the options chosen, counted from 1 (in increasing order, or in order of preference
    for a ranking), each followed by its points where the kind has them; zeros up to the longest
    ballot; the number of such ballots.
    """
    distinct = ballots.grouped()
    per_choice = 2 if distinct.points is not None else 1
    width = per_choice * int(distinct.lengths.max(initial=0)) + 1
    records = np.zeros((len(distinct), width), dtype=">i8")
    place = np.arange(len(distinct.choices)) - distinct.indptr[distinct.row_of_choice]
    records[distinct.row_of_choice, place * per_choice] = distinct.choices + 1
    if distinct.points is not None:
        records[distinct.row_of_choice, place * 2 + 1] = distinct.points
    records[:, -1] = distinct.weights
    order = np.argsort(np.ascontiguousarray(records).view(f"S{8 * width}").ravel(), kind="stable")
    digest = hashlib.sha256()
    for start in range(0, len(order), 1 << 16):
        digest.update(records[order[start : start + (1 << 16)]].tobytes())
    return digest.hexdigest()


def _relabelled(ballots: Ballots, order: list[int]) -> Ballots:
    """The ballots with options numbered in the order given."""
    number = np.empty(len(order), dtype=np.int32)
    number[order] = np.arange(len(order), dtype=np.int32)
    return replace(ballots, choices=number[ballots.choices])
