"""The map of Marrowmere, a made-up town: twelve neighborhoods drawn by hand on a small grid.

The town lies in the open sea, so that nobody takes it for a real place. Corners are shared, and
every edge between two corners bends in the same way for both of its neighbors, so that the
neighborhoods fit without gaps.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from civicfund.places.enums import PlaceKind
from civicfund.places.models import Neighborhood

# Where the grid's corner (0, 0) lies, and how many degrees one step is.
_WEST, _NORTH = -23.460, 47.640
_STEP_LONGITUDE, _STEP_LATITUDE = 0.0135, 0.0090

# Corners of the grid: (column, row) moved by hand, in hundredths of a step.
_MOVED = {
    (0, 0): (35, 30), (1, 0): (-5, -12), (2, 0): (8, 10), (3, 0): (-4, -8), (4, 0): (-40, 35),
    (0, 1): (-18, 6), (1, 1): (12, 9), (2, 1): (-14, -11), (3, 1): (15, 12), (4, 1): (10, -14),
    (0, 2): (10, -8), (1, 2): (-12, 14), (2, 2): (16, 6), (3, 2): (-9, -13), (4, 2): (22, 9),
    (0, 3): (40, -28), (1, 3): (6, 12), (2, 3): (-10, -6), (3, 3): (12, 16), (4, 3): (-30, -34),
}  # fmt: skip


@dataclass(frozen=True)
class Place:
    """One neighborhood of the plan: the grid cell whose north-west corner is (column, row)."""

    column: int
    row: int
    name: str
    population: int


# As everything about this town.
SOURCE = "Made-up register, 1 January 2026"
DISTRICTS = ("Harbourside", "Millside", "Hillside")
PLACES = (
    Place(0, 0, "Lantern Quay", 4_120),
    Place(1, 0, "Netmakers", 3_380),
    Place(2, 0, "Saltmarsh", 2_240),
    Place(3, 0, "Gullpoint", 1_960),
    Place(0, 1, "Old Mill", 5_310),
    Place(1, 1, "Market Cross", 6_870),
    Place(2, 1, "Tanners Row", 4_790),
    Place(3, 1, "Brickfields", 5_640),
    Place(0, 2, "Upper Orchard", 3_720),
    Place(1, 2, "Lower Orchard", 4_450),
    Place(2, 2, "Signal Hill", 2_980),
    Place(3, 2, "Fennel Rise", 3_150),
)


def slug_of(name: str) -> str:
    """The name as it stands in an address."""
    return name.lower().replace(" ", "-")


def _corner(column: int, row: int) -> tuple[float, float]:
    dx, dy = _MOVED[column, row]
    longitude = _WEST + (column + dx / 100) * _STEP_LONGITUDE
    latitude = _NORTH - (row + dy / 100) * _STEP_LATITUDE
    return longitude, latitude


def _edge(start: tuple[int, int], end: tuple[int, int]) -> list[tuple[float, float]]:
    """Points from ``start`` up to, and without, ``end``: the same bend seen from either side."""
    first, last = sorted((start, end))
    (x0, y0), (x1, y1) = _corner(*first), _corner(*last)
    lean = 0.10 if sum(first) % 2 else -0.08
    inner = [
        (x0 + (x1 - x0) * part - (y1 - y0) * bend, y0 + (y1 - y0) * part + (x1 - x0) * bend)
        for part, bend in ((0.3, lean), (0.7, lean * 0.6))
    ]
    return [_corner(*start), *(inner if start == first else reversed(inner))]


def boundary(place: Place) -> dict[str, object]:
    """The neighborhood's outline as a GeoJSON polygon."""
    west, north = place.column, place.row
    corners = [
        (west, north), (west, north + 1), (west + 1, north + 1), (west + 1, north), (west, north),
    ]  # fmt: skip
    ring = [point for start, end in pairwise(corners) for point in _edge(start, end)]
    rounded = [[round(x, 6), round(y, 6)] for x, y in [*ring, ring[0]]]
    return {"type": "Polygon", "coordinates": [rounded]}


def point_in(place: Place, across: float, down: float) -> tuple[float, float]:
    """(latitude, longitude) of a point of the cell; shares of its width and height, 0 to 1."""
    (x0, y0) = _corner(place.column, place.row)
    (x1, y1) = _corner(place.column + 1, place.row + 1)
    return round(y0 + (y1 - y0) * down, 6), round(x0 + (x1 - x0) * across, 6)


def draw(town_name: str) -> dict[str, Neighborhood]:
    """Make the tree of places; the neighborhoods by name."""
    city = Neighborhood.objects.create(
        kind=PlaceKind.CITY,
        name=town_name,
        slug=slug_of(town_name),
        population=sum(place.population for place in PLACES),
        population_source=SOURCE,
    )
    districts = [
        Neighborhood.objects.create(
            kind=PlaceKind.DISTRICT, name=name, slug=slug_of(name), parent=city
        )
        for name in DISTRICTS
    ]
    return {
        place.name: Neighborhood.objects.create(
            kind=PlaceKind.NEIGHBORHOOD,
            name=place.name,
            slug=slug_of(place.name),
            parent=districts[place.row],
            boundary=boundary(place),
            population=place.population,
            population_source=SOURCE,
        )
        for place in PLACES
    }
