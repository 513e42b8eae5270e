"""Who takes part while a vote runs: people by one thing at a time, and never a choice."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, QuerySet
from django.db.models.functions import TruncDate
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from budgeting.enums import Channel
from budgeting.models import Cycle
from budgeting.selectors.paper import PeopleOf, merged, on_channels
from budgeting.selectors.roll import eligibility_of, places_of_roll
from civicfund.places.models import Neighborhood


@dataclass(frozen=True, slots=True)
class PlacePart:
    """A neighborhood's voters beside those on the roll and those who live there, where known.

    ``together``: several of them, since fewer than ten voted in one.
    """

    label: str
    voters: int
    on_roll: int
    population: int | None
    together: bool = False

    @property
    def of_roll(self) -> float | None:
        """Per cent of the roll; None where nobody is on it."""
        return 100 * self.voters / self.on_roll if self.on_roll else None

    @property
    def of_population(self) -> float | None:
        """Per cent of those who live there; None where it is not known how many do."""
        return 100 * self.voters / self.population if self.population else None


@dataclass(frozen=True, slots=True)
class Participation:
    """People who voted so far. Groups of fewer than ten stand together with others."""

    voters: int
    on_roll: int
    by_place: list[PlacePart]
    by_channel: list[tuple[str, int]]
    by_day: list[tuple[str, int]]
    # Where it comes from how many people live there, and where that is; "" where nobody says so.
    sources: list[tuple[str, list[str]]]

    @property
    def of_roll(self) -> float | None:
        """Per cent of everybody on the roll who voted."""
        return 100 * self.voters / self.on_roll if self.on_roll else None

    @property
    def of_population(self) -> float | None:
        """Per cent of those who live where that is known; None where it is known of nowhere."""
        known = [part for part in self.by_place if part.of_population is not None]
        living = sum(part.population or 0 for part in known)
        return 100 * sum(part.voters for part in known) / living if living else None

    @property
    def uncounted(self) -> list[PlacePart]:
        """Where it is not known how many people live."""
        return [part for part in self.by_place if part.population is None]

    @property
    def missing(self) -> list[PlacePart]:
        """Where a smaller share of the roll has voted than in the town, the smallest first."""
        return _below([(part, part.of_roll) for part in self.by_place], self.of_roll)

    @property
    def missing_of_population(self) -> list[PlacePart]:
        """The same of those who live there, whether they are on the roll or not."""
        shares = [(part, part.of_population) for part in self.by_place]
        return _below(shares, self.of_population)


def _below(
    shares: Sequence[tuple[PlacePart, float | None]], whole: float | None
) -> list[PlacePart]:
    if whole is None:
        return []
    below = [(share, part.label, part) for part, share in shares if share is not None]
    lowest = sorted((each for each in below if each[0] < whole), key=lambda each: each[:2])
    return [part for _share, _label, part in lowest]


def participation_of(cycle: Cycle) -> Participation:
    """Participation by neighborhood, by channel and by day of the first cast.

    What would tell of fewer than ten people is told of several together, or not at all.
    """
    took_part, voting = on_channels(cycle), places_of_roll(eligibility_of(cycle))
    channels = _counted(took_part, "on")
    in_order = {str(each.label): channels[each] for each in Channel if each in channels}
    rows = cycle.roll.order_by().values_list("place").annotate(lines=Count("pk"))
    on_roll: dict[int, int] = dict(rows)
    days = sorted(_counted(took_part.annotate(day=TruncDate("at")), "day").items())
    voted = _counted(took_part, "roll_entry__place")
    places = _places(voting, {*on_roll, *voted})
    return Participation(
        voters=sum(channels.values()),
        on_roll=sum(on_roll.values()),
        by_place=_by_place(places, voting, on_roll, voted),
        by_channel=_together(in_order),
        by_day=_together({date_format(day, "j F Y"): number for day, number in days}),
        sources=_sources(places),
    )


def _counted(took_part: QuerySet[Any], by: str) -> dict[Any, int]:
    return dict(took_part.values_list(by).annotate(number=Count("pk")))


def _together(people: Mapping[str, int]) -> list[tuple[str, int]]:
    """In the order given, small groups in one at the end."""
    shown = _merged(people)
    in_order = [(label, number) for label, number in people.items() if label in shown]
    return in_order + ([(_("others together"), shown[""])] if "" in shown else [])


def _merged(people: Mapping[str, int]) -> dict[str, int]:
    """Groups that may be shown; small ones, and what would give them away, as "" together."""
    lines = merged([PeopleOf(label, [number]) for label, number in people.items()])
    return {line.place: line.by_channel[0] for line in lines}


def _places(voting: Collection[Neighborhood], there: Collection[int]) -> list[Neighborhood]:
    """Those places and those where people may vote and live; by name."""
    keys = {*there, *(place.pk for place in voting if place.population)}
    found = Neighborhood.objects.filter(pk__in=keys).order_by("name", "pk")
    return list(found.defer("boundary"))


def _sources(places: Iterable[Neighborhood]) -> list[tuple[str, list[str]]]:
    found: dict[str, list[str]] = {}
    for place in places:
        if place.population is not None:
            found.setdefault(place.population_source, []).append(place.name)
    # Last those of which nobody says it; where nobody says it of any, nothing.
    return sorted(found.items(), key=lambda each: not each[0]) if any(found) else []


def _by_place(
    places: Collection[Neighborhood],
    voting: Collection[Neighborhood],
    on_roll: Mapping[int, int],
    voted: Mapping[int, int],
) -> list[PlacePart]:
    """By name; also where people may vote and live and nobody is on the roll: they are missing.

    Then those of which nobody knows even whether people live there.
    """
    keys = {place.pk for place in places}
    shown = _merged({str(place.pk): voted.get(place.pk, 0) for place in places})
    parts = [
        PlacePart(place.name, shown[str(place.pk)], on_roll.get(place.pk, 0), place.population)
        for place in places
        if str(place.pk) in shown
    ]
    if shown:
        unknown = [p.name for p in voting if p.population is None and p.pk not in keys]
        parts += [PlacePart(name, 0, 0, None) for name in sorted(unknown)]
    if "" in shown:
        rest = [place for place in places if str(place.pk) not in shown]
        known = [place.population for place in rest if place.population is not None]
        living = sum(known) if len(known) == len(rest) else None
        lines = sum(on_roll.get(place.pk, 0) for place in rest)
        parts.append(PlacePart(_("others together"), shown[""], lines, living, together=True))
    return parts
