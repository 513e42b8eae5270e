"""What people fill in to enter a project into a cycle, and to prepare one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from budgeting.domain.rules import APPROVALS, POINTS, RANKINGS, RULES
from budgeting.domain.rules.equal_shares import Start, Stop
from budgeting.enums import (
    MOST_POINTS,
    BallotKind,
    Origin,
    PhaseKind,
    ProposalState,
    SupportsFrom,
    TieOrder,
)
from budgeting.models import Cycle, Phase, Pot
from budgeting.services.preparing import TEMPLATES
from budgeting.templatetags.budgeting import rule_words
from civicfund.fields import DayField, MomentField
from civicfund.moments import moment
from civicfund.people.models import User
from civicfund.places.enums import PlaceKind
from civicfund.places.models import Neighborhood
from civicfund.projects.access import authored_by
from civicfund.projects.forms import MoneyField
from civicfund.projects.models import Project

_FAMILIES: tuple[tuple[Promise, frozenset[Any]], ...] = (
    (_("For ballots that tick or choose projects"), APPROVALS),
    (_("For ballots that give points or scores"), POINTS),
    (_("For ballots that rank projects"), RANKINGS),
)
_STARTS = {
    Start.EXACT: _("the money divided by the voters, to the last fraction"),
    Start.INTEGRAL: _("the same, rounded down to a whole number of raises"),
}
_STOPS = {
    Stop.EXHAUSTIVE: _("once nothing more fits into the pot"),
    Stop.INFEASIBLE: _("only before the pot would be overspent"),
}


class ProposalForm(forms.Form):
    """Enter a project that one proposed, or writes with whoever did, into a cycle."""

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
        entered = cycle.proposals.exclude(state=ProposalState.LEFT).values("project")
        own = Project.objects.listed().filter(authored_by(person)).exclude(pk__in=entered)
        self.projects: forms.ModelChoiceField[Project] = self.fields["project"]  # type: ignore[assignment]  # as declared
        self.pots: forms.ModelChoiceField[Pot] = self.fields["pot"]  # type: ignore[assignment]  # as declared
        self.projects.queryset = own
        self.pots.queryset = cycle.pots.all()

    @property
    def has_projects(self) -> bool:
        """Whether there is anything to enter."""
        return bool(self.projects.queryset and self.projects.queryset.exists())


def _rules_to_choose() -> list[tuple[Promise, list[tuple[str, str]]]]:
    return [
        (words, [(name, rule_words(name)) for name, rule in RULES.items() if rule.kinds == kinds])
        for words, kinds in _FAMILIES
    ]


def _or_usual(choices: Mapping[Any, Any]) -> list[tuple[str, Any]]:
    named = [(key.value, words) for key, words in choices.items()]
    return [("", _("as is usual for the rule")), *named]


def _address() -> forms.SlugField:
    return forms.SlugField(
        label=_("Address"),
        max_length=50,
        help_text=_("What stands behind /budget/ in the browser, as spring-2027."),
        validators=[RegexValidator(r"^[A-Za-z0-9]")],
        error_messages={"invalid": _("Letters, digits and hyphens only, as spring-2027.")},
    )


class RulesForm(forms.Form):
    """What a cycle is called, how its ballots look and how they are counted."""

    title = forms.CharField(label=_("Title"), max_length=120)
    summary = forms.CharField(label=_("In one sentence"), max_length=280, required=False)
    ballot_kind = forms.ChoiceField(label=_("Kind of ballot"), choices=BallotKind.choices)
    rule = forms.ChoiceField(
        label=_("Rule and completion"),
        choices=_rules_to_choose,
        initial="equal_shares_cost_add1",
        help_text=_("It has to fit the kind of ballot."),
    )
    minimum_support = forms.IntegerField(
        label=_("Least support"),
        min_value=0,
        max_value=2**31 - 1,
        required=False,
        help_text=_(
            "How many voters have to support a project for it to be funded (where most points come"
            " first: how many points it needs). Empty: as is usual, 1,"
            " so that a project that nobody votes for is not funded."
        ),
    )
    start = forms.ChoiceField(
        label=_("Raising shares starts from"),
        choices=_or_usual(_STARTS),
        required=False,
        help_text=_("This and the next two: only for rules that raise everybody's share."),
    )
    increment_minor = MoneyField(
        label=_("Raised each time by"),
        required=False,
        help_text=_("Empty: by one unit of the currency."),
    )
    stop = forms.ChoiceField(label=_("Raising stops"), choices=_or_usual(_STOPS), required=False)
    ties = forms.ChoiceField(
        label=_("Ties are broken by"),
        choices=TieOrder.choices,
        initial=TieOrder.SEEDED,
        required=False,
    )

    def clean_ties(self) -> str:
        """By lot unless something else was chosen."""
        return self.cleaned_data["ties"] or TieOrder.SEEDED.value


class CycleForm(RulesForm):
    """The same of a new one, and its address, which stays."""

    slug = _address()
    field_order = ("title", "slug")


class PhaseForm(forms.Form):
    """A window of time."""

    kind = forms.ChoiceField(label=_("Kind"), choices=PhaseKind.choices)
    starts_at = MomentField(label=_("Starts"))
    ends_at = MomentField(label=_("Ends"), help_text=_("The first instant after it."))


class PhaseRow(forms.Form):
    """One phase on the timeline; a row that is left empty is none."""

    kind = forms.ChoiceField(
        label=_("Phase"), choices=[("", _("none")), *PhaseKind.choices], required=False
    )
    starts_at = MomentField(label=_("Starts"), required=False)
    ends_at = MomentField(label=_("Ends"), required=False)

    def clean(self) -> dict[str, Any]:
        """All of it, or nothing."""
        given = super().clean() or self.cleaned_data
        if given.get("kind") and not self.errors:
            for name in ("starts_at", "ends_at"):
                if not given.get(name):
                    self.add_error(name, _("Say when."))
        return given

    @property
    def window(self) -> tuple[PhaseKind, datetime, datetime] | None:
        """What was filled in; None for a row that is none."""
        said = self.cleaned_data
        if not said.get("kind"):
            return None
        return PhaseKind(said["kind"]), said["starts_at"], said["ends_at"]


class BasisForm(forms.Form):
    """A new cycle from a template, or like an earlier one."""

    title = forms.CharField(label=_("Title"), max_length=120)
    slug = _address()
    basis = forms.ChoiceField(label=_("Like"), choices=[])
    first_day = DayField(
        label=_("Its first phase begins on"),
        help_text=_("All other phases follow at the same distances."),
    )

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        earlier = Cycle.objects.filter(origin=Origin.RUN, phases__isnull=False).distinct()
        self.fields["basis"].choices = [  # type: ignore[attr-defined]  # as declared
            (_("A template"), [(name, each.name) for name, each in TEMPLATES.items()]),
            (_("An earlier cycle"), [(f"#{one.pk}", one.title) for one in earlier.order_by("-pk")]),
        ]

    @property
    def source(self) -> Cycle | None:
        """The cycle to copy; None where a template was chosen."""
        basis: str = self.cleaned_data["basis"]
        return Cycle.objects.get(pk=basis[1:]) if basis.startswith("#") else None


def _points(label: Any, help_text: Any, *, least: int = 1) -> forms.IntegerField:
    return forms.IntegerField(
        label=label, help_text=help_text, required=False, min_value=least, max_value=MOST_POINTS
    )


class LimitsForm(forms.Form):
    """What a ballot for a pot may hold; which limits there have to be, its kind says."""

    min_options = forms.IntegerField(
        label=_("Projects on a ballot, at least"),
        min_value=1,
        max_value=1000,
        initial=1,
        required=False,
        help_text=_("Empty: 1."),
    )
    max_options = forms.IntegerField(
        label=_("Projects on a ballot, at most"),
        min_value=1,
        max_value=1000,
        required=False,
        help_text=_("A ballot that ranks needs this: it has so many ranks."),
    )
    max_sum_points = _points(_("Points to give out"), _("Only for ballots that share out points."))
    min_points = _points(
        _("Lowest score, or fewest points for a project"),
        _("Empty: a score of 0, or 1 point."),
        least=0,
    )
    max_points = _points(
        _("Highest score, or most points for a project"),
        _("Ballots that score projects need this; empty: no more than there are to give out."),
    )

    def clean_min_options(self) -> int:
        """One project, unless something else was said."""
        return self.cleaned_data["min_options"] or 1


class ShareOutForm(LimitsForm):
    """A pot for each place of a kind."""

    kind = forms.ChoiceField(
        label=_("A pot for each"),
        choices=[
            (PlaceKind.DISTRICT.value, _("district")),
            (PlaceKind.NEIGHBORHOOD.value, _("neighborhood")),
        ],
    )
    amount = MoneyField(label=_("Money for all of them together"))
    by_population = forms.BooleanField(
        label=_("Shared by how many people live there (else the same for each)"), required=False
    )
    field_order = ("kind", "amount", "by_population")


class ChangePotForm(LimitsForm):
    """Another name and amount for a pot, other limits of its ballots."""

    pot = forms.IntegerField(widget=forms.HiddenInput)
    name = forms.CharField(label=_("Name"), max_length=120)
    amount = MoneyField(label=_("Amount"))
    supports_needed = forms.IntegerField(
        label=_("Supports that a project needs"), min_value=0, max_value=MOST_POINTS, required=False
    )
    field_order = ("pot", "name", "amount", "supports_needed")


class SupportsForm(forms.Form):
    """How many supports a project needs, in every pot of the cycle."""

    supports_needed = forms.IntegerField(
        label=_("People who have to support a project before it comes on the ballot"),
        min_value=0,
        max_value=MOST_POINTS,
        help_text=_("For every pot; 0: nobody has to. A single pot can be changed afterwards."),
    )


class SupportsFromForm(forms.Form):
    """Whose supports count."""

    supports_from = forms.ChoiceField(
        label=_("Whose supports count"),
        choices=SupportsFrom.choices,
        help_text=_(
            "An account takes nothing but a mail address. Where only confirmed homes count, nobody"
            " can fill up the number with accounts."
        ),
    )


class AppropriationForm(forms.Form):
    """How much of the town's budget is set aside for a vote."""

    total_minor = MoneyField(
        label=_("Set aside for this vote in all"),
        zero=True,
        help_text=_("Together with what is set aside already."),
    )
    words = forms.CharField(
        label=_("The decision that it rests on"),
        max_length=200,
        help_text=_("For example: budget 2027, council of 3 May, item 14."),
    )


class OnePotForm(forms.Form):
    """One of the pots."""

    pot = forms.IntegerField(widget=forms.HiddenInput)


class PotForm(LimitsForm):
    """Money for the residents of a place to decide on."""

    place = forms.ModelChoiceField(label=_("Place"), queryset=Neighborhood.objects.all())
    name = forms.CharField(label=_("Name"), max_length=120)
    amount = MoneyField(label=_("Amount"))
    field_order = ("place", "name", "amount")


class RewordForm(forms.Form):
    """What an open cycle is called, and why otherwise than before."""

    title = forms.CharField(label=_("Title"), max_length=120)
    summary = forms.CharField(label=_("In one sentence"), max_length=280, required=False)
    reason = forms.CharField(
        label=_("Why, for the staff to read"),
        max_length=500,
        help_text=_("It stands on this page for good, with your name and what was said before."),
    )
    # The last change that was on the page; none where it is 0.
    seen = forms.IntegerField(widget=forms.HiddenInput, required=False)


class ReasonForm(forms.Form):
    """Why, for everybody to read."""

    reason = forms.CharField(label=_("Why, for everybody to read"), max_length=500)


class ExtensionForm(forms.Form):
    """Until when voting shall go on, and why."""

    ends_at = MomentField(label=_("Voting shall end"), help_text=_("Later than it ends now."))
    reason = forms.CharField(
        label=_("Why, for everybody to read"),
        max_length=500,
        help_text=_("It stands on the cycle's pages and on the public board for good."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class MovePhaseForm(forms.Form):
    """Which phase shall be later, and why."""

    phase = forms.TypedChoiceField(label=_("Phase"), coerce=int, choices=[])
    starts_at = MomentField(
        label=_("It shall start"),
        required=False,
        help_text=_("Later than it starts now. Leave it empty where the start stays as it is."),
    )
    ends_at = MomentField(label=_("It shall end"), help_text=_("Later than it ends now."))
    reason = forms.CharField(
        label=_("Why, for everybody to read"),
        max_length=500,
        help_text=_("It stands on the cycle's pages and on the public board for good."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, phases: Sequence[Phase] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        words = _("%(phase)s: %(start)s \u2013 %(end)s")
        self.fields["phase"].choices = [  # type: ignore[attr-defined]
            (
                each.pk,
                words
                % {
                    "phase": each.get_kind_display(),
                    "start": moment(each.starts_at),
                    "end": moment(each.ends_at),
                },
            )
            for each in phases
        ]


class AgreeForm(forms.Form):
    """Say yes to what another person asked for."""

    asked = forms.IntegerField(widget=forms.HiddenInput)
