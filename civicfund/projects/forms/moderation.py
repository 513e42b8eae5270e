"""What people tell moderators, and what moderators say in public."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from civicfund.projects.enums import FLAG_REASONS, SAME, Wrong
from civicfund.projects.forms.merging import ProjectByNumberField


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


class ProjectFlagForm(FlagForm):
    """The same of a project, which may also be there twice."""

    reason = forms.ChoiceField(
        label=_("What is wrong?"), choices=FLAG_REASONS, widget=forms.RadioSelect
    )
    other = ProjectByNumberField(
        label=_("The other project, where it is the same as one"),
        required=False,
        max_length=200,
        help_text=_("Its number, or the address of its page."),
    )
    field_order = ("reason", "other", "words")

    def clean(self) -> dict[str, Any]:
        """The other one is asked for where it is the same, and else left out."""
        given = self.cleaned_data
        if given.get("reason") != SAME:
            self.errors.pop("other", None)
            given["other"] = None
        elif given.get("other") is None and "other" not in self.errors:
            self.add_error("other", gettext("Say which one."))
        return given


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
