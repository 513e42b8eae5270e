"""What a treasurer says of a difference."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from civicfund.reconciliation.models import Difference
from civicfund.templatetags.money import money

CORRECT, LEAVE = "correct", "leave"


class ExplanationForm(forms.Form):
    """What it is, and whether the books are corrected by it."""

    words = forms.CharField(
        label=gettext_lazy("What it is"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Whoever checks the books later reads it. Name no backers."),
    )
    correct = forms.ChoiceField(label=gettext_lazy("The books"), widget=forms.RadioSelect)

    def __init__(self, difference: Difference, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        field: Any = self.fields["correct"]
        field.choices = [(LEAVE, _("are right as they are: words are enough"))]
        if off := difference.off_minor:
            words = (
                _("say %(amount)s too little, and are corrected, with a second treasurer")
                if off > 0
                else _("say %(amount)s too much, and are corrected, with a second treasurer")
            )
            field.choices += [(CORRECT, words % {"amount": money(abs(off))})]

    def terms(self) -> dict[str, Any]:
        """What was written, in the services' words."""
        data = self.cleaned_data
        return {"words": data["words"], "correct": data["correct"] == CORRECT}
