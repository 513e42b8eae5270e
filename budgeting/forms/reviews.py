"""What reviewers, proposers and administrators fill in about reviews."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from budgeting.enums import ProposalState
from budgeting.models import Cycle, Option, Pot, Proposal, Review
from budgeting.selectors.pots import other_pots
from budgeting.selectors.proposals import pots_by_key
from budgeting.selectors.review_load import reviewing_in
from budgeting.services.reviews import Estimate
from civicfund.fields import MomentField
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.people.selectors import people_with
from civicfund.places.models import Neighborhood
from civicfund.projects.enums import Category
from civicfund.projects.forms import MoneyField, PlaceField


def _yes_or_no(label: Any, help_text: Any = "") -> forms.TypedChoiceField:
    return forms.TypedChoiceField(
        label=label,
        help_text=help_text,
        choices=[("yes", _("Yes")), ("no", _("No"))],
        coerce=lambda answer: answer == "yes",
        widget=forms.RadioSelect,
    )


def _words(label: Any, most: int, help_text: Any = "", *, required: bool = True) -> forms.CharField:
    return forms.CharField(
        label=label,
        help_text=help_text,
        max_length=most,
        required=required,
        widget=forms.Textarea(attrs={"rows": 4}),
    )


class VerdictForm(forms.Form):
    """Whether the town can and may do it, and what it will cost."""

    feasible = _yes_or_no(_("Can it be done?"))
    lawful = _yes_or_no(_("May the town do it?"), _("By law, on this ground, with this money."))
    cost_likely = MoneyField(
        label=_("Likely cost"),
        required=False,
        help_text=_("It becomes the cost on the ballot. Empty: as the proposer says."),
    )
    cost_low = MoneyField(label=_("Cost, at least"), required=False)
    cost_high = MoneyField(label=_("Cost, at most"), required=False)
    yearly = MoneyField(label=_("Cost of each year after"), required=False)
    reason = _words(
        _("Why, for everybody to read"),
        1000,
        _("Needed for a no. It becomes public with all other verdicts of the cycle."),
        required=False,
    )
    notes = _words(
        _("Internal notes"),
        4000,
        _("Only reviewers and administrators ever read them."),
        required=False,
    )

    def clean(self) -> dict[str, Any]:
        """The estimate as one: a range needs what is likely."""
        given = super().clean() or self.cleaned_data
        low, likely, high = (given.get(f"cost_{name}") for name in ("low", "likely", "high"))
        if likely is None and (low or high):
            self.add_error("cost_likely", _("Say what is likely."))
        given["cost"] = Estimate(low or likely, likely, high or likely) if likely else None
        return given


class ChangesForm(forms.Form):
    """What the proposer is asked to change."""

    words = _words(_("What has to change"), 1000, _("The proposer gets this by mail."))
    until = MomentField(
        label=_("By when"),
        required=False,
        help_text=_(
            "After it you can give the review as it stands. Empty: in two weeks, or sooner where"
            " voting begins within four."
        ),
    )


class GiveBackForm(forms.Form):
    """What was changed, or why not."""

    answer = _words(_("What you changed, or why not"), 1000, required=False)


class AppealForm(forms.Form):
    """Why somebody else should look again."""

    reason = _words(_("Why somebody else should look at it again"), 2000)


class LimitForm(forms.Form):
    """Above which cost two reviewers look."""

    second_above_minor = MoneyField(
        label=_("Two reviewers above a likely cost of"),
        required=False,
        help_text=_("Empty: only where the first says no."),
    )


class InstantForm(forms.Form):
    """When verdicts are published, and until when appeals are taken."""

    at = MomentField(label=_("All verdicts are public from"))
    appeals_until = MomentField(label=_("Appeals are taken until"))


class RuleForm(forms.Form):
    """Which proposals go to a reviewer."""

    reviewer = forms.ModelChoiceField(label=_("Reviewer"), queryset=User.objects.none())
    category = forms.ChoiceField(
        label=_("About"), choices=[("", _("anything")), *Category.choices], required=False
    )
    place = PlaceField(
        label=_("Where"),
        queryset=Neighborhood.objects.none(),
        required=False,
        empty_label=_("anywhere"),
    )

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        self.fields["reviewer"].queryset = people_with(Role.REVIEWER)  # type: ignore[attr-defined]  # as declared
        self.fields["place"].queryset = Neighborhood.objects.widest_first()  # type: ignore[attr-defined]  # as declared


class OneRuleForm(forms.Form):
    """One of the rules."""

    rule = forms.IntegerField(widget=forms.HiddenInput)


class BoardFilter(forms.Form):
    """What of the reviews of a cycle is shown."""

    q = forms.CharField(label=_("Title or number"), max_length=120, required=False)
    category = forms.ChoiceField(
        label=_("About"), choices=[("", _("Everything")), *Category.choices], required=False
    )
    neighborhood = PlaceField(
        label=_("Where"),
        queryset=Neighborhood.objects.widest_first().defer("boundary"),
        to_field_name="slug",
        required=False,
        empty_label=_("Everywhere"),
    )
    pot = forms.ModelChoiceField(
        label=_("Pot"), queryset=Pot.objects.none(), required=False, empty_label=_("Every pot")
    )
    # For whoever gives reviews out; also whom some are with who no longer reviews.
    reviewer = forms.ModelChoiceField(
        label=_("With"), queryset=User.objects.none(), required=False, empty_label=_("Anybody")
    )

    def __init__(self, cycle: Cycle, *given: Any, gives_out: bool, **options: Any) -> None:
        super().__init__(*given, **options)
        pot: Any = self.fields["pot"]
        pot.queryset = cycle.pots.order_by("pk")
        # Django would ask for them anew, by a cursor on the server.
        pots = sorted(pots_by_key(cycle).items())
        pot.choices = [("", pot.empty_label), *((key, each.name) for key, each in pots)]
        if gives_out:
            self.fields["reviewer"].queryset = reviewing_in(cycle)  # type: ignore[attr-defined]  # as declared
        else:
            del self.fields["reviewer"]


# Whether the reviews that are ticked are meant, or all that the board shows with its filters.
TICKED, ALL_SHOWN = "ticked", "all"


class AssignForm(forms.Form):
    """Give chosen reviews to somebody, or another deadline."""

    reviews = forms.ModelMultipleChoiceField(
        label=_("Reviews"), queryset=Review.objects.none(), required=False
    )
    which = forms.ChoiceField(
        choices=[(TICKED, _("Those that are ticked")), (ALL_SHOWN, _("All that are shown"))],
        required=False,
    )
    # How many were shown: where there are others by now, nothing is given out unseen.
    of = forms.IntegerField(required=False, min_value=0)
    reviewer = forms.ModelChoiceField(
        label=_("Give them to"),
        queryset=User.objects.none(),
        required=False,
        empty_label=_("whom they are with now"),
    )
    due_at = MomentField(label=_("Due"), required=False, help_text=_("Empty: as it is."))

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        self.fields["reviews"].queryset = Review.objects.waiting()  # type: ignore[attr-defined]  # as declared
        self.fields["reviewer"].queryset = people_with(Role.REVIEWER)  # type: ignore[attr-defined]  # as declared

    def clean(self) -> dict[str, Any]:
        """Some are chosen."""
        given = super().clean() or self.cleaned_data
        nothing = "reviews" in given and not given["reviews"]
        if nothing and given.get("which") != ALL_SHOWN:
            self.add_error("reviews", _("Choose at least one review in the list."))
        return given


def _for_good() -> forms.BooleanField:
    return forms.BooleanField(
        label=_("They are gone for good"),
        error_messages={"required": _("Say that you know: they are gone for good.")},
    )


class EmptyAllNotesForm(forms.Form):
    """That one knows what emptying does."""

    sure = _for_good()


class EmptyNotesForm(EmptyAllNotesForm):
    """The same of one review."""

    review = forms.IntegerField(widget=forms.HiddenInput)


class TakeBackReviewForm(forms.Form):
    """Why a review is taken back, and which one."""

    review = forms.IntegerField(widget=forms.HiddenInput)
    reason = _words(
        _("What is wrong with it"),
        1000,
        _("It stays here with the review. Only reviewers and administrators ever read it."),
    )


class OnBallotForm(forms.Form):
    """Which feasible proposals come on the ballot."""

    proposals = forms.ModelMultipleChoiceField(
        label=_("Projects"),
        # In the order of the desk: numbers on the ballot follow it.
        queryset=Proposal.objects.order_by("pk"),
        error_messages={"required": _("Choose at least one project in the list.")},
    )


class TakeOffForm(forms.Form):
    """Why something is taken off the ballot."""

    reason = _words(
        _("Why, for everybody to read"),
        1000,
        _("It stands on the page of the cycle and of the project, and its authors get it by mail."),
    )


class _ByTitle(forms.ModelChoiceField):  # type: ignore[type-arg]  # as Django declares it
    def label_from_instance(self, proposal: Proposal) -> str:
        return proposal.project.title


class KeepOffForm(forms.Form):
    """What is not put on the ballot, and why."""

    proposal = _ByTitle(label=_("Project"), queryset=Proposal.objects.none())
    reason = _words(
        _("Why, for everybody to read"),
        1000,
        _(
            "It stands on the page of the cycle and of the project. Its authors get it by mail as"
            " voting begins, where it is said by then."
        ),
    )

    def __init__(self, cycle: Cycle, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        feasible = Proposal.objects.to_look_at().filter(cycle=cycle, state=ProposalState.FEASIBLE)
        rows = feasible.select_related("project").defer("project__story", "project__search")
        cast("_ByTitle", self.fields["proposal"]).queryset = rows.order_by("pk")


class OtherPotForm(forms.Form):
    """Which pot of its cycle a proposal should ask instead."""

    pot = forms.ModelChoiceField(
        label=_("Pot"),
        queryset=Pot.objects.none(),
        empty_label=None,
        help_text=_("A pot of a place is for projects in that place."),
    )

    def __init__(self, proposal: Proposal, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        pots = Pot.objects.filter(cycle=proposal.cycle_id).exclude(pk=proposal.pot_id)
        self.fields["pot"].queryset = pots  # type: ignore[attr-defined]  # as declared


class GivePotForm(forms.Form):
    """Which pot the staff gives a proposal, and why."""

    pot = forms.ModelChoiceField(
        label=_("Pot"),
        queryset=Pot.objects.none(),
        empty_label=_("Choose one"),
        help_text=_("Those of this cycle whose money can go where the project is."),
    )
    reason = _words(_("Why, for its authors to read"), 1000, _("They get it by mail."))

    def __init__(self, *given: Any, proposal: Proposal, **options: Any) -> None:
        super().__init__(*given, **options)
        self.fields["pot"].queryset = other_pots(proposal)  # type: ignore[attr-defined]  # as declared


class GroupForm(forms.Form):
    """Which projects exclude each other, and what their group is called."""

    # Beside which pot it stands, so that it comes back there.
    of = forms.IntegerField(required=False, widget=forms.HiddenInput)
    options = forms.ModelMultipleChoiceField(
        label=_("Projects on the ballot"),
        queryset=Option.objects.all(),
        error_messages={"required": _("Choose projects in the list.")},
    )
    name = forms.CharField(
        label=_("Name of the group"),
        max_length=64,
        required=False,
        help_text=_("As “The old market hall”. It stands on the ballot. Empty: let them go."),
    )
