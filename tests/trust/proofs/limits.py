"""Limits hold: generated ballots of every kind, cast by the service and opened by the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from django.db import DatabaseError, transaction

from budgeting.enums import BallotKind
from budgeting.models import Cycle, OpenedBallot, Pot
from budgeting.services.ballots import Choice, cast
from budgeting.services.closing import close_cycle
from budgeting.services.errors import BallotRefusedError
from tests.factories.budgeting import open_by_trustees
from tests.trust.electorate import Vote, Voter, end_voting, forget, open_vote
from tests.trust.result import Result, faults
from tests.trust.town import Town

COSTS = (300_000, 200_000, 150_000, 100_000, 100_000, 50_000)
AMOUNT = 500_000
LIMITS: dict[BallotKind, dict[str, int]] = {
    BallotKind.APPROVAL: {"max_options": 3},
    BallotKind.CHOOSE_ONE: {},
    BallotKind.KNAPSACK: {"max_options": 4},
    BallotKind.CUMULATIVE: {"max_points": 5, "max_sum_points": 10},
    BallotKind.SCORING: {"max_points": 5},
    BallotKind.RANKING: {"max_options": 3},
}
RULES = {
    BallotKind.CUMULATIVE: "greedy_points",
    BallotKind.SCORING: "greedy_points",
    BallotKind.RANKING: "greedy_borda",
}
Drawn = tuple[list[int], list[int] | None]


@dataclass(slots=True)
class Tally:
    """Over all kinds: what was cast, refused, wrongly taken or refused, and tried by SQL."""

    cast: int = 0
    refused: int = 0
    misjudged: int = 0
    rows: int = 0
    over: int = 0
    by_sql: int = 0
    sql_tries: int = 0
    in_control: int = 0
    kinds: set[str] = field(default_factory=set)


def generated_ballots(town: Town, full: bool) -> Result:
    """Ballots drawn within and beyond every limit; only those within are ever a row."""
    ballots = 10_000 if full else 90
    random, tally = Random(11), Tally()  # noqa: S311 -- repeatable
    for kind in BallotKind:
        _one_kind(town, kind, ballots // len(BallotKind) + 1, random, tally)
    return Result(
        tried=f"generated ballots of {len(tally.kinds)} kinds, within and beyond their limits;"
        " opened ballots by SQL before and after the opening, bad ones and good ones",
        size=f"{tally.cast + tally.refused} ballots, {tally.refused} refused; {tally.rows} rows,"
        f" {tally.over} over a limit; {tally.sql_tries} by SQL, {tally.by_sql} taken",
        faults=faults(
            rows_over_a_limit=tally.over,
            ballots_wrongly_taken_or_refused=tally.misjudged,
            rows_more_or_less_than_ballots=abs(tally.rows - tally.cast),
            rows_taken_from_SQL=tally.by_sql,
        ),
        control=f"with triggers off SQL adds {tally.in_control} rows over a limit,"
        " and they are found",
        control_failed=tally.in_control > 0,
    )


def _one_kind(town: Town, kind: BallotKind, ballots: int, random: Random, tally: Tally) -> None:
    vote = open_vote(
        ballots, letters=False, kind=kind, rule=RULES.get(kind, "greedy"), costs_minor=COSTS,
        amount_minor=AMOUNT, **LIMITS[kind],
    )  # fmt: skip
    cycle, pot = vote.cycle, vote.cycle.pots.get()
    tally.kinds.add(kind)
    taken = 0
    for voter in vote.voters:
        drawn = _drawn(kind, random)
        was_cast = _cast(vote, pot, voter, drawn)
        tally.misjudged += was_cast != _within(kind, *drawn)
        taken += was_cast
    tally.cast, tally.refused = tally.cast + taken, tally.refused + ballots - taken
    end_voting(town, cycle)
    cycle = close_cycle(cycle)
    _by_sql(cycle, pot, kind, random, tally)
    open_by_trustees(cycle)
    _by_sql(cycle, pot, kind, random, tally)
    rows = OpenedBallot.objects.filter(pot=pot).values_list("options", "points")
    tally.rows += len(rows)
    tally.over += sum(not _within(kind, options, points) for options, points in rows)
    _control(town, pot, kind, random, tally)


def _drawn(kind: BallotKind, random: Random) -> Drawn:
    """Mostly a few options, often too many, sometimes one twice; points likewise."""
    options = random.sample(range(len(COSTS)), random.randint(1, random.choice([2, 3, len(COSTS)])))
    if random.random() < 0.1:
        options.append(options[0])
    if kind not in (BallotKind.CUMULATIVE, BallotKind.SCORING):
        return options, None
    return options, [random.randint(-1, random.choice([3, 5, 7])) for _ in options]


def _cast(vote: Vote, pot: Pot, voter: Voter, drawn: Drawn) -> bool:
    options, points = drawn
    choice = Choice([vote.named[place] for place in options], points)
    try:
        cast(vote.cycle, voter.entry, {pot.pk: choice})
    except BallotRefusedError:
        return False
    return True


def _within(kind: BallotKind, options: Sequence[int], points: Sequence[int] | None) -> bool:
    """Whether a ballot keeps to the limits: written for this proof, from docs/cycle.md alone."""
    limits = LIMITS[kind]
    if not options or len(set(options)) < len(options):
        return False
    if len(options) > limits.get("max_options", 1 if kind == BallotKind.CHOOSE_ONE else 99):
        return False
    if kind == BallotKind.KNAPSACK and sum(COSTS[place] for place in options) > AMOUNT:
        return False
    if "max_points" not in limits:
        return points is None
    least = 1 if kind == BallotKind.CUMULATIVE else 0
    given = points or ()
    return (
        len(given) == len(options)
        and all(least <= point <= limits["max_points"] for point in given)
        and sum(given) <= limits.get("max_sum_points", 10**9)
    )


def _such(kind: BallotKind, random: Random, number: int, *, good: bool) -> list[Drawn]:
    """Ballots that keep to the limits, or none that does."""
    such: list[Drawn] = []
    while len(such) < number:
        options, points = _drawn(kind, random)
        if _within(kind, options, points) == good:
            such.append(
                (options, points) if kind == BallotKind.RANKING else _sorted(options, points)
            )
    return such


def _sorted(options: list[int], points: list[int] | None) -> Drawn:
    """As the table has them, so that nothing but what is tried stands against a row."""
    order = sorted(range(len(options)), key=options.__getitem__)
    return [options[at] for at in order], points and [points[at] for at in order]


def _by_sql(cycle: Cycle, pot: Pot, kind: BallotKind, random: Random, tally: Tally) -> None:
    """Opened ballots straight into the table: bad ones, and such as anybody could have cast."""
    for options, points in _such(kind, random, 20, good=False) + _such(kind, random, 20, good=True):
        tally.sql_tries += 1
        try:
            with transaction.atomic():
                OpenedBallot.objects.create(cycle=cycle, pot=pot, options=options, points=points)
            tally.by_sql += 1
        except DatabaseError:
            continue


def _control(town: Town, pot: Pot, kind: BallotKind, random: Random, tally: Tally) -> None:
    """Without triggers the same rows are taken, and the same look at the rows finds them."""
    with town.superuser() as database:
        for options, points in _such(kind, random, 3, good=False):
            database.execute(
                "INSERT INTO budgeting_openedballot (cycle_id, pot_id, options, points)"
                " VALUES (%s, %s, %s, %s)",
                [pot.cycle_id, pot.pk, options, points],
            )
        rows = OpenedBallot.objects.filter(pot=pot).values_list("options", "points")
        tally.in_control += sum(not _within(kind, options, points) for options, points in rows)
        forget(database, pot.cycle)
