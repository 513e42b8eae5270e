"""Who takes part while a vote runs: people by one thing at a time, and never a choice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, QuerySet
from django.db.models.functions import TruncDate
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from budgeting.enums import Channel
from budgeting.models import Cycle
from budgeting.selectors.paper import PeopleOf, merged, on_channels
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
    by_place: list[PlacePart]
    by_channel: list[tuple[str, int]]
    by_day: list[tuple[str, int]]

    @property
    def of_roll(self) -> float | None:
        """Per cent of everybody on the roll who voted."""
        on_roll = sum(part.on_roll for part in self.by_place)
        return 100 * self.voters / on_roll if on_roll else None

    @property
    def missing(self) -> list[PlacePart]:
        """Where a smaller share of the roll has voted than in the town, the smallest first."""
        whole = self.of_roll
        if whole is None:
            return []
        below = [
            part for part in self.by_place if part.of_roll is not None and part.of_roll < whole
        ]
        return sorted(below, key=lambda part: (part.of_roll or 0, part.label))


def participation_of(cycle: Cycle) -> Participation:
    """Participation by neighborhood, by channel and by day of the first cast.

    What would tell of fewer than ten people is told of several together, or not at all.
    """
    took_part = on_channels(cycle)
    channels = _counted(took_part, "on")
    in_order = {str(each.label): channels[each] for each in Channel if each in channels}
    days = sorted(_counted(took_part.annotate(day=TruncDate("at")), "day").items())
    return Participation(
        voters=sum(channels.values()),
        by_place=_by_place(cycle, _counted(took_part, "roll_entry__place__name")),
        by_channel=_together(in_order),
        by_day=_together({date_format(day, "j F Y"): number for day, number in days}),
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


def _by_place(cycle: Cycle, voted: Mapping[str, int]) -> list[PlacePart]:
    rows = cycle.roll.order_by().values_list("place__name").annotate(lines=Count("pk"))
    on_roll = dict(rows)
    names = sorted({*on_roll, *voted})
    places = Neighborhood.objects.filter(name__in=names).values_list("name", "population")
    population = dict(places)
    shown = _merged({name: voted.get(name, 0) for name in names})
    parts = [
        PlacePart(name, shown[name], on_roll.get(name, 0), population.get(name))
        for name in names
        if name in shown
    ]
    if "" in shown:
        rest = [name for name in names if name not in shown]
        known = [population.get(name) for name in rest]
        living = sum(number or 0 for number in known) if all(known) else None
        lines = sum(on_roll.get(name, 0) for name in rest)
        parts.append(PlacePart(_("others together"), shown[""], lines, living, together=True))
    return parts
