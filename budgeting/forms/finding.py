"""What the proposals of a cycle are narrowed by, on its page."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from budgeting.enums import (
    BY_SUPPORTS,
    UNDER_WAY,
    CycleState,
    Fate,
    ProposalOrder,
    ProposalState,
)
from budgeting.models import Cycle, Pot
from budgeting.selectors import Wanted, is_too_late
from civicfund.places.models import Neighborhood
from civicfund.projects.enums import Category
from civicfund.projects.forms import PlaceField

# What is out of the cycle is on no list.
_STATES = [each for each in ProposalState if each != ProposalState.LEFT]


def _places(cycle: Cycle) -> list[ProposalState | Fate]:
    """Where proposals of the cycle may stand by now, as lines say it."""
    if cycle.state == CycleState.CANCELLED:
        return [ProposalState.NOT_FEASIBLE, Fate.CALLED_OFF]
    if is_too_late(cycle):
        fates = [each for each in Fate if each != Fate.CALLED_OFF]
        return [*(each for each in _STATES if each not in UNDER_WAY), *fates]
    return [*_STATES, Fate.SHORT]


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

    def __init__(self, cycle: Cycle, pots: Collection[Pot], asked: QueryDict | None = None) -> None:
        """For a cycle and its pots; by supports only where one of these needs any."""
        super().__init__(asked, auto_id="find-%s")
        self.needs_supports = any(pot.supports_needed for pot in pots)
        self._offer("pot", _("Every pot"), [(pot.pk, pot.name) for pot in pots])
        self._offer("state", _("Anywhere"), self._stands(cycle, asked))
        orders = [
            (each.value, each.label)
            for each in ProposalOrder
            if self.needs_supports or each not in BY_SUPPORTS
        ]
        self._offer("sort", _("Pot by pot, or best match"), orders)

    def _stands(self, cycle: Cycle, asked: QueryDict | None) -> list[tuple[Any, Any]]:
        """Where they may stand, and what an address from before asks for, though none does now."""
        known = [each for each in (*_STATES, *Fate) if self.needs_supports or each != Fate.SHORT]
        offered, given = _places(cycle), asked.get("state") if asked else None
        return [(each.value, each.label) for each in known if each in offered or each == given]

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
