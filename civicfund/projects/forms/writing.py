"""The form in which somebody proposes a project."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from civicfund.money import to_decimal, to_minor
from civicfund.places.enums import PlaceKind
from civicfund.places.models import Neighborhood
from civicfund.projects.enums import ASKED_PARTS, Category
from civicfund.projects.models import LONGEST_STORY, MOST_PER_LINE_MINOR, MOST_YEARS, Project
from civicfund.projects.services import MOST_COST_LINES, Cost, Description

EMPTY_LINES_OFFERED = 3


class MoneyField(forms.CharField):
    """An amount typed in major units ("1,234.50"), cleaned to an ``int`` of minor units.

    What was typed is kept when it is refused. ``None`` where nothing was typed.
    """

    default_error_messages = {
        "not_money": _("Write an amount such as 1200 or 1234.50."),
        "too_fine": _("There are too many digits after the point."),
        "not_positive": _("The amount must be above zero."),
        "too_much": _("This is more than can be written here."),
    }

    def __init__(self, *, zero: bool = False, **options: Any) -> None:
        self.lowest_minor = 0 if zero else 1
        options.setdefault("max_length", 24)
        super().__init__(**options)
        self.widget.attrs |= {"inputmode": "decimal", "autocomplete": "off"}

    def prepare_value(self, value: object) -> object:
        """An ``int`` of minor units as it would be typed; anything else as it is."""
        if not isinstance(value, int):
            return value
        amount = to_decimal(value, settings.CURRENCY)
        return f"{amount:f}"

    def clean(self, value: object) -> int | None:
        """The amount in minor units."""
        text = re.sub(r"(?<=\d)[,\s](?=\d{3}(\D|$))", "", super().clean(value))
        if not text:
            return None
        if not re.fullmatch(r"-?(\d+(\.\d*)?|\.\d+)", text):
            raise forms.ValidationError(self.error_messages["not_money"], "not_money")
        return self._in_bounds(text)

    def _in_bounds(self, text: str) -> int:
        try:
            amount_minor = to_minor(text, settings.CURRENCY)
        except ValueError:
            raise forms.ValidationError(self.error_messages["too_fine"], "too_fine") from None
        if amount_minor < self.lowest_minor:
            raise forms.ValidationError(self.error_messages["not_positive"], "not_positive")
        if amount_minor > MOST_PER_LINE_MINOR:
            raise forms.ValidationError(self.error_messages["too_much"], "too_much")
        return amount_minor


class PlaceField(forms.ModelChoiceField[Neighborhood]):
    """A choice of the town, a district or a neighborhood, each said to be what it is."""

    def label_from_instance(self, place: Neighborhood) -> str:
        """The name, with its kind where it is more than a neighborhood."""
        if place.kind == PlaceKind.CITY:
            return gettext("The whole town")
        if place.kind == PlaceKind.DISTRICT:
            return f"{place} ({place.get_kind_display()})"
        return str(place)


class ProjectForm(forms.Form):
    """What a proposer writes, without the costs."""

    title = forms.CharField(label=_("Title"), max_length=120)
    summary = forms.CharField(
        label=_("In one sentence"), max_length=280, help_text=_("This is what the list shows.")
    )
    story = forms.CharField(
        label=_("The story"),
        required=False,
        max_length=LONGEST_STORY,
        widget=forms.Textarea(attrs={"rows": 10}),
        help_text=_(
            "What is to be done, for whom, and why here? Markdown works: *emphasis*, lists, links."
        ),
    )
    category = forms.ChoiceField(label=_("About"), choices=Category.choices)
    neighborhood = PlaceField(
        label=_("Neighborhood"),
        queryset=Neighborhood.objects.widest_first(),
        to_field_name="slug",
        required=False,
        empty_label=_("The one at the point below"),
    )
    latitude = forms.FloatField(label=_("Latitude"), required=False, min_value=-90, max_value=90)
    longitude = forms.FloatField(
        label=_("Longitude"), required=False, min_value=-180, max_value=180
    )
    address = forms.CharField(
        label=_("Address, or how to find it"),
        required=False,
        max_length=200,
        help_text=_("In words, such as: Mill Lane 12, behind the bus stop."),
    )
    running = MoneyField(
        label=_("Running cost a year"),
        required=False,
        zero=True,
        error_messages={"not_positive": _("The amount cannot be below zero.")},
        help_text=_("What it takes each year once it is there: care, power, repairs. 0 for none."),
    )
    lifetime_years = forms.IntegerField(
        label=_("How many years it lasts"), required=False, min_value=1, max_value=MOST_YEARS
    )

    wanted = forms.MultipleChoiceField(
        label=_("What you look for"),
        required=False,
        choices=[(part.value, part.label) for part in ASKED_PARTS],
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Neighbors find it in the list of help wanted, and can offer it to you."),
    )

    @staticmethod
    def initial_of(project: Project) -> dict[str, Any]:
        """What an edit starts from."""
        names = (
            *("title", "summary", "story", "category", "latitude", "longitude"),
            *("address", "lifetime_years", "wanted"),
        )
        return {name: getattr(project, name) for name in names} | {
            "neighborhood": project.neighborhood.slug,
            "running": project.running_minor,
        }

    def description(self) -> Description:
        """What was written, in the services' words."""
        data = self.cleaned_data
        return Description(
            title=data["title"],
            summary=data["summary"],
            story=data["story"],
            category=Category(data["category"]),
            neighborhood=data["neighborhood"],
            latitude=data["latitude"],
            longitude=data["longitude"],
            address=data["address"],
            running_minor=data["running"],
            lifetime_years=data["lifetime_years"],
            wanted=data["wanted"],
        )


class CostLineForm(forms.Form):
    """One line; both fields empty leave it out."""

    label = forms.CharField(label=_("What for"), required=False, max_length=120)
    amount = MoneyField(label=_("Amount"), required=False)

    def clean(self) -> dict[str, Any]:
        """A line needs both or neither."""
        label, amount = self.cleaned_data.get("label"), self.cleaned_data.get("amount")
        if amount is not None and label == "":
            self.add_error("label", _("Say what this amount is for."))
        if label and amount is None and "amount" not in self.errors:
            self.add_error("amount", _("Say what this costs."))
        return self.cleaned_data

    def cost(self) -> Cost | None:
        """The line, where there is one."""
        if not self.cleaned_data.get("label"):
            return None
        return Cost(self.cleaned_data["label"], self.cleaned_data["amount"])


CostLines = forms.formset_factory(
    CostLineForm,
    extra=EMPTY_LINES_OFFERED,
    max_num=MOST_COST_LINES,
    absolute_max=MOST_COST_LINES * 2,
    validate_max=True,
)


def costs_of(lines: forms.BaseFormSet[CostLineForm]) -> list[Cost]:
    """The lines that say something, in order."""
    return [cost for form in lines.forms if (cost := form.cost())]


def amount_hint() -> str:
    """How an amount is typed in the town's currency: "EUR, such as 1234.50"."""
    example = to_decimal(123_450, settings.CURRENCY)
    return gettext("%(currency)s, such as %(example)s") % {
        "currency": settings.CURRENCY,
        "example": example,
    }
