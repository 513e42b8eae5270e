"""Kinds of places."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class PlaceKind(models.TextChoices):
    """City > district > neighborhood."""

    CITY = "city", _("City")
    DISTRICT = "district", _("District")
    NEIGHBORHOOD = "neighborhood", _("Neighborhood")
