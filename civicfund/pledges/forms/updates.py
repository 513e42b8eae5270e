"""What a creator writes to backers."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from civicfund.pledges.enums import Audience
from civicfund.talk.models import LONGEST

_WORDS = _("Plain words; an empty line parts paragraphs, an address becomes a link.")


class UpdateForm(forms.Form):
    """What is new, and for whom."""

    title = forms.CharField(label=_("Title"), max_length=120)
    body = forms.CharField(
        label=_("What is new"),
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 10}),
        help_text=_WORDS,
    )
    audience = forms.ChoiceField(
        label=_("Who reads it"),
        choices=Audience.choices,
        initial=Audience.ALL,
        widget=forms.RadioSelect,
    )


class CorrectionForm(forms.Form):
    """What is to be corrected in an update."""

    body = forms.CharField(
        label=_("The correction"),
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("It stands below the update, with its day. The update stays as it was."),
    )
