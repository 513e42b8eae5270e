"""How a creator narrows the list of their campaign's backers."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from civicfund.pledges.enums import PLEDGED
from civicfund.pledges.models import Campaign, ChosenAddOn

NONE = "none"
SORTS = {
    "newest": (_("Newest first"), ("-confirmed_at", "pk")),
    "oldest": (_("Oldest first"), ("confirmed_at", "pk")),
    "most": (_("Highest amount first"), ("-amount_minor", "-confirmed_at", "pk")),
}


class BackersForm(forms.Form):
    """By what they chose, by what became of it, and in which order; all of it optional."""

    chose = forms.ChoiceField(label=_("What they chose"), required=False)
    state = forms.ChoiceField(
        label=_("What has become of it"),
        required=False,
        choices=[("", _("Anything")), *((state.value, state.label) for state in PLEDGED)],
    )
    sort = forms.ChoiceField(
        label=_("Order"),
        required=False,
        choices=[(name, label) for name, (label, _columns) in SORTS.items()],
    )

    def __init__(self, campaign: Campaign, *given: Any, **options: Any) -> None:
        """``campaign`` is whose rewards and add-ons may be chosen."""
        super().__init__(*given, **options)
        self.fields["chose"].choices = lambda: [  # type: ignore[attr-defined]  # as declared
            ("", _("Anything")),
            *((str(each.pk), each.title) for each in campaign.rewards.all()),
            (NONE, _("No reward")),
        ]

    @property
    def narrowed(self) -> Q:
        """What was asked for of pledges; everything where nothing valid was."""
        said, found = self.cleaned_data if self.is_valid() else {}, Q()
        chose = said.get("chose")
        if chose == NONE:
            found &= Q(reward=None)
        elif chose:
            # Not by a join: a pledge with several add-ons is one pledge.
            chosen = ChosenAddOn.objects.filter(add_on=int(chose)).order_by()
            found &= Q(reward=int(chose)) | Q(pk__in=chosen.values("pledge"))
        if said.get("state"):
            found &= Q(state=said["state"])
        return found

    @property
    def order(self) -> tuple[str, ...]:
        """In a definite order, the newest first where none was asked for."""
        name = (self.cleaned_data.get("sort") if self.is_valid() else "") or "newest"
        return SORTS[name][1]
