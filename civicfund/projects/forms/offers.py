"""The form in which somebody offers a part, and the filters of the list of what is looked for."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from civicfund.places.forms import latitude_field, longitude_field
from civicfund.places.models import Neighborhood
from civicfund.projects.enums import Part
from civicfund.projects.forms.writing import PlaceField
from civicfund.projects.models import LONGEST_STORY

_WORDS = {
    Part.STORY: _("The story: what is to be done, for whom, and why here?"),
    Part.PLACE: _("How to find the place, in words"),
    Part.COST: _("How you know what it costs"),
    Part.OWNER: _("Who you are, and how you would look after it"),
    Part.PHOTO: _("What your photograph shows, and how they get it from you"),
    Part.PERMIT: _("What you know, or whom you know"),
    Part.HANDS: _("What you can do, and when"),
}


class OfferForm(forms.Form):
    """Words always; a point, too, for a place."""

    words = forms.CharField(max_length=LONGEST_STORY, widget=forms.Textarea(attrs={"rows": 6}))
    latitude, longitude = latitude_field(), longitude_field()

    def __init__(self, part: Part, data: object = None) -> None:
        super().__init__(data)  # type: ignore[arg-type]  # what a request posted, or nothing
        self.fields["words"].label = _WORDS[part]
        if part != Part.PLACE:
            del self.fields["latitude"], self.fields["longitude"]


class HelpFilter(forms.Form):
    """What the list of help wanted can be narrowed by."""

    neighborhood = PlaceField(
        label=_("Where"),
        queryset=Neighborhood.objects.widest_first().defer("boundary"),
        to_field_name="slug",
        required=False,
        empty_label=_("Everywhere"),
    )
    part = forms.ChoiceField(
        label=_("What is missing"),
        required=False,
        choices=[("", _("Anything")), *Part.choices],
    )
