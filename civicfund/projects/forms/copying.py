"""The form in which somebody takes a project up for another place."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from civicfund.places.models import Neighborhood
from civicfund.projects.forms.writing import PlaceField


class CopyForm(forms.Form):
    """Where it is to be, too."""

    neighborhood = PlaceField(
        label=_("Where it is to be, too"),
        queryset=Neighborhood.objects.widest_first().defer("boundary"),
        to_field_name="slug",
        empty_label=_("Choose a place"),
    )
