"""What people fill in about paper: places, sheets, totals, numbers, and why something is void."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.conf import settings
from django.core import signing
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from budgeting.enums import MOST_SHEETS, VoidReason
from budgeting.forms.kiosks import OF_ACCOUNT
from budgeting.models import Cycle, PollingPlace, Pot, RollEntry
from budgeting.selectors import is_of_homes
from budgeting.services.box_counts import Difference
from civicfund.places.models import Neighborhood
from civicfund.words import seen

_SALT = "budgeting.check_in"
_FOUND_SECONDS = 600
_WHY = "why-"
_MOST_WORDS = 500
MOST_AT_A_PLACE = 1_000_000
_NUMBER = forms.TextInput(
    attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "characters"}
)


class OfferPaperForm(forms.Form):
    """Let people vote on paper."""

    sample_size = forms.IntegerField(
        label=_("Sheets to compare with what was keyed"),
        min_value=1,
        max_value=10_000,
        initial=60,
        help_text=_(
            "Of 60 sheets without an error it follows that under 5 % are wrong, with a certainty"
            " of 95 %. Which sheets is drawn after the keying, from a seed that is fixed now."
        ),
    )


class PlaceForm(forms.Form):
    """A polling place."""

    name = forms.CharField(label=_("Name"), max_length=120)
    address = forms.CharField(label=_("Address"), max_length=200)
    hours = forms.CharField(label=_("Opening hours"), max_length=200, required=False)


class _AtPlaceForm(forms.Form):
    """Something about one of the cycle's places."""

    place = forms.ModelChoiceField(label=_("Place"), queryset=PollingPlace.objects.none())

    def __init__(self, *given: Any, cycle: Cycle, place: int | None = None, **options: Any) -> None:
        super().__init__(*given, **options)
        places: forms.ModelChoiceField[PollingPlace] = self.fields["place"]  # type: ignore[assignment]  # as declared
        places.queryset = PollingPlace.objects.filter(cycle=cycle).select_related("cycle")
        places.initial = place


class CorrectPlaceForm(_AtPlaceForm, PlaceForm):
    """A place whose name, address or hours change; all of them are given anew."""

    field_order = ("place", "name", "address", "hours")


class PrintForm(_AtPlaceForm):
    """Sheets for a place."""

    area = forms.ModelChoiceField(
        label=_("With the pots of"),
        queryset=Neighborhood.objects.none(),
        help_text=_("Where the people live who get these sheets."),
    )
    number = forms.IntegerField(label=_("How many"), min_value=1, max_value=MOST_SHEETS)
    language = forms.ChoiceField(label=_("Language"), choices=())

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        area: forms.ModelChoiceField[Neighborhood] = self.fields["area"]  # type: ignore[assignment]  # as declared
        area.queryset = Neighborhood.objects.widest_first()
        language: forms.ChoiceField = self.fields["language"]  # type: ignore[assignment]  # as declared
        language.choices = settings.LANGUAGES


def _sheets(label: Any) -> forms.IntegerField:
    return forms.IntegerField(label=label, min_value=0, max_value=MOST_AT_A_PLACE)


class TotalsForm(_AtPlaceForm):
    """What became of a place's sheets."""

    cast = _sheets(_("Sheets in the box"))
    spoiled = _sheets(_("Spoiled, and replaced"))
    returned = _sheets(_("Returned unused"))
    reason = forms.CharField(
        label=_("Where the sums do not meet, or there are not as many sheets as people: why"),
        max_length=500,
        required=False,
        help_text=_("Everybody can read it. Name nobody."),
    )


class EndKeyingForm(forms.Form):
    """Say that all is keyed; where numbers differ, why, in fields that come once that is known."""

    def ask_why(self, differences: Iterable[Difference]) -> None:
        """A field for each difference, named by its numbers."""
        for each in differences:
            self.fields[f"{_WHY}{each.key}"] = forms.CharField(
                label=each.words,
                max_length=_MOST_WORDS,
                help_text=_("Why, for everybody to read. Name nobody."),
                widget=forms.Textarea(attrs={"rows": 2}),
            )

    def clean(self) -> dict[str, Any]:
        """A reason is as short as others are."""
        if any(len(said) > _MOST_WORDS for said in self.reasons.values()):
            raise forms.ValidationError(_("A reason has at most 500 letters."))
        return super().clean() or {}

    @property
    def reasons(self) -> dict[str, str]:
        """What was said of each difference that was asked about."""
        return {
            name.removeprefix(_WHY): seen(str(said))
            for name, said in self.data.items()
            if name.startswith(_WHY)
        }


class KeyingAnewForm(forms.Form):
    """Have every sheet keyed again, and say why."""

    reason = forms.CharField(
        label=_("Why, for everybody to read"),
        max_length=500,
        help_text=_("It stands on the page of voting on paper for good. Name nobody."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class FindVoterForm(_AtPlaceForm):
    """The person whose papers lie before an officer."""

    number = forms.CharField(
        label=_("The person's number"),
        max_length=64,
        help_text=_("As it stands in their papers. It is not kept."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *given: Any, cycle: Cycle, **options: Any) -> None:
        super().__init__(*given, cycle=cycle, **options)
        if is_of_homes(cycle):
            self.fields["number"].help_text = OF_ACCOUNT


class CheckInForm(forms.Form):
    """Give a ballot to whoever was found: signed, so that the number need not come again."""

    found = forms.CharField(widget=forms.HiddenInput)

    @staticmethod
    def of(entry: RollEntry, place: PollingPlace) -> CheckInForm:
        """The form that checks a voter in at a place."""
        said = signing.dumps({"entry": entry.pk, "place": place.pk}, salt=_SALT)
        return CheckInForm(initial={"found": said})

    def clean_found(self) -> dict[str, int]:
        """What was signed; a few minutes ago at the most."""
        try:
            said: dict[str, int] = signing.loads(
                self.cleaned_data["found"], salt=_SALT, max_age=_FOUND_SECONDS
            )
        except signing.BadSignature:
            raise forms.ValidationError(_("Type the number again.")) from None
        return said


class SheetForm(forms.Form):
    """The number of a sheet, typed or scanned."""

    number = forms.CharField(
        label=_("Number of the sheet"),
        max_length=32,
        widget=_NUMBER,
        help_text=_("As it stands on top of it; a scanner of QR codes types it too."),
    )


class VoidForm(forms.Form):
    """Why the whole sheet, or a pot on it, is void; nothing where it counts."""

    void = forms.ChoiceField(label=_("The whole sheet is void"), required=False, choices=())

    def __init__(self, pots: list[Pot], given: QueryDict | None = None) -> None:
        super().__init__(given)
        self.pots = pots
        reasons = [("", _("no, it counts")), *VoidReason.choices]
        whole: forms.ChoiceField = self.fields["void"]  # type: ignore[assignment]  # as declared
        whole.choices = reasons
        for pot in pots:
            self.fields[f"void-{pot.pk}"] = forms.ChoiceField(
                label=_("“%(pot)s” is void") % {"pot": pot.name}, required=False, choices=reasons
            )

    @property
    def whole(self) -> str:
        """Why the whole sheet is void."""
        return str(self.data.get("void", ""))

    @property
    def parts(self) -> dict[int, str]:
        """Why pots are, by the pot's id."""
        return {pot.pk: str(self.data.get(f"void-{pot.pk}", "")) for pot in self.pots}

    def of_pot(self, pot: Pot) -> forms.BoundField:
        """The field of one pot."""
        return self[f"void-{pot.pk}"]
