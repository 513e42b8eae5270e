"""Which election, which rules, how much money."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from budgeting.domain.ballots import BallotKind as CountedKind
from budgeting.domain.rules import RULES, fitting_rules
from budgeting.enums import BallotKind, Origin
from budgeting.models import Pot
from budgeting.templatetags.budgeting import rule_words
from civicfund.projects.forms import MoneyField

LARGEST_FILE = 30 * 2**20
USUALLY_TRIED = ("greedy", "equal_shares_cost_greedy", "equal_shares_cost_add1_greedy", "phragmen")


def chosen_for(rule: str, ballot: str) -> dict[str, Any]:
    """What the form begins with for a cycle of this rule and kind of ballot; {} for unknown ones.

    Its rule beside the usual ones that count such ballots, and the latest election of such.
    """
    if rule not in RULES or ballot not in BallotKind.values:
        return {}
    fitting = fitting_rules(CountedKind(ballot))
    usual = [name for name in USUALLY_TRIED if name in fitting] or fitting
    of_such = Pot.objects.filter(cycle__origin=Origin.IMPORTED, cycle__ballot_kind=ballot)
    return {"rules": list(dict.fromkeys([rule, *usual])), "pot": of_such.order_by("pk").last()}


class PastElection(forms.ModelChoiceField[Pot]):
    """A pot of an imported cycle, named by both."""

    def label_from_instance(self, pot: Pot) -> str:
        """The cycle's title, and the pot's where it is another."""
        title = str(pot.cycle)
        return title if pot.name == title else f"{title}: {pot.name}"


class TrialForm(forms.Form):
    """What an administrator wants to know before a cycle names its rule."""

    pot = PastElection(
        label=_("Past election"),
        queryset=Pot.objects.none(),
        required=False,
        empty_label=_("The file below"),
    )
    upload = forms.FileField(
        label=_("Or a published election"),
        required=False,
        help_text=_("A .pb file of up to 30 MB."),
        widget=forms.ClearableFileInput(attrs={"accept": ".pb"}),
    )
    rules = forms.MultipleChoiceField(
        label=_("Rules to compare"),
        widget=forms.CheckboxSelectMultiple,
        initial=USUALLY_TRIED,
        help_text=_("Those that do not count such ballots are left out."),
    )
    amount = MoneyField(
        label=_("With another amount"),
        required=False,
        help_text=_("In the election's currency. Left empty: what was in its pot."),
    )

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        pots = Pot.objects.filter(cycle__origin=Origin.IMPORTED).select_related("cycle")
        self.fields["pot"].queryset = pots.order_by("cycle__title", "position")  # type: ignore[attr-defined]
        self.fields["rules"].choices = [(rule, rule_words(rule)) for rule in RULES]  # type: ignore[attr-defined]

    def clean_upload(self) -> Any:
        """Not larger than one election is."""
        upload = self.cleaned_data["upload"]
        if upload and upload.size > LARGEST_FILE:
            raise forms.ValidationError(_("This file is larger than 30 MB."))
        return upload

    def clean(self) -> dict[str, Any]:
        """One election, and not two."""
        if self.cleaned_data.get("pot") and self.cleaned_data.get("upload"):
            self.add_error("upload", _("Choose a past election or a file, not both."))
        return self.cleaned_data
