"""Forms about people."""

from __future__ import annotations

from datetime import date
from typing import Any, NamedTuple

from django import forms
from django.conf import settings
from django.core import signing
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext_lazy as _

from civicfund.fields import DayField
from civicfund.people.domain import LARGEST_BYTES
from civicfund.people.enums import Finding, Papers
from civicfund.people.models import Residency, User
from civicfund.people.services.consenting import agree
from civicfund.places.forms import latitude_field, longitude_field
from civicfund.places.models import Neighborhood
from civicfund.places.selectors import neighborhood_at
from civicfund.words import one_line


class SignupForm(forms.Form):
    """What sign-up asks besides e-mail and password."""

    display_name = forms.CharField(
        label=_("Your name"), max_length=80, help_text=_("Others see this name.")
    )
    agree = forms.BooleanField(
        label=_("I agree to the terms, and have read what is kept about me."),
        error_messages={"required": _("Without this we cannot make an account for you.")},
    )
    field_order = ["display_name", "email", "password1", "agree"]

    def clean_display_name(self) -> str:
        """As everybody will see it."""
        name = one_line(self.cleaned_data["display_name"])
        if not name:
            raise forms.ValidationError(_("Write a name that others can see."))
        return name

    def signup(self, request: HttpRequest, user: User) -> None:
        """Keep what was asked; allauth calls this once the account exists."""
        user.display_name = self.cleaned_data["display_name"]
        user.save(update_fields=["display_name"])
        agree(user)


class ResidencyForm(forms.Form):
    """Where somebody lives: a neighborhood, or a point in it."""

    neighborhood = forms.ModelChoiceField(
        label=_("Neighborhood"),
        queryset=Neighborhood.objects.neighborhoods().defer("boundary"),
        to_field_name="slug",
        required=False,
        empty_label=_("Choose it, or click on the map"),
    )
    latitude, longitude = latitude_field(), longitude_field()
    since = DayField(label=_("Since"), help_text=_("The day you moved in; about is good enough."))

    def clean(self) -> dict[str, Any]:
        """The neighborhood that was chosen, else the one at the point; the point is not kept."""
        data = self.cleaned_data
        north, east = data.get("latitude"), data.get("longitude")
        if data.get("neighborhood") or self.errors:
            return data
        if north is None or east is None:
            self.add_error("neighborhood", _("Choose your neighborhood, or a point on the map."))
            return data
        data["neighborhood"] = neighborhood_at(north, east)
        if data["neighborhood"] is None:
            self.add_error("latitude", _("This point is outside the town."))
        return data


class DocumentForm(forms.Form):
    """Something that shows where somebody lives."""

    document = forms.FileField(
        label=_("A picture or a PDF"),
        allow_empty_file=True,
        widget=forms.ClearableFileInput(
            attrs={"accept": "image/jpeg,image/png,application/pdf,.jpg,.jpeg,.png,.pdf"}
        ),
        help_text=_(
            "JPEG, PNG or PDF, up to %(mib)s MiB: a bill, a lease, a letter of an authority, not"
            " older than three months. Your name and your address have to be on it; cover the rest."
        )
        % {"mib": LARGEST_BYTES // 2**20},
    )

    @property
    def content(self) -> bytes:
        """What was sent; of one too large only its beginning was kept."""
        content: bytes = self.cleaned_data["document"].read()
        return content


class CloseForm(forms.Form):
    """The password, once more, by whoever closes their account."""

    password = forms.CharField(
        label=_("Your password"),
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, user: User, data: QueryDict | None = None) -> None:
        super().__init__(data)
        self.user = user

    def clean_password(self) -> str:
        """What was typed, where it is right."""
        typed: str = self.cleaned_data["password"]
        if not self.user.check_password(typed):
            raise forms.ValidationError(_("This is not your password."))
        return typed


def ages_to_note() -> list[tuple[str, Any]]:
    """No age, or at least one of those that votes ask for."""
    older = _("At least %(age)s years old")
    ages = [(str(age), older % {"age": age}) for age in settings.CONFIRMED_AGES]
    return [("", _("No, or I have not seen it")), *ages]


class FindingForm(forms.Form):
    """What an officer sees in a document."""

    finding = forms.ChoiceField(
        label=_("What does it show?"), choices=Finding.choices, widget=forms.RadioSelect
    )
    at_least = forms.TypedChoiceField(
        label=_("Does it show how old this person is?"),
        choices=ages_to_note,
        coerce=int,
        empty_value=None,
        required=False,
        help_text=_("The date of birth is not kept, only that somebody is so old or older."),
    )


class FindHomeForm(forms.Form):
    """Whose home an officer is to confirm: the whole address, never a part of one."""

    email = forms.EmailField(
        label=_("Their e-mail address"),
        help_text=_("The whole address of their account, as they tell it."),
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )


_FOUND = "people.found-home"
_FOUND_SECONDS = 30 * 60


class FoundHome(NamedTuple):
    """A home that an officer has found, and where and since when it was as they read it."""

    home: Residency
    seen: tuple[int, date]


class ConfirmHomeForm(forms.Form):
    """What an officer was shown by whoever stands before them, and the home that they read."""

    # Signed: whose home it is, so that nobody comes to one without having looked for it.
    found = forms.CharField(widget=forms.HiddenInput)
    papers = forms.ChoiceField(
        label=_("What did they show you?"), choices=Papers.choices, widget=forms.RadioSelect
    )
    at_least = forms.TypedChoiceField(
        label=_("Do the papers show how old this person is?"),
        choices=ages_to_note,
        coerce=int,
        empty_value=None,
        required=False,
        help_text=_("The date of birth is not kept, only that somebody is so old or older."),
    )

    @classmethod
    def of(cls, home: Residency, *, by: User) -> ConfirmHomeForm:
        """For the home as it is stated now, and the officer who has looked it up."""
        said = [by.pk, home.pk, home.neighborhood_id, home.since.isoformat()]
        return cls(initial={"found": signing.dumps(said, salt=_FOUND)})

    def found_by(self, officer: User) -> FoundHome | None:
        """What this officer has looked up, a while ago at the most; None for anything else."""
        try:
            by, home, neighborhood, since = signing.loads(
                self.data.get("found", ""), salt=_FOUND, max_age=_FOUND_SECONDS
            )
        except signing.BadSignature:
            return None
        if by != officer.pk:
            return None
        rows = Residency.objects.select_related("user", "neighborhood")
        found = rows.filter(pk=home).first()
        return FoundHome(found, (neighborhood, date.fromisoformat(since))) if found else None
