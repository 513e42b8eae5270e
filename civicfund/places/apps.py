"""The places app."""

from django.apps import AppConfig


class PlacesConfig(AppConfig):
    """City, districts and neighborhoods, and which one a point is in."""

    name = "civicfund.places"
