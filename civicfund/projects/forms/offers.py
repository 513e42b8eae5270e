"""The form in which somebody offers a part, and the filters of the list of what is looked for."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from civicfund.places.forms import latitude_field, longitude_field
from civicfund.places.models import Neighborhood
from civicfund.projects.enums import FILE_PARTS, Part
from civicfund.projects.forms.files import paper_field, shows_field
from civicfund.projects.forms.writing import PlaceField
from civicfund.projects.models import LONGEST_STORY

_WORDS = {
    Part.STORY: _("The story: what is to be done, for whom, and why here?"),
    Part.PLACE: _("How to find the place, in words"),
    Part.COST: _("How you know what it costs"),
    Part.OWNER: _("Who you are, and how you would look after it"),
    Part.PHOTO: _("What you have to say about it, or how they get it from you"),
    Part.PERMIT: _("What you know, or whom you know"),
    Part.HANDS: _("What you can do, and when"),
}


class OfferForm(forms.Form):
    """Words always; a point, too, for a place; perhaps a file with a photograph or a permit."""

    words = forms.CharField(max_length=LONGEST_STORY, widget=forms.Textarea(attrs={"rows": 6}))
    latitude, longitude = latitude_field(), longitude_field()
    file, shows = paper_field(required=False), shows_field(required=False)

    def __init__(self, part: Part, data: object = None, files: object = None) -> None:
        super().__init__(data, files)  # type: ignore[arg-type]  # what was posted, or nothing
        self.fields["words"].label = _WORDS[part]
        if part != Part.PLACE:
            del self.fields["latitude"], self.fields["longitude"]
        if part not in FILE_PARTS:
            del self.fields["file"], self.fields["shows"]

    def clean(self) -> dict[str, Any]:
        """A file needs its words, and they need it: a browser forgets it when a form comes back."""
        given = self.cleaned_data
        if self._lacks("shows", beside="file"):
            self.add_error("shows", gettext("Say what it shows, for those who cannot see it."))
        if self._lacks("file", beside="shows"):
            self.add_error("file", gettext("Choose the file once more."))
        return given

    def _lacks(self, name: str, *, beside: str) -> bool:
        """Whether only the other one of two was given."""
        is_well = name in self.fields and name not in self.errors
        return is_well and not self.cleaned_data[name] and bool(self.cleaned_data.get(beside))

    @property
    def content(self) -> bytes | None:
        """The file that was sent, of one too large only its beginning; None where none was."""
        file = self.cleaned_data.get("file")
        return file.read() if file else None


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
