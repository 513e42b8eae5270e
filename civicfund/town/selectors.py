"""What composed pages show: every app's selectors, put together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from civicfund.places.models import Neighborhood
from civicfund.projects.models import Project


def outlines(places: Iterable[Neighborhood]) -> dict[str, Any]:
    """The places' boundaries as a GeoJSON FeatureCollection, each with its name and page."""
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "geometry": place.boundary,
                "properties": {"name": place.name, "url": place.get_absolute_url()},
            }
            for place in places
            if place.boundary
        ],
    }


def points(projects: Iterable[Project]) -> list[dict[str, Any]]:
    """The projects that have a place, as points of a map."""
    return [
        {
            "latitude": project.latitude,
            "longitude": project.longitude,
            "name": project.title,
            "url": project.get_absolute_url(),
        }
        for project in projects
        if project.latitude is not None
    ]
