"""What trustees and administrators type about a vote's key."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from budgeting.domain.naming import NamedTrustee
from budgeting.domain.trustee import PARTS
from budgeting.models import Rehearsal, TrusteeKey

_MOST = 1_000
_PARTS = range(1, PARTS + 1)


class ReceiptForm(forms.Form):
    """A receipt to look up; sent by POST, so that it stands in no address and no log."""

    receipt = forms.CharField(
        label=_("Your receipt"),
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


class PublicKeyForm(forms.Form):
    """The public half of a key, and the three trustees who made it."""

    public_key = forms.CharField(
        label=_("Public key of the trustees"),
        max_length=_MOST,
        help_text=_("What trustee.py shows first: 64 characters."),
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, given: TrusteeKey | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        for part in _PARTS:
            self.fields[f"name_{part}"] = forms.CharField(
                label=format_lazy(_("Name of trustee {part}"), part=part),
                max_length=80,
                widget=forms.TextInput(attrs={"autocomplete": "off"}),
            )
            self.fields[f"stands_for_{part}"] = forms.CharField(
                label=format_lazy(_("Trustee {part} stands for"), part=part), max_length=120
            )
        self.fields["stands_for_1"].help_text = _(
            "Whom residents know them from: a parish council, a chamber of trade, an association."
        )
        # Shown once a name is met among those who work here.
        self.fields["namesakes"] = forms.BooleanField(
            label=_("They are two people, who go by one name"), required=False
        )
        if given is not None:
            self.fields["public_key"].initial = given.public_key
            for each in given.trustees.all():
                self.fields[f"name_{each.part}"].initial = each.name
                self.fields[f"stands_for_{each.part}"].initial = each.stands_for

    @property
    def people(self) -> list[forms.BoundField]:
        """The fields that say who they are, in the order of the parts."""
        return [self[f"{what}_{part}"] for part in _PARTS for what in ("name", "stands_for")]

    @property
    def trustees(self) -> list[NamedTrustee]:
        """Who they are, as it was filled in."""
        given = self.cleaned_data
        return [NamedTrustee(given[f"name_{part}"], given[f"stands_for_{part}"]) for part in _PARTS]


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
