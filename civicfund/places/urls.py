"""Places over the API. A neighborhood's own page is the town's."""

from __future__ import annotations

from django.urls import path

from civicfund.places import api

urlpatterns = [
    path("api/v1/neighborhoods/", api.Places.as_view(), name="api_neighborhoods"),
    path("api/v1/neighborhoods/at/", api.PlaceAtPoint.as_view(), name="api_neighborhood_at"),
    path("api/v1/neighborhoods.geojson", api.Outlines.as_view(), name="api_outlines"),
]
