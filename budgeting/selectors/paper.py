"""What the vote on paper comes to, for everybody: places, sheets, people, the sample."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from django.db import connection
from django.db.models import (
    Case,
    CharField,
    Count,
    F,
    OuterRef,
    Prefetch,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from budgeting.domain.paper import lacking_of, surplus_of, upper_bound
from budgeting.enums import Channel, CycleState, SampleRole, VoidReason
from budgeting.models import (
    Board,
    Cycle,
    KeyingEnd,
    PaperCount,
    PaperVote,
    Participation,
    PlaceTotals,
    PollingPlace,
    SampledSheet,
    SampleReading,
    SheetBatch,
)
from civicfund.prepared import Prepared

# A table of people by place and channel says of fewer than these only that they are few.
LEAST_CELL = 10


@dataclass(frozen=True, slots=True)
class PlaceSums:
    """A polling place's sheets and people. None where nobody has said, or may say yet."""

    place: PollingPlace
    issued: int
    totals: PlaceTotals | None
    checked_in: int | None
    keyed: int | None
    reason_at_end: str = ""

    @property
    def missing(self) -> int:
        """Sheets that were printed and are nowhere; below zero where there are too many."""
        totals = self.totals
        return self.issued - totals.cast - totals.spoiled - totals.returned if totals else 0

    @property
    def surplus(self) -> int:
        """Sheets in the box, or keyed, beyond the people who were given one here."""
        if self.checked_in is None:
            return 0
        in_box = self.totals.cast if self.totals else 0
        return surplus_of(in_box, self.keyed or 0, self.checked_in)

    @property
    def lacking(self) -> int:
        """People who were given a sheet here beyond those in the box, or keyed, once counted."""
        if self.checked_in is None or self.totals is None:
            return 0
        return lacking_of(self.totals.cast, self.keyed or 0, self.checked_in)

    @property
    def unkeyed(self) -> int:
        """Sheets in the box that were not keyed; below zero where more were."""
        return self.totals.cast - self.keyed if self.totals and self.keyed is not None else 0


@dataclass(frozen=True, slots=True)
class Compared:
    """A sheet of the sample: whether its two readers are done, and whether it was keyed right."""

    sampled: SampledSheet
    settled: bool
    agrees: bool
    waits_for: tuple[SampleRole, ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """What the comparison found. ``bound`` is the 95 % upper bound of the share of errors."""

    wanted: int
    compared: int
    errors: int
    bound: Fraction | None

    @property
    def done(self) -> bool:
        """Whether every drawn sheet is compared."""
        return self.compared == self.wanted

    @property
    def rate_percent(self) -> float:
        """The share of errors among the sheets compared."""
        return 100 * self.errors / self.compared if self.compared else 0.0

    @property
    def bound_percent(self) -> float:
        """The bound in percent, for people."""
        return float(100 * self.bound) if self.bound is not None else 100.0


@dataclass(frozen=True, slots=True)
class PaperSums:
    """A vote on paper as it stands."""

    paper: PaperVote
    places: list[PlaceSums]
    end: KeyingEnd | None
    sample: Sample | None
    counted: int | None

    @property
    def void(self) -> int | None:
        """Sheets that do not count; None before the ballots were opened."""
        return None if self.end is None or self.counted is None else self.end.sheets - self.counted


def paper_vote(cycle: Cycle) -> PaperVote | None:
    """How the cycle is voted on on paper; None where it is not."""
    return _paper_votes.first(cycle.pk)


@Prepared
def _paper_votes(cycle: int) -> QuerySet[PaperVote]:
    return PaperVote.objects.filter(pk=cycle)


def paper_sums(cycle: Cycle) -> PaperSums | None:
    """The whole of it; None where the cycle is not voted on on paper.

    How many people were checked in where is told once voting has closed.
    """
    paper = PaperVote.objects.prefetch_related("keyings_anew").filter(pk=cycle.pk).first()
    if paper is None:
        return None
    end = KeyingEnd.objects.filter(pk=cycle.pk).first()
    count = PaperCount.objects.filter(pk=cycle.pk).first()
    sample = sample_of(cycle, end) if end else None
    places = place_sums(cycle, end)
    return PaperSums(paper, places, end, sample, count.counted if count else None)


def place_sums(cycle: Cycle, end: KeyingEnd | None) -> list[PlaceSums]:
    """Each polling place with its sheets and people."""
    over = cycle.state not in (CycleState.DRAFT, CycleState.OPEN)
    batches = SheetBatch.objects.filter(place=OuterRef("pk")).values("place")
    printed = batches.annotate(all=Sum("printed")).values("all")
    newest = Prefetch("totals", PlaceTotals.objects.order_by("-version"))
    places = PollingPlace.objects.filter(cycle=cycle).prefetch_related(newest).annotate(
        issued=Coalesce(Subquery(printed), 0), people=Count("check_ins")
    )  # fmt: skip
    return [
        PlaceSums(
            place=place,
            issued=place.issued,
            totals=next(iter(place.totals.all()), None),
            checked_in=place.people if over else None,
            keyed=end.by_place.get(str(place.pk), 0) if end else None,
            reason_at_end=end.explained.get(str(place.pk), {}).get("reason", "") if end else "",
        )
        for place in places
    ]


def compared_sheets(cycle: Cycle) -> list[Compared]:
    """The sheets of the sample in their order, as far as they are compared."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sampled_id, settled, coalesce(agrees, FALSE) FROM budgeting_comparedsheets"
            " WHERE cycle_id = %s",
            [cycle.pk],
        )
        states = {pk: (settled, agrees) for pk, settled, agrees in cursor.fetchall()}
    sampled = SampledSheet.objects.filter(cycle=cycle).select_related("sheet")
    return [
        Compared(each, *states[each.pk], _waits_for(each.readings.all(), states[each.pk][0]))
        for each in sampled.prefetch_related("readings")
    ]


def _waits_for(readings: Iterable[SampleReading], settled: bool) -> tuple[SampleRole, ...]:
    if settled:
        return ()
    times = {role: sum(each.role == role for each in readings) for role in SampleRole}
    least = min(times.values())
    return tuple(role for role, read in times.items() if read == least)


def sample_of(cycle: Cycle, end: KeyingEnd) -> Sample:
    """The sample as far as it is compared; the bound once that is all of it."""
    sheets = compared_sheets(cycle)
    compared = sum(each.settled for each in sheets)
    errors = sum(each.settled and not each.agrees for each in sheets)
    done = compared == len(sheets)
    bound = upper_bound(errors, compared, end.sheets) if done else None
    return Sample(len(sheets), compared, errors, bound)


@dataclass(frozen=True, slots=True)
class PeopleOf:
    """People of one place, or of several together, by channel; None for a few that are not told."""

    place: str
    by_channel: list[int]

    @property
    def people(self) -> int:
        """All of them."""
        return sum(self.by_channel)


def people_by_channel(cycle: Cycle) -> list[int] | None:
    """How many took part on each channel, in the order of ``Channel``; None while voting runs.

    Whoever was given a paper ballot took part on paper, however they began.
    """
    if cycle.state in (CycleState.DRAFT, CycleState.OPEN) or cycle.is_imported:
        return None
    rows = on_channels(cycle).values_list("on").annotate(people=Count("pk"))
    return _in_order(dict(rows))


@dataclass(frozen=True, slots=True)
class Channels:
    """People by how they voted and where they live; beside them what was counted of their votes."""

    columns: list[tuple[str, int]]
    places: list[PeopleOf]
    ballots: int | None
    sheets: int | None

    @property
    def people(self) -> int:
        """All who took part."""
        return sum(people for _label, people in self.columns)


def channels_of(cycle: Cycle) -> Channels | None:
    """Who voted how; None while voting runs, and for elections from elsewhere."""
    people = people_by_channel(cycle)
    if people is None:
        return None
    labels = [str(label) for label in Channel.labels]
    board = Board.objects.filter(pk=cycle.pk).first()
    count = PaperCount.objects.filter(pk=cycle.pk).first()
    return Channels(
        columns=list(zip(labels, people, strict=True)),
        places=people_by_place(cycle),
        ballots=board.counted if board else None,
        sheets=count.counted if count else None,
    )


def void_reasons(end: KeyingEnd) -> list[tuple[str, int, int]]:
    """Each reason in words, with how many sheets and how many single pots it made void."""
    return [
        (str(reason.label), end.voids.get(reason, 0), end.void_parts.get(reason, 0))
        for reason in VoidReason
        if reason in end.voids or reason in end.void_parts
    ]


def people_by_place(cycle: Cycle) -> list[PeopleOf]:
    """The same by the voters' neighborhood, once voting has closed.

    A neighborhood with a channel that fewer than ten people chose stands together with others, so
    that no line tells of a few.
    """
    if people_by_channel(cycle) is None:
        return []
    rows = on_channels(cycle).values_list("roll_entry__place__name", "on")
    by_place: dict[str, dict[str, int]] = defaultdict(dict)
    for place, on, people in rows.annotate(people=Count("pk")):
        by_place[place][on] = people
    lines = [PeopleOf(place, _in_order(by_place[place])) for place in sorted(by_place)]
    return merged(lines)


def on_channels(cycle: Cycle) -> Any:
    """Who took part, with the channel that counts as ``on``: paper, for whoever was given one."""
    paper = When(check_in__isnull=False, then=Value(Channel.PAPER.value))
    on = Case(paper, default=F("channel"), output_field=CharField())
    return Participation.objects.filter(cycle=cycle).annotate(on=on).order_by()


def _in_order(people: Mapping[str, int]) -> list[int]:
    return [people.get(channel, 0) for channel in Channel.values]


def _is_small(line: PeopleOf) -> bool:
    return any(0 < people < LEAST_CELL for people in line.by_channel)


def merged(lines: list[PeopleOf]) -> list[PeopleOf]:
    """Small lines in one, and further ones in it, the smallest first, until that one is not small.

    Where not even all together is large enough there is no table, but for the sums of the cycle.
    """
    apart = sorted((line for line in lines if not _is_small(line)), key=lambda line: -line.people)
    small = [line for line in lines if _is_small(line)]
    if not small:
        return lines
    while True:
        sums = [sum(cells) for cells in zip(*(line.by_channel for line in small), strict=True)]
        together = PeopleOf("", sums)
        if len(small) > 1 and not _is_small(together):
            return [*sorted(apart, key=lambda line: line.place), together]
        if not apart:
            return []
        small.append(apart.pop())
