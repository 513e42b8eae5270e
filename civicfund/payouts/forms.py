"""What treasurers fill in to pay a project."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from civicfund.delivery.models import Milestone
from civicfund.payouts.enums import METHODS, Method, Source
from civicfund.payouts.models import Payout
from civicfund.projects.forms import MoneyField


class PayoutForm(forms.Form):
    """How much of one source leaves, and how."""

    amount = MoneyField(label=_("Amount"))
    method = forms.ChoiceField(label=_("How"))
    milestone = forms.ModelChoiceField(Milestone.objects.none(), label=_("For which milestone"))

    def __init__(
        self,
        source: Source,
        reached: QuerySet[Milestone] | None,
        *args: Any,
        has_account: bool = True,
        **options: Any,
    ) -> None:
        """``reached`` are the milestones that may be named; None where the project has no plan.
        Without an account of the owner's no transfer can be chosen.
        """
        super().__init__(*args, **options | {"prefix": str(source)})
        self.source = source
        field: Any = self.fields["method"]
        field.choices = [
            (method.value, method.label)
            for method in METHODS[source]
            if has_account or method != Method.TRANSFER
        ]
        if reached is None:
            del self.fields["milestone"]
        else:
            named: Any = self.fields["milestone"]
            named.queryset = reached

    def terms(self) -> dict[str, Any]:
        """What was written, in the services' words."""
        data = self.cleaned_data
        return {
            "source": self.source,
            "method": Method(data["method"]),
            "amount_minor": data["amount"],
            "milestone": data.get("milestone"),
        }


class ReversalForm(forms.Form):
    """How much of a transfer is taken back."""

    amount = MoneyField(label=_("How much, from the owner's account at the provider"))

    def __init__(self, payout: Payout, data: QueryDict) -> None:
        """Filled in where ``data`` asks for this payout's money."""
        asked = (data.get("act"), data.get("row")) == ("take-back", str(payout.pk))
        super().__init__(data if asked else None, auto_id=f"take-{payout.pk}-%s")
