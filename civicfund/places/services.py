"""Acts about places."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rules.permissions import has_perm

from civicfund.audit.services import record
from civicfund.places.models import POPULATION_SET, Neighborhood

NO_SOURCE = gettext_lazy("Say where these numbers come from, and of which day they are.")
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
    """How many people live in a place, what stood there when that was written, and who says so."""

    place: int
    people: int | None
    before: int | None
    source: str


def set_populations(counted: Iterable[Population], *, by: models.Model) -> int:
    """Write how many people live where, all of it or nothing; return in how many places.

    None is for what nobody knows; every number has a source. Where another number
    stands there than whoever writes has read, nothing is written and ``ChangedMeanwhileError``
    tells what stands there.
    """
    if not has_perm("people.budget_administrator", by):  # type: ignore[no-untyped-call]
        raise PopulationError(_("Only a budget administrator says how many people live where."))
    wanted = {each.place: each for each in counted}
    _check_sources(wanted.values())
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
            _set(place, wanted[pk], by)
    return len(found)


def _check_sources(counted: Iterable[Population]) -> None:
    if any(each.people is not None and not each.source.strip() for each in counted):
        raise PopulationError(NO_SOURCE)


def _set(place: Neighborhood, wanted: Population, by: models.Model) -> None:
    before, people = place.population, wanted.people
    source = wanted.source.strip() if people is not None else ""
    place.population, place.population_source = people, source
    place.save(update_fields=["population", "population_source"])
    record(POPULATION_SET, place, actor=by, before=before, people=people, source=source)
