"""What is typed of an idea so far, however little or wrong."""

from __future__ import annotations

from django import forms

from civicfund.projects.selectors.similar import Idea


class IdeaForm(forms.Form):
    """Nothing is required, and what cannot be read is left out."""

    title = forms.CharField(required=False, max_length=120)
    summary = forms.CharField(required=False, max_length=280)
    latitude = forms.FloatField(required=False, min_value=-90, max_value=90)
    longitude = forms.FloatField(required=False, min_value=-180, max_value=180)

    def idea(self) -> Idea:
        """What could be read."""
        self.is_valid()
        data = self.cleaned_data
        return Idea(
            title=data.get("title", ""),
            summary=data.get("summary", ""),
            latitude=data.get("latitude"),
            longitude=data.get("longitude"),
        )
