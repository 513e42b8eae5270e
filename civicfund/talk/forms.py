"""What people write."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from civicfund.projects.forms import HidingForm
from civicfund.talk.access import Subject
from civicfund.talk.enums import Pace
from civicfund.talk.models import LONGEST, Comment


class CommentForm(forms.Form):
    """Words, in paragraphs."""

    body = forms.CharField(
        label=_("Your comment"),
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_(
            "Plain words; an address becomes a link. Everybody reads this, beside your name."
        ),
    )


class ThreadForm(CommentForm):
    """Words that begin something: they may be a question to the city, or to who runs this."""

    asks_city = forms.BooleanField(label=_("This is a question to the city"), required=False)
    asks_creator = forms.BooleanField(
        label=_("This is a question to the campaign's creator"), required=False
    )

    def __init__(self, *given: Any, subject: Subject, **named: Any) -> None:
        super().__init__(*given, **named)
        if not subject.has_creator:
            del self.fields["asks_creator"]


class AnswerForm(CommentForm):
    """What a spokesperson answers for the city."""

    body = forms.CharField(
        label=_("The city's answer"),
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("Everybody reads this, marked as the city's answer, beside your name."),
    )


class PaceForm(forms.Form):
    """How often mail comes, and whether the town may write."""

    pace = forms.ChoiceField(
        label=_("Mail about what I follow, and milestones of what I back"),
        choices=Pace.choices,
        widget=forms.RadioSelect,
    )
    backing = forms.BooleanField(
        label=_("Updates of campaigns that I back come by mail, at once"),
        required=False,
        help_text=_("If not, no mail tells of their milestones either, unless you follow them."),
    )
    voting = forms.BooleanField(label=_("Mail reminds me to vote"), required=False)
    reviewing = forms.BooleanField(
        label=_("Mail tells me of reviews that are mine to give, and when they are due"),
        required=False,
    )
    desks = forms.BooleanField(
        label=_("Once a day, mail tells me of what waits at my desks"), required=False
    )
    second = forms.BooleanField(
        label=_("Mail tells me at once of acts that wait for a second person"), required=False
    )
    town = forms.BooleanField(
        label=_("The town may write to me about its votes"),
        required=False,
        help_text=_("A few mails for each vote: what begins, what ends, what came of it."),
    )

    def __init__(self, *given: Any, reviews: bool, staff: bool, **named: Any) -> None:
        """Only who ``reviews`` is asked about reviews, and only ``staff`` about their desks."""
        super().__init__(*given, **named)
        if not reviews:
            del self.fields["reviewing"]
        if not staff:
            del self.fields["desks"], self.fields["second"]


class TickedForm(HidingForm):
    """One judgement of all reported comments that are ticked."""

    comments = forms.ModelMultipleChoiceField(
        label=_("Comments"),
        queryset=Comment.objects.order_by("pk"),
        error_messages={"required": _("Tick at least one comment in the list.")},
    )
    act = forms.ChoiceField(label=_("What to do"), choices=[("hide", ""), ("dismiss", "")])
    # The newest report of any comment when the page was read.
    seen = forms.IntegerField(
        min_value=0, max_value=2**63 - 1, required=False, widget=forms.HiddenInput
    )

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.fields["reason"].required = self.data.get("act") == "hide"
