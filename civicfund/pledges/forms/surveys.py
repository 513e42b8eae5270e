"""What a creator asks backers, and what they answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from civicfund.pledges.enums import QuestionKind
from civicfund.pledges.models import Pledge, Survey, SurveyQuestion
from civicfund.pledges.models.surveys import LONGEST_ANSWER
from civicfund.pledges.services.surveys import (
    LONGEST_ADDRESS,
    MOST_QUESTIONS,
    Asked,
    is_sent,
)

_QUESTION = "question_"
EMPTY_QUESTIONS_OFFERED = 3


class SurveyForm(forms.Form):
    """What is said before the questions."""

    intro = forms.CharField(
        label=_("What you want to say first"),
        required=False,
        max_length=1_000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class QuestionForm(forms.Form):
    """One question; left empty it is left out."""

    words = forms.CharField(label=_("Question"), required=False, max_length=200)
    kind = forms.ChoiceField(
        label=_("How it is answered"), choices=QuestionKind.choices, initial=QuestionKind.TEXT
    )
    choices = forms.CharField(
        label=_("Choices, each on a line of its own"),
        required=False,
        max_length=1_200,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    may_be_empty = forms.BooleanField(label=_("It may be left empty"), required=False)

    def clean_choices(self) -> list[str]:
        """The lines that say something."""
        lines = [line.strip() for line in self.cleaned_data["choices"].splitlines()]
        if any(len(line) > 80 for line in lines):
            raise forms.ValidationError(_("A choice has at most 80 characters."))
        return [line for line in lines if line]

    def asked(self) -> Asked | None:
        """The question, where there is one."""
        data = self.cleaned_data
        if not data.get("words"):
            return None
        kind = QuestionKind(data["kind"])
        choices = tuple(data["choices"]) if kind == QuestionKind.CHOICE else ()
        return Asked(data["words"], kind, choices, data["may_be_empty"])


Questions = forms.formset_factory(
    QuestionForm,
    extra=EMPTY_QUESTIONS_OFFERED,
    max_num=MOST_QUESTIONS,
    absolute_max=MOST_QUESTIONS,
    validate_max=True,
)


def questions_as_typed(survey: Survey | None) -> list[dict[str, Any]]:
    """What an edit of a draft starts from."""
    questions = survey.questions.all() if survey else SurveyQuestion.objects.none()
    return [
        {
            "words": each.words,
            "kind": each.kind,
            "choices": "\n".join(each.choices),
            "may_be_empty": each.may_be_empty,
        }
        for each in questions
    ]


class AnswerForm(forms.Form):
    """The questions of a survey, and where to, of what goes by post."""

    def __init__(
        self,
        *given: Any,
        survey: Survey,
        pledge: Pledge,
        said: Mapping[int, str],
        address: str,
        **named: Any,
    ) -> None:
        super().__init__(*given, **named)
        for question in survey.questions.all():
            self.fields[f"{_QUESTION}{question.pk}"] = _field_of(question, said.get(question.pk))
        if is_sent(pledge):
            self.fields["address"] = forms.CharField(
                label=_("Your name and address"),
                max_length=LONGEST_ADDRESS,
                initial=address,
                widget=forms.Textarea(attrs={"rows": 4, "autocomplete": "street-address"}),
                help_text=_("As it stands on a parcel. The creator reads it, nobody else."),
            )

    @property
    def replies(self) -> dict[int, str]:
        """What was said, by the question's id."""
        return {
            int(name.removeprefix(_QUESTION)): value
            for name, value in self.cleaned_data.items()
            if name.startswith(_QUESTION)
        }

    def refuse(self, field: str, why: str) -> None:
        """Show a service's refusal beside what it is about."""
        name = f"{_QUESTION}{field}" if field.isdecimal() else field
        self.add_error(name if name in self.fields else None, why)


def _field_of(question: SurveyQuestion, said: str | None) -> forms.Field:
    named: dict[str, Any] = {
        "label": question.words,
        "required": not question.may_be_empty,
        "initial": said,
    }
    if question.kind == QuestionKind.TEXT:
        return forms.CharField(max_length=LONGEST_ANSWER, **named)
    choices = list(question.answers)
    if question.may_be_empty:
        choices.append(("", str(_("No answer"))))
    return forms.ChoiceField(choices=choices, widget=forms.RadioSelect, **named)
