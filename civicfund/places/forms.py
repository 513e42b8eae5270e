"""A point of the town in forms: chosen on a map, never typed."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _


class DegreesField(forms.FloatField):
    """Half of a point. It is hidden: a click on the map fills it in, and it may be empty."""

    widget = forms.HiddenInput

    def __init__(self, most: int, **options: Any) -> None:
        super().__init__(required=False, min_value=-most, max_value=most, **options)


def latitude_field() -> DegreesField:
    """How far north the point is."""
    return DegreesField(90, label=_("Point on the map"))


def longitude_field() -> DegreesField:
    """How far east the point is."""
    return DegreesField(180, label=_("Point on the map"))
