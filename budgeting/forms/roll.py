"""What people fill in about the voter roll: who may vote, files, one person, a code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import IO, Any

from django import forms
from django.core import signing
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from budgeting.enums import VoterGroup
from budgeting.models import Cycle
from budgeting.services.roll_files import Report
from civicfund.fields import DayField
from civicfund.places.models import Neighborhood

LARGEST_FILE = 200 * 1024 * 1024
_SALT = "budgeting.roll"
_CHECKED_SECONDS = 3_600


class EligibilityForm(forms.Form):
    """Who may vote."""

    minimum_age = forms.IntegerField(label=_("Youngest age"), min_value=0, max_value=130)
    age_on = DayField(label=_("On the day"))
    groups = forms.MultipleChoiceField(
        label=_("Who"), choices=VoterGroup.choices, widget=forms.CheckboxSelectMultiple
    )
    places = forms.ModelMultipleChoiceField(
        label=_("Where"),
        queryset=Neighborhood.objects.none(),
        required=False,
        help_text=_("Choose none for the whole town."),
    )

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        places: forms.ModelMultipleChoiceField[Neighborhood] = self.fields["places"]  # type: ignore[assignment]  # as declared
        places.queryset = Neighborhood.objects.widest_first()


class ResidentsForm(forms.Form):
    """Everyone whose home was confirmed on a day."""

    day = DayField(label=_("Confirmed homes on"))


class FileForm(forms.Form):
    """A roll file. It is read, and not kept."""

    file = forms.FileField(
        label=_("The file"),
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,text/csv"}),
        help_text=_(
            "CSV in UTF-8 with the columns number, birth_date and neighborhood; also group,"
            " deceased, name, street, postal_code and locality."
        ),
    )

    def clean_file(self) -> IO[bytes]:
        """Not larger than any town."""
        file = self.cleaned_data["file"]
        if file.size > LARGEST_FILE:
            raise forms.ValidationError(_("The file is larger than 200 MB."))
        return file  # type: ignore[no-any-return]  # what Django's field gives


def sign_checked(cycle: Cycle, sha256: str, **said: int) -> str:
    """What was found in a file that was looked through, signed."""
    return signing.dumps({"cycle": cycle.pk, "sha256": sha256, **said}, salt=_SALT)


class CheckedForm(forms.Form):
    """Ask for what a file was found to hold: signed, so that the file need not come again."""

    checked = forms.CharField(widget=forms.HiddenInput)

    @staticmethod
    def of(cycle: Cycle, report: Report) -> CheckedForm:
        """The form that asks for a report's lines."""
        said = {
            "lines": report.lines,
            "left_out": report.left_out,
            "eligibility": report.eligibility,
        }
        return CheckedForm(initial={"checked": sign_checked(cycle, report.sha256, **said)})

    def clean_checked(self) -> dict[str, Any]:
        """What was signed; a while ago at the most."""
        try:
            said: dict[str, Any] = signing.loads(
                self.cleaned_data["checked"], salt=_SALT, max_age=_CHECKED_SECONDS
            )
        except signing.BadSignature:
            raise forms.ValidationError(_("Look the file through again.")) from None
        return said


class PersonForm(forms.Form):
    """One person whose papers an officer has seen."""

    number = forms.CharField(
        label=_("The person's number"),
        max_length=64,
        help_text=_("What the roll's source knows them by. It is not kept."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    place = forms.ModelChoiceField(label=_("Where they live"), queryset=Neighborhood.objects.none())

    def __init__(self, places: Sequence[int], *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        _offer(self.fields["place"], places)


def _offer(field: forms.Field, places: Sequence[int]) -> None:
    """Let the neighborhoods be chosen in which people vote, and no others."""
    place: forms.ModelChoiceField[Neighborhood] = field  # type: ignore[assignment]  # as declared
    place.queryset = Neighborhood.objects.neighborhoods().filter(pk__in=places)


class SecondForm(forms.Form):
    """A second person, who sees the papers of somebody whom another officer has asked for.

    Nothing that the other one said is shown: both read it in the papers.
    """

    second_number = forms.CharField(
        label=_("The person's number"),
        max_length=64,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    second_place = forms.ModelChoiceField(
        label=_("Where they live"), queryset=Neighborhood.objects.none()
    )

    def __init__(self, places: Sequence[int], *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        _offer(self.fields["second_place"], places)


class CodeForm(forms.Form):
    """A code from a letter, and the year of birth."""

    code = forms.CharField(
        label=_("The code in your letter"),
        help_text=_("16 letters and digits."),
        max_length=40,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "characters"}
        ),
    )
    born = forms.IntegerField(
        label=_("Your year of birth"),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "bday-year"}),
    )

    def clean_born(self) -> int:
        """A year in which somebody alive was born."""
        born: int = self.cleaned_data["born"]
        this_year = timezone.localdate().year
        if not this_year - 130 <= born <= this_year:
            raise forms.ValidationError(_("Write the year with four digits."))
        return born
