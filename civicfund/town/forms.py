"""What treasurers fill in."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

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
    # The refund's own: a form that is sent twice gives back once.
    number = forms.UUIDField(widget=forms.HiddenInput, required=False, initial=uuid4)

    def terms(self) -> dict[str, Any]:
        """What was written, in the services' words."""
        data = self.cleaned_data
        return {
            "amount_minor": data["amount"], "reason": data["reason"], "number": data["number"],
        }  # fmt: skip


class CampaignRefundForm(forms.Form):
    """Why a whole campaign is given back."""

    reason = forms.ChoiceField(label=_("Why"), choices=REASONS)

    def terms(self) -> dict[str, Any]:
        """What was written, in the services' words."""
        return {"reason": self.cleaned_data["reason"]}
