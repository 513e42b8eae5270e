"""What an owner fills in to plan."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from civicfund.delivery.services.planning import WHOLE_PERCENT, Step
from civicfund.fields import DayField
from civicfund.words import one_line

MOST_MILESTONES = 6


class StepForm(forms.Form):
    """One milestone; all fields empty leave it out."""

    title = forms.CharField(label=_("Title"), required=False, max_length=120)
    shows = forms.CharField(label=_("What will be shown"), required=False, max_length=300)
    due_on = DayField(label=_("By"), required=False)
    share_percent = forms.IntegerField(
        label=_("Share in percent"), required=False, min_value=1, max_value=WHOLE_PERCENT
    )

    def clean(self) -> dict[str, Any]:
        """All of it or nothing."""
        given = self.cleaned_data
        for name in ("title", "shows"):
            given[name] = one_line(given.get(name) or "")
        if any(given.get(name) for name in self.fields) or self.errors:
            for name in self.fields:
                if not given.get(name) and name not in self.errors:
                    self.add_error(name, _("This is missing; an empty milestone is left out."))
        return given

    def step(self) -> Step | None:
        """The milestone, where there is one."""
        given = self.cleaned_data
        if not given.get("title"):
            return None
        return Step(given["title"], given["shows"], given["due_on"], given["share_percent"])


StepForms = forms.formset_factory(
    StepForm,
    extra=MOST_MILESTONES,
    max_num=MOST_MILESTONES,
    absolute_max=MOST_MILESTONES,
    validate_max=True,
)


def steps_of(forms_: forms.BaseFormSet[StepForm]) -> list[Step]:
    """The milestones that say something, in order."""
    return [step for form in forms_.forms if (step := form.step())]
