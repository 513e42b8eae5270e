"""What is typed of an idea so far, however little or wrong."""

from __future__ import annotations

from django import forms

from civicfund.people.models import User
from civicfund.places.models import Neighborhood
from civicfund.projects.access import authored_by
from civicfund.projects.models import Project
from civicfund.projects.selectors.similar import Idea


class IdeaForm(forms.Form):
    """Nothing is required, and what cannot be read is left out."""

    title = forms.CharField(required=False, max_length=120)
    summary = forms.CharField(required=False, max_length=280)
    latitude = forms.FloatField(required=False, min_value=-90, max_value=90)
    longitude = forms.FloatField(required=False, min_value=-180, max_value=180)
    neighborhood = forms.SlugField(required=False)
    draft = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)

    def idea(self, by: User) -> Idea:
        """What could be read; of a draft of theirs, which is not like itself, or its original."""
        self.is_valid()
        data = self.cleaned_data
        place = Neighborhood.objects.filter(slug=data.get("neighborhood", ""))
        mine = Project.objects.filter(authored_by(by)).values_list("pk", "copied_from")
        draft = data.get("draft")
        besides = mine.filter(pk=draft).first() if draft else None
        return Idea(
            title=data.get("title", ""),
            summary=data.get("summary", ""),
            latitude=data.get("latitude"),
            longitude=data.get("longitude"),
            besides=[pk for pk in besides or () if pk],
            neighborhood=place.values_list("pk", flat=True).first(),
        )
