"""What administrators write to residents."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from budgeting.models import LONGEST_BODY
from civicfund.places.models import Neighborhood


class AnnouncementForm(forms.Form):
    """A subject, words, and to whom."""

    subject = forms.CharField(label=_("Subject"), max_length=120)
    body = forms.CharField(
        label=_("Words"),
        max_length=LONGEST_BODY,
        widget=forms.Textarea(attrs={"rows": 10}),
        help_text=_("Plain words. Empty lines part paragraphs; web addresses become links."),
    )
    places = forms.ModelMultipleChoiceField(
        label=_("To people in"),
        queryset=Neighborhood.objects.defer("boundary").order_by("name"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None chosen: to the whole town. A district holds its neighborhoods."),
    )


class SendForm(forms.Form):
    """Which version was looked at."""

    digest = forms.CharField(widget=forms.HiddenInput)
