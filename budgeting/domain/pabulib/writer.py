"""Writes an election as the lines of a ``.pb`` file that anyone can count again."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain

from budgeting.domain.ballots import BallotKind
from budgeting.domain.election import Election
from budgeting.domain.support import Borda, supporters

VOTE_TYPES: Mapping[BallotKind, str] = {
    BallotKind.APPROVAL: "approval",
    BallotKind.CHOOSE_ONE: "choose-1",
    BallotKind.KNAPSACK: "approval",
    BallotKind.CUMULATIVE: "cumulative",
    BallotKind.SCORING: "scoring",
    BallotKind.RANKING: "ordinal",
}
# What the format wants to be told and no election knows.
TOLD = ("description", "country", "unit", "instance", "rule", "date_begin", "date_end")
COUNTED = ("num_projects", "num_votes", "budget", "vote_type")


class UnwritableError(ValueError):
    """The format cannot hold this, or requires something that was not told."""


def lines(
    election: Election,
    meta: Mapping[str, str],
    *,
    scale: int,
    points_scale: int = 1,
    selected: Collection[str] | None = None,
    columns: Mapping[str, Mapping[str, str]] | None = None,
) -> Iterator[str]:
    """The file, line by line, ballots in the order they have.

    ``scale`` minor units make one unit of money in the file, a power of ten. ``columns`` gives
    further columns of PROJECTS by name, each a value per option id. Voters are numbered from 1.
    Raises :class:`UnwritableError` for an id with a comma, or if META lacks what it must have.
    """
    rows = chain(
        _meta(election, meta, scale),
        _projects(election, scale, points_scale, selected, columns or {}),
        _votes(election, points_scale),
    )
    return map(_line, rows)


def _meta(election: Election, meta: Mapping[str, str], scale: int) -> Iterator[Sequence[str]]:
    wanted = (*TOLD, "max_sum_points") if election.ballots.kind == "cumulative" else TOLD
    untold = [key for key in wanted if not meta.get(key)]
    if untold:
        raise UnwritableError(f"META needs {', '.join(untold)}")
    figures = {
        "num_projects": str(len(election.options)),
        "num_votes": str(election.ballots.count),
        "budget": decimal(election.budget_minor, scale),
        "vote_type": VOTE_TYPES[election.ballots.kind],
    }
    if election.ballots.kind is BallotKind.KNAPSACK:
        figures["max_sum_cost"] = figures["budget"]
    order = [*TOLD[:4], *COUNTED, *TOLD[4:]]
    known = {**meta, **figures}
    yield ("META",)
    yield "key", "value"
    for key in [*order, *(key for key in known if key not in order)]:
        yield key, known[key]


def _projects(
    election: Election,
    scale: int,
    points_scale: int,
    selected: Collection[str] | None,
    columns: Mapping[str, Mapping[str, str]],
) -> Iterator[Sequence[str]]:
    kind = election.ballots.kind
    scored = kind.has_points or kind is BallotKind.RANKING
    listed = _times_listed(election)
    scores = supporters(election.ballots, Borda.LISTED).totals
    if kind is BallotKind.RANKING:
        # The format gives the last one listed a point, where the reference's Borda gives none.
        scores = [total + times for total, times in zip(scores, listed, strict=True)]
    mark = () if selected is None else ("selected",)
    score = ("score",) if scored else ()
    for option in election.options:
        if "," in option.id or option.id != option.id.strip():
            raise UnwritableError(f"the id {option.id!r} has a comma or blanks around it")
    yield ("PROJECTS",)
    yield "project_id", "cost", "votes", *score, "name", *mark, *columns
    for place, option in enumerate(election.options):
        yield (
            option.id,
            decimal(option.cost_minor, scale),
            str(listed[place]),
            *((decimal(scores[place], points_scale),) if scored else ()),
            option.name or option.id,
            *(() if selected is None else (str(int(option.id in selected)),)),
            *(values.get(option.id, "") for values in columns.values()),
        )


def _times_listed(election: Election) -> list[int]:
    """How many ballots name each option, with points or without."""
    times = [0] * len(election.options)
    for choices, _, weight in election.ballots.rows():
        for choice in choices:
            times[choice] += weight
    return times


def _votes(election: Election, points_scale: int) -> Iterator[Sequence[str]]:
    ids = [option.id for option in election.options]
    pointed = election.ballots.kind.has_points
    yield ("VOTES",)
    yield ("voter_id", "vote", "points") if pointed else ("voter_id", "vote")
    voter = 0
    for choices, points, weight in election.ballots.rows():
        vote = ",".join([ids[choice] for choice in choices])
        given = ",".join(decimal(each, points_scale) for each in points or ())
        for _ in range(weight):
            voter += 1
            yield (str(voter), vote, given) if pointed else (str(voter), vote)


def decimal(amount: int, scale: int) -> str:
    """An amount with as many decimal places as it needs."""
    whole, rest = divmod(amount, scale)
    places = len(str(scale)) - 1
    return f"{whole}.{rest:0{places}d}".rstrip("0") if rest else str(whole)


def _line(fields: Sequence[str]) -> str:
    line = io.StringIO()
    # A line break inside a name is legal in quotes, but few readers expect it.
    clean = [
        " ".join(field.split()) if "\n" in field or "\r" in field else field for field in fields
    ]
    csv.writer(line, delimiter=";", lineterminator="\n").writerow(clean)
    return line.getvalue()
