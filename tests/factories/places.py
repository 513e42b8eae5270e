from __future__ import annotations

import factory

from civicfund.places.enums import PlaceKind
from civicfund.places.models import Neighborhood
from tests.factories.numbers import numbered


class CityFactory(factory.django.DjangoModelFactory):
    """The one city: made once, found after that."""

    class Meta:
        model = Neighborhood
        django_get_or_create = ("slug",)

    kind = PlaceKind.CITY
    name = "Marrowmere"
    slug = "marrowmere"


class NeighborhoodFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Neighborhood

    kind = PlaceKind.NEIGHBORHOOD
    name = numbered("Neighborhood {}")
    slug = numbered("neighborhood-{}")
    parent = factory.SubFactory(CityFactory)


def square(west: float, south: float, size: float = 1.0) -> dict:
    """A boundary: a square with its south-west corner at the point."""
    east, north = west + size, south + size
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}
