"""What officers type about kiosks, and the code that is typed at one."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from budgeting.models import Cycle, Kiosk
from budgeting.selectors import is_of_homes, kiosks_of

OF_ACCOUNT = _(
    "The one that their page “Who may vote” of this cycle shows, once they have signed in. Look at"
    " the papers as well. It is not kept."
)


class RegisterKioskForm(forms.Form):
    """Make the browser at hand a kiosk."""

    name = forms.CharField(
        label=_("Where it stands"),
        max_length=80,
        help_text=_("As “Library, by the window”. Voters read it."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class UnlockForm(forms.Form):
    """Let one voter vote at a kiosk."""

    kiosk = forms.ModelChoiceField(
        label=_("At"), queryset=Kiosk.objects.none(), empty_label=None, widget=forms.RadioSelect
    )
    number = forms.CharField(
        label=_("The person's number"),
        max_length=64,
        help_text=_("What the roll's source knows them by. It is not kept."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, cycle: Cycle, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        kiosk: forms.ModelChoiceField[Kiosk] = self.fields["kiosk"]  # type: ignore[assignment]  # as declared
        kiosk.queryset = kiosks_of(cycle)
        kiosk.initial = kiosks_of(cycle).first()
        if is_of_homes(cycle):
            self.fields["number"].help_text = OF_ACCOUNT


class OneKioskForm(forms.Form):
    """Which kiosk a button is about."""

    one = forms.ModelChoiceField(queryset=Kiosk.objects.none(), widget=forms.HiddenInput)

    def __init__(self, cycle: Cycle, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        one: forms.ModelChoiceField[Kiosk] = self.fields["one"]  # type: ignore[assignment]  # as declared
        one.queryset = kiosks_of(cycle)


class KioskCodeForm(forms.Form):
    """The code that an officer reads out."""

    code = forms.CharField(
        label=_("The officer's code"),
        max_length=20,
        widget=forms.TextInput(
            attrs={"inputmode": "numeric", "autocomplete": "off", "spellcheck": "false"}
        ),
    )
