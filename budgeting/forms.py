"""What people fill in: a ballot, and a project's entry into a cycle."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from budgeting.models import Cycle, Pot
from budgeting.services.ballots import Choice
from civicfund.people.models import User
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
