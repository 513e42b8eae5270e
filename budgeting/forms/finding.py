"""What the proposals of a cycle are narrowed by, on its page."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from budgeting.enums import BY_SUPPORTS, SHORT_OF_SUPPORTS, ProposalOrder, ProposalState
from budgeting.models import Pot
from budgeting.selectors import Wanted
from civicfund.places.models import Neighborhood
from civicfund.projects.enums import Category
from civicfund.projects.forms import PlaceField

# What is out of the cycle is on no list.
_STATES = [(each.value, each.label) for each in ProposalState if each != ProposalState.LEFT]


class ProposalFilter(forms.Form):
    """Words, pot, subject, place, where a proposal stands, and the order."""

    q = forms.CharField(label=_("Search"), max_length=200, required=False)
    pot = forms.TypedChoiceField(
        label=_("Pot"), required=False, coerce=int, empty_value=None, choices=[]
    )
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
    state = forms.ChoiceField(label=_("Where it stands"), required=False)
    sort = forms.ChoiceField(label=_("Order"), required=False)

    def __init__(self, pots: Collection[Pot], asked: QueryDict | None = None) -> None:
        """For the pots of one cycle; by supports only where one of these needs any."""
        super().__init__(asked, auto_id="find-%s")
        self.needs_supports = any(pot.supports_needed for pot in pots)
        self._offer("pot", _("Every pot"), [(pot.pk, pot.name) for pot in pots])
        short = [(SHORT_OF_SUPPORTS, _("Short of supports"))] if self.needs_supports else []
        self._offer("state", _("Anywhere"), [*_STATES, *short])
        orders = [
            (each.value, each.label)
            for each in ProposalOrder
            if self.needs_supports or each not in BY_SUPPORTS
        ]
        self._offer("sort", _("Pot by pot, or best match"), orders)

    def _offer(self, name: str, empty: Any, choices: list[tuple[Any, Any]]) -> None:
        self.fields[name].choices = [("", empty), *choices]  # type: ignore[attr-defined]  # as declared

    @property
    def wanted(self) -> Wanted:
        """What was asked for, once it is valid."""
        given = self.cleaned_data
        return Wanted(
            words=given["q"],
            pot=given["pot"],
            category=given["category"],
            place=given["neighborhood"],
            state=given["state"],
            order=given["sort"],
        )
