"""What treasurers fill in."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from civicfund.pledges.enums import GIVEN_REASONS
from civicfund.projects.forms import MoneyField

REASONS = [(reason.value, reason.label) for reason in GIVEN_REASONS]


class RefundForm(forms.Form):
    """How much of a pledge to give back, and why."""

    amount = MoneyField(
        label=_("Give back"), required=False, help_text=_("Leave it empty for all that is left.")
    )
    reason = forms.ChoiceField(label=_("Why"), choices=REASONS)

    def terms(self) -> dict[str, Any]:
        """What was written, in the services' words."""
        data = self.cleaned_data
        return {"amount_minor": data["amount"], "reason": data["reason"]}


class CampaignRefundForm(forms.Form):
    """Why a whole campaign is given back."""

    reason = forms.ChoiceField(label=_("Why"), choices=REASONS)

    def terms(self) -> dict[str, Any]:
        """What was written, in the services' words."""
        return {"reason": self.cleaned_data["reason"]}
