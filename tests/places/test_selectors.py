from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from civicfund.places.enums import PlaceKind
from civicfund.places.models import Neighborhood
from civicfund.places.selectors import city, neighborhood_at
from tests.factories.places import CityFactory, NeighborhoodFactory, square

pytestmark = pytest.mark.django_db


@pytest.fixture
def west():
    return NeighborhoodFactory(name="West", boundary=square(0, 0))


@pytest.fixture
def east(west):
    return NeighborhoodFactory(name="East", boundary=square(1, 0))


def test_a_point_is_in_the_neighborhood_around_it(west, east):
    assert neighborhood_at(latitude=0.5, longitude=0.5) == west
    assert neighborhood_at(latitude=0.5, longitude=1.5) == east


@pytest.mark.parametrize(("latitude", "longitude"), [(2, 0.5), (0.5, -0.1), (-90, 180)])
def test_a_point_outside_the_town_is_nowhere(west, east, latitude, longitude):
    assert neighborhood_at(latitude, longitude) is None


def test_a_point_on_a_shared_border_belongs_to_the_older_one(west, east):
    assert neighborhood_at(latitude=0.5, longitude=1) == west


@pytest.mark.parametrize(("latitude", "longitude"), [(0, 0), (0.5, 0), (1, 0.5)])
def test_the_outer_border_is_inside(west, latitude, longitude):
    assert neighborhood_at(latitude, longitude) == west


def test_a_hole_is_outside():
    ring = square(0, 0, size=3)
    hole = square(1, 1)["coordinates"][0]
    NeighborhoodFactory(boundary=ring | {"coordinates": [*ring["coordinates"], hole]})
    assert neighborhood_at(latitude=1.5, longitude=1.5) is None
    assert neighborhood_at(latitude=0.5, longitude=0.5) is not None


def test_a_neighborhood_of_two_parts_has_both():
    parts = [square(0, 0)["coordinates"], square(5, 5)["coordinates"]]
    place = NeighborhoodFactory(boundary={"type": "MultiPolygon", "coordinates": parts})
    assert neighborhood_at(latitude=0.5, longitude=0.5) == place
    assert neighborhood_at(latitude=5.5, longitude=5.5) == place


def test_districts_and_the_city_are_no_answer():
    NeighborhoodFactory(kind=PlaceKind.DISTRICT, boundary=square(0, 0))
    assert neighborhood_at(latitude=0.5, longitude=0.5) is None


def test_a_town_that_nobody_has_drawn_has_no_answer():
    NeighborhoodFactory()
    assert neighborhood_at(latitude=0.5, longitude=0.5) is None


def test_a_place_holds_what_is_below_it():
    district = NeighborhoodFactory(kind=PlaceKind.DISTRICT)
    inside, outside = NeighborhoodFactory(parent=district), NeighborhoodFactory()
    within = Neighborhood.objects.within
    assert set(within(district)) == {district, inside}
    assert set(within(inside)) == {inside}
    assert set(within(city())) == {city(), district, inside, outside}


def test_an_empty_town_has_no_city():
    with pytest.raises(Neighborhood.DoesNotExist):
        city()


def test_the_database_refuses_a_second_city():
    CityFactory()
    with pytest.raises(IntegrityError, match="neighborhood_one_city"), transaction.atomic():
        Neighborhood.objects.create(kind=PlaceKind.CITY, name="Second", slug="second")


@pytest.mark.parametrize("kind", [PlaceKind.DISTRICT, PlaceKind.NEIGHBORHOOD])
def test_the_database_refuses_a_part_of_nothing(kind):
    with pytest.raises(IntegrityError, match="only_city_is_root"), transaction.atomic():
        Neighborhood.objects.create(kind=kind, name="Adrift", slug="adrift")


def test_the_database_refuses_a_city_within_a_city():
    city = CityFactory()
    with pytest.raises(IntegrityError), transaction.atomic():
        Neighborhood.objects.create(kind=PlaceKind.CITY, name="In", slug="in", parent=city)


def test_the_database_refuses_an_unknown_kind():
    with pytest.raises(IntegrityError, match="neighborhood_kind_known"), transaction.atomic():
        NeighborhoodFactory(kind="planet")


def test_the_database_refuses_two_places_of_one_address():
    NeighborhoodFactory(slug="millside")
    with pytest.raises(IntegrityError, match="slug"), transaction.atomic():
        NeighborhoodFactory(slug="millside")
