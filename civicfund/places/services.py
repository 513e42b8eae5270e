"""Acts about places."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db import models, transaction
from django.utils.translation import gettext as _
from rules.permissions import has_perm

from civicfund.audit.services import record
from civicfund.places.models import POPULATION_SET, Neighborhood

# More than live in any city of the world.
MOST_PEOPLE = 100_000_000


class PopulationError(Exception):
    """How many people live where was not changed; the message is for whoever wanted to."""


class ChangedMeanwhileError(PopulationError):
    """Somebody else has written others since: ``now`` holds what stands there, by place."""

    def __init__(self, now: Mapping[int, int | None]) -> None:
        super().__init__(_("Somebody else has changed this meanwhile."))
        self.now = dict(now)


@dataclass(frozen=True, slots=True)
class Population:
    """How many people live in a place, and what stood there when that was written."""

    place: int
    people: int | None
    before: int | None


def set_populations(counted: Iterable[Population], *, by: models.Model) -> int:
    """Write how many people live where, all of it or nothing; return in how many places.

    None is for what nobody knows. Where another number stands there than whoever writes has read,
    nothing is written and ``ChangedMeanwhileError`` tells what stands there.
    """
    if not has_perm("people.budget_administrator", by):  # type: ignore[no-untyped-call]
        raise PopulationError(_("Only a budget administrator says how many people live where."))
    wanted = {each.place: each for each in counted}
    with transaction.atomic():
        places = Neighborhood.objects.select_for_update().filter(pk__in=wanted).order_by("pk")
        found = {place.pk: place for place in places.defer("boundary")}
        meanwhile = {
            pk: place.population
            for pk, place in found.items()
            if place.population != wanted[pk].before
        }
        if meanwhile:
            raise ChangedMeanwhileError(meanwhile)
        for pk, place in found.items():
            _set(place, wanted[pk].people, by)
    return len(found)


def _set(place: Neighborhood, people: int | None, by: models.Model) -> None:
    before, place.population = place.population, people
    place.save(update_fields=["population"])
    record(POPULATION_SET, place, actor=by, before=before, people=people)
