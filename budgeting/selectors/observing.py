"""What observers may know of a vote while it runs and after it: counts, and never a choice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, QuerySet
from django.db.models.functions import TruncDate

from budgeting.domain.bundle import LEAST_BALLOTS
from budgeting.enums import Channel
from budgeting.models import Cycle, Tally


@dataclass(frozen=True, slots=True)
class Turnout:
    """How many took part by one thing at a time: two at once would tell apart single people."""

    by_place: list[tuple[str, int]]
    by_channel: list[tuple[str, int]]
    by_day: list[tuple[date, int]]


def turnout_in_parts(cycle: Cycle) -> Turnout:
    """Participation by neighborhood, by channel and by day of the first cast."""
    took_part = cycle.participations.order_by()
    channels = dict(_counted(took_part, "channel"))
    return Turnout(
        by_place=sorted(_counted(took_part, "roll_entry__place__name")),
        by_channel=[
            (str(channel.label), channels[channel]) for channel in Channel if channel in channels
        ],
        by_day=sorted(_counted(took_part.annotate(day=TruncDate("at")), "day")),
    )


def _counted(took_part: QuerySet[Any], by: str) -> list[tuple[Any, int]]:
    return list(took_part.values_list(by).annotate(number=Count("pk")))


def withheld(cycle: Cycle) -> QuerySet[Tally]:
    """Pots of a published vote whose ballots are withheld from the public, being so few."""
    tallies = Tally.objects.filter(cycle=cycle, binding=True, ballots__range=(1, LEAST_BALLOTS - 1))
    if cycle.is_imported or not cycle.shows_outcome:
        return tallies.none()
    return tallies.select_related("pot").order_by("pot__position")
