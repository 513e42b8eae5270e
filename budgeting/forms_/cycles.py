"""What people fill in: a ballot, and a project's entry into a cycle."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from budgeting.domain.election import BallotKind as PureKind
from budgeting.domain.rules import fitting_rules
from budgeting.enums import CASTABLE, PhaseKind
from budgeting.models import Cycle, Pot
from budgeting.services.ballots import Choice
from budgeting.templatetags.budgeting import rule_words
from civicfund.people.models import User
from civicfund.places.models import Neighborhood
from civicfund.projects.forms import MoneyField
from civicfund.projects.models import Project

_PREFIX = "pot-"


def field_name(pot: Pot) -> str:
    """What a pot's boxes are called in the ballot's form."""
    return f"{_PREFIX}{pot.pk}"


def choices_in(given: QueryDict) -> dict[int, Choice]:
    """What was chosen for each pot that the form names, by the pot's id.

    Whether the pots and options exist, and may be chosen, is for the service to say.
    """
    return {
        int(name.removeprefix(_PREFIX)): Choice(options=given.getlist(name))
        for name in given
        if name.startswith(_PREFIX) and name.removeprefix(_PREFIX).isdecimal()
    }


class ProposalForm(forms.Form):
    """Enter one of one's own projects into a cycle."""

    project = forms.ModelChoiceField(
        label=_("Your project"), queryset=Project.objects.none(), empty_label=None
    )
    pot = forms.ModelChoiceField(
        label=_("Pot"),
        queryset=Pot.objects.none(),
        empty_label=None,
        help_text=_("A pot of a place is for projects in that place."),
    )

    def __init__(self, cycle: Cycle, person: User, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        entered = cycle.proposals.values("project")
        own = Project.objects.listed().filter(proposer=person).exclude(pk__in=entered)
        self.projects: forms.ModelChoiceField[Project] = self.fields["project"]  # type: ignore[assignment]  # as declared
        self.pots: forms.ModelChoiceField[Pot] = self.fields["pot"]  # type: ignore[assignment]  # as declared
        self.projects.queryset = own
        self.pots.queryset = cycle.pots.all()

    @property
    def has_projects(self) -> bool:
        """Whether there is anything to enter."""
        return bool(self.projects.queryset and self.projects.queryset.exists())


def chosen_codes(choices: dict[int, Choice], pots: Iterable[Pot]) -> dict[int, set[str]]:
    """The codes chosen for each pot, to show a refused ballot as it was filled in."""
    return {pot.pk: set(choices[pot.pk].options) if pot.pk in choices else set() for pot in pots}


class CycleForm(forms.Form):
    """What a cycle is called, how its ballots look and how they are counted."""

    title = forms.CharField(label=_("Title"), max_length=120)
    slug = forms.SlugField(label=_("Address"), max_length=50, help_text=_("/budget/…/"))
    summary = forms.CharField(label=_("In one sentence"), max_length=280, required=False)
    ballot_kind = forms.ChoiceField(
        label=_("Kind of ballot"), choices=[(kind.value, kind.label) for kind in CASTABLE]
    )
    rule = forms.ChoiceField(
        label=_("Rule"),
        choices=[(rule, rule_words(rule)) for rule in fitting_rules(PureKind.APPROVAL)],
        initial="equal_shares_cost_add1",
        help_text=_("A project that nobody votes for is not funded, whatever the rule."),
    )


class PhaseForm(forms.Form):
    """A window of time."""

    kind = forms.ChoiceField(label=_("Kind"), choices=PhaseKind.choices)
    starts_at = forms.DateTimeField(label=_("Starts"), help_text=_("2027-03-01 08:00"))
    ends_at = forms.DateTimeField(label=_("Ends"), help_text=_("The first instant after it."))


class PotForm(forms.Form):
    """Money for the residents of a place to decide on."""

    place = forms.ModelChoiceField(label=_("Place"), queryset=Neighborhood.objects.all())
    name = forms.CharField(label=_("Name"), max_length=120)
    amount = MoneyField(label=_("Amount"))
    min_options = forms.IntegerField(
        label=_("Projects on a ballot, at least"), min_value=1, max_value=1000, initial=1
    )
    max_options = forms.IntegerField(
        label=_("Projects on a ballot, at most"), min_value=1, max_value=1000, required=False
    )


class RollForm(forms.Form):
    """The day whose confirmed residents may vote."""

    day = forms.DateField(label=_("Confirmed homes on"), help_text=_("2027-02-01"))


class ReasonForm(forms.Form):
    """Why, for everybody to read."""

    reason = forms.CharField(label=_("Why, for everybody to read"), max_length=500)


class ReviewForm(forms.Form):
    """Whether the town could do it."""

    feasible = forms.TypedChoiceField(
        label=_("Can it be done?"),
        choices=[("yes", _("Yes")), ("no", _("No"))],
        coerce=lambda answer: answer == "yes",
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(
        label=_("Why, for everybody to read"),
        max_length=1000,
        required=False,
        widget=forms.Textarea,
    )
