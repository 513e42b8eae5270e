"""Reading places."""

from __future__ import annotations

from shapely import STRtree
from shapely.geometry import Point, shape

from civicfund.places.models import Neighborhood


def city() -> Neighborhood:
    """The root of the tree. Raises ``Neighborhood.DoesNotExist`` in an empty town."""
    return Neighborhood.objects.get(kind="city")


def neighborhood_at(latitude: float, longitude: float) -> Neighborhood | None:
    """The neighborhood that a point (degrees, WGS 84) is in; None outside the town.

    A point on a shared border belongs to the neighborhood of the lower id.
    """
    places = list(
        Neighborhood.objects.neighborhoods().filter(boundary__isnull=False).order_by("pk")
    )
    tree = STRtree([shape(place.boundary) for place in places if place.boundary])
    hits = tree.query(Point(longitude, latitude), predicate="intersects")
    return places[min(hits)] if len(hits) else None
