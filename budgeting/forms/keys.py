"""What trustees and administrators type about a vote's key."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from budgeting.models import Rehearsal

_MOST = 1_000


class ReceiptForm(forms.Form):
    """A receipt to look up; sent by POST, so that it stands in no address and no log."""

    receipt = forms.CharField(
        label=_("Your receipt"),
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


class PublicKeyForm(forms.Form):
    """The public half of a key that the trustees made."""

    public_key = forms.CharField(
        label=_("Public key of the trustees"),
        max_length=_MOST,
        help_text=_("What trustee.py shows first: 64 characters."),
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
    )


class AnswerForm(forms.Form):
    """What a pair of trustees found in their test box."""

    def __init__(self, rehearsal: Rehearsal, *args: object, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]
        self.rehearsal = rehearsal
        self.fields[f"answer-{rehearsal.pair}"] = forms.CharField(
            label=_("What the box holds"),
            max_length=_MOST,
            widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        )

    @property
    def answer(self) -> str:
        """What was typed."""
        return str(self.cleaned_data[f"answer-{self.rehearsal.pair}"])

    @property
    def field(self) -> forms.BoundField:
        """The one field."""
        return self[f"answer-{self.rehearsal.pair}"]


class PartsForm(forms.Form):
    """Two parts of the trustees' key. They are used within this request and kept nowhere."""

    one = forms.CharField(
        label=_("Part of one trustee"),
        max_length=_MOST,
        widget=forms.Textarea(attrs={"rows": 4, "autocomplete": "off", "spellcheck": "false"}),
    )
    two = forms.CharField(
        label=_("Part of another trustee"),
        max_length=_MOST,
        widget=forms.Textarea(attrs={"rows": 4, "autocomplete": "off", "spellcheck": "false"}),
    )
