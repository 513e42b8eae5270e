"""What treasurers fill in, and administrators about places."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import uuid4

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from civicfund.places.models import Neighborhood
from civicfund.places.services import MOST_PEOPLE, NO_SOURCE, Population
from civicfund.pledges.enums import GIVEN_REASONS
from civicfund.projects.forms import MoneyField

REASONS = [(reason.value, reason.label) for reason in GIVEN_REASONS]


class RefundForm(forms.Form):
    """How much of a pledge to give back, and why."""

    amount = MoneyField(
        label=_("Give back"), required=False, help_text=_("Leave it empty for all that is left.")
    )
    reason = forms.ChoiceField(label=_("Why"), choices=REASONS)
    # The refund's own: a form that is sent twice gives back once.
    number = forms.UUIDField(widget=forms.HiddenInput, required=False, initial=uuid4)

    def terms(self) -> dict[str, Any]:
        """What was written, in the services' words."""
        data = self.cleaned_data
        return {
            "amount_minor": data["amount"], "reason": data["reason"], "number": data["number"],
        }  # fmt: skip


class CampaignRefundForm(forms.Form):
    """Why a whole campaign is given back."""

    reason = forms.ChoiceField(label=_("Why"), choices=REASONS)

    def terms(self) -> dict[str, Any]:
        """What was written, in the services' words."""
        return {"reason": self.cleaned_data["reason"]}


class PopulationForm(forms.Form):
    """How many people live in each place; empty where nobody knows.

    Each number stands there twice, as it was read and as it is wanted, so that nobody writes over
    what somebody else has changed since.
    """

    source = forms.CharField(
        label=_("Where what you write here comes from"),
        required=False,
        max_length=120,
        help_text=_("A census or a register, and of which day. Everybody reads it."),
    )
    of_all = forms.BooleanField(
        label=_("All numbers here come from there, also those that I did not change"),
        required=False,
    )

    def __init__(self, places: Iterable[Neighborhood], data: QueryDict | None = None) -> None:
        super().__init__(data)
        self.places = {_name_of(place.pk): place for place in places}
        for name, place in self.places.items():
            self.fields[name] = forms.IntegerField(
                label=place.name,
                required=False,
                min_value=0,
                max_value=MOST_PEOPLE,
                initial=place.population,
                show_hidden_initial=True,
                error_messages={
                    "invalid": _("Write a whole number, in figures alone."),
                    "min_value": _("Write a whole number from 0 on."),
                    "max_value": _("So many people live in no city."),
                },
            )

    def clean(self) -> dict[str, Any]:
        """A source is said wherever a number is written, and of some number."""
        given = super().clean() or self.cleaned_data
        numbers, source = self._numbers(), given.get("source")
        if (numbers or given["of_all"]) and not source:
            self.add_error("source", NO_SOURCE)
        if source and not numbers:
            self.add_error(
                "of_all", _("No number was written: is it where all of these come from?")
            )
        return given

    def _numbers(self) -> list[str]:
        """Of which places a number is said to come from there; nothing is said of what is empty."""
        wanted = [name for name in self.places if self.data.get(name)]
        return wanted if self.data.get("of_all") else [n for n in wanted if n in self.changed_data]

    @property
    def rows(self) -> list[tuple[Neighborhood, forms.BoundField]]:
        """Each place with its field, in order."""
        return [(place, self[name]) for name, place in self.places.items()]

    def counted(self) -> list[Population]:
        """What is to be written: the numbers that were changed, or are said to come from there."""
        numbers = self._numbers()
        return [
            Population(
                self.places[name].pk,
                self.cleaned_data[name],
                self._read(name),
                self.cleaned_data["source"],
            )
            for name in self.places
            if name in self.changed_data or name in numbers
        ]

    def _read(self, name: str) -> int | None:
        """What stood there when the page was made. What is no number was never on it."""
        try:
            read: int | None = self.fields[name].to_python(
                self.data.get(self[name].html_initial_name)
            )
        except forms.ValidationError:
            return -1
        return read

    def show_what_changed(self, now: Mapping[int, int | None]) -> None:
        """Say at each place what stands there now; sent once more, the form writes over that."""
        sent = dict(self.data.items())
        for pk, people in now.items():
            name = _name_of(pk)
            sent[self[name].html_initial_name] = "" if people is None else str(people)
            self.add_error(
                name,
                _("Somebody has written %(people)s here meanwhile. Save again to write yours.")
                % {"people": people}
                if people is not None
                else _("Somebody has emptied this meanwhile. Save again to write yours."),
            )
        self.data = sent


def _name_of(place: int) -> str:
    return f"place-{place}"
