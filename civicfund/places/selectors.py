"""Reading places."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from django.db.models import QuerySet
from shapely import STRtree
from shapely.geometry import Point, shape

from civicfund.audit.models import Event
from civicfund.places.models import POPULATION_SET, Neighborhood
from civicfund.prepared import Prepared


def city() -> Neighborhood:
    """The root of the tree. Raises ``Neighborhood.DoesNotExist`` in an empty town."""
    return Neighborhood.objects.get(kind="city")


class Outlines:
    """The outlines of all neighborhoods, read once for many points."""

    def __init__(self) -> None:
        rows = Neighborhood.objects.neighborhoods().filter(boundary__isnull=False).order_by("pk")
        self._places = list(rows)
        self._tree = STRtree([shape(place.boundary) for place in self._places if place.boundary])

    def at(self, latitude: float, longitude: float) -> Neighborhood | None:
        """As ``neighborhood_at``."""
        hits = self._tree.query(Point(longitude, latitude), predicate="intersects")
        return self._places[min(hits)] if len(hits) else None


def neighborhood_at(latitude: float, longitude: float) -> Neighborhood | None:
    """The neighborhood that a point (degrees, WGS 84) is in; None outside the town.

    A point on a shared border belongs to the neighborhood of the lower id.
    """
    return Outlines().at(latitude, longitude)


@Prepared
def every_place() -> QuerySet[Neighborhood]:
    """All places, without their outlines: the city, the districts, the neighborhoods; by name."""
    return Neighborhood.objects.widest_first().defer("boundary")


def tree() -> list[Neighborhood]:
    """All places, without their outlines: the city, then each district before what lies in it."""
    below: dict[int | None, list[Neighborhood]] = {}
    for place in every_place():
        below.setdefault(place.parent_id, []).append(place)

    def down(parent: int | None) -> Iterator[Neighborhood]:
        for place in below.get(parent, ()):
            yield place
            yield from down(place.pk)

    return list(down(None))


def populations_set() -> dict[int, Event]:
    """The newest event by which it was written how many people live in a place, by place."""
    told = Event.objects.filter(target_type=Neighborhood._meta.label_lower, verb=POPULATION_SET)
    newest = told.order_by("target_id", "-id").distinct("target_id").select_related("actor")
    return {int(event.target_id): event for event in newest}


def related_places(wanted: Collection[int]) -> dict[int, set[int]]:
    """The ids of all that each place lies in and of all that lies in it, itself among them."""
    lineages = [{pk for pk in row if pk} for row in _lines()]
    return {place: set().union(*(line for line in lineages if place in line)) for place in wanted}


@Prepared
def _lines() -> QuerySet[Neighborhood, tuple[int, int | None, int | None]]:
    return Neighborhood.objects.values_list("pk", "parent_id", "parent__parent_id")


def places_within(wanted: Collection[int]) -> dict[int, set[int]]:
    """The ids of each place and of all that lies in it; one query."""
    found: dict[int, set[int]] = {place: set() for place in wanted}
    for row in _lines():
        for place in found.keys() & set(row):
            found[place].add(row[0])
    return found


def ids_within(place: int) -> set[int]:
    """The ids of a place and of all that lies in it.

    Where rows of the whole town are wanted in an order, these ids let PostgreSQL see that most rows
    fit, and walk the order; a question within the question does not.
    """
    return places_within([place])[place]


def feature_collection(places: Iterable[Neighborhood]) -> dict[str, Any]:
    """The outlines of places as GeoJSON (WGS 84); a place that nobody has drawn is left out."""
    features = [
        {
            "type": "Feature",
            "id": place.slug,
            "geometry": place.boundary,
            "properties": {
                "slug": place.slug,
                "name": place.name,
                "kind": place.kind,
                "population": place.population,
                "population_source": place.population_source,
            },
        }
        for place in places
        if place.boundary
    ]
    return {"type": "FeatureCollection", "features": features}
