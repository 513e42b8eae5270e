"""The form in which somebody proposes a project."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from civicfund.places.enums import PlaceKind
from civicfund.places.forms import AllPlaces, latitude_field, longitude_field
from civicfund.places.models import Neighborhood
from civicfund.projects.enums import ASKED_PARTS, Category
from civicfund.projects.forms.money import MoneyField
from civicfund.projects.models import LONGEST_STORY, MOST_YEARS, Project
from civicfund.projects.services import MOST_COST_LINES, Cost, Description

EMPTY_LINES_OFFERED = 3


class PlaceField(forms.ModelChoiceField[Neighborhood]):
    """A choice of the town, a district or a neighborhood, each said to be what it is."""

    iterator = AllPlaces

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
        empty_label=_("Choose it, or click on the map"),
    )
    latitude, longitude = latitude_field(), longitude_field()
    # For pages without scripts: with them a button does it at once.
    point_away = forms.BooleanField(label=_("Take the point on the map away"), required=False)
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

    @property
    def has_point(self) -> bool:
        """Whether there is a point to take away."""
        return any(self[name].value() not in (None, "") for name in ("latitude", "longitude"))

    def clean(self) -> dict[str, Any]:
        """A point that is taken away is none, whatever the map has sent."""
        given = self.cleaned_data
        if given.get("point_away"):
            given["latitude"] = given["longitude"] = None
            for name in ("latitude", "longitude"):
                self.errors.pop(name, None)
        return given

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
