"""Places in forms: a point, chosen on a map and never typed, and a choice among all of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.forms.models import ModelChoiceIterator
from django.utils.translation import gettext_lazy as _

from civicfund.places.models import Neighborhood
from civicfund.places.selectors import every_place


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


class AllPlaces(ModelChoiceIterator[Neighborhood]):
    """Every place, widest first, for the many pages that are narrowed to one; for fields that take
    any of them.

    Django puts the question into SQL anew for each of them, and opens, reads and closes a cursor
    for a handful of rows.
    """

    def __iter__(self) -> Iterator[Any]:
        if self.field.empty_label is not None:
            yield "", self.field.empty_label
        for place in every_place():
            yield self.choice(place)
