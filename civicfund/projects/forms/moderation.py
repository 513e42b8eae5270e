"""What people tell moderators, and what moderators say in public."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from civicfund.projects.enums import Wrong


class FlagForm(forms.Form):
    """What somebody finds wrong with what another wrote."""

    reason = forms.ChoiceField(
        label=_("What is wrong?"), choices=Wrong.choices, widget=forms.RadioSelect
    )
    words = forms.CharField(
        label=_("More about it"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class HidingForm(FlagForm):
    """Why a moderator hides it, or takes a part of it down."""

    words = forms.CharField(
        label=_("In words"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Everybody reads this in its place."),
    )


class AppealForm(forms.Form):
    """Why its author thinks that it should be shown."""

    words = forms.CharField(
        label=_("Why should it be shown?"),
        max_length=1_000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Moderators read this, nobody else."),
    )
