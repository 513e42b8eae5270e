from __future__ import annotations

import pytest

from tests.factories.places import NeighborhoodFactory, square

pytestmark = pytest.mark.django_db

LIST = "/api/v1/neighborhoods/"


def test_places_are_listed_widest_first(client):
    NeighborhoodFactory(name="Millside", slug="millside", population=1200)
    assert client.get(LIST).json()["results"] == [
        {
            "slug": "marrowmere",
            "name": "Marrowmere",
            "kind": "city",
            "within": None,
            "population": None,
            "population_source": "",
        },
        {
            "slug": "millside",
            "name": "Millside",
            "kind": "neighborhood",
            "within": "marrowmere",
            "population": 1200,
            "population_source": "",
        },
    ]


def test_outlines_are_geojson_of_what_has_been_drawn(client):
    NeighborhoodFactory(name="Millside", slug="millside", boundary=square(0, 0))
    NeighborhoodFactory()
    answer = client.get("/api/v1/neighborhoods.geojson")
    assert answer.headers["Content-Type"] == "application/geo+json"
    assert answer.json() == {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "id": "millside",
                "geometry": square(0, 0),
                "properties": {
                    "slug": "millside",
                    "name": "Millside",
                    "kind": "neighborhood",
                    "population": None,
                    "population_source": "",
                },
            }
        ],
    }


def test_a_point_is_in_its_neighborhood(client):
    NeighborhoodFactory(slug="millside", boundary=square(0, 0))
    answer = client.get(f"{LIST}at/", {"latitude": "0.5", "longitude": "0.5"})
    assert answer.json()["slug"] == "millside"
    assert client.get(f"{LIST}at/", {"latitude": "9", "longitude": "9"}).status_code == 404


@pytest.mark.parametrize(
    ("point", "wrong"),
    [
        ({}, ["latitude", "longitude"]),
        ({"latitude": "91", "longitude": "0"}, ["latitude"]),
        ({"latitude": "nan", "longitude": "0"}, ["latitude"]),
        ({"latitude": "0", "longitude": "east"}, ["longitude"]),
    ],
)
def test_a_point_that_is_none_is_named(client, point, wrong):
    answer = client.get(f"{LIST}at/", point)
    assert answer.status_code == 400
    assert list(answer.json()) == wrong
