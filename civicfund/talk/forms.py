"""What people write."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.timezone import make_aware
from django.utils.translation import gettext_lazy as _

from civicfund.fields import DayField
from civicfund.people.models import User
from civicfund.places.models import Neighborhood
from civicfund.projects.enums import FLAG_REASONS
from civicfund.projects.forms import AppealForm, FlagForm, HidingForm
from civicfund.projects.forms.writing import PlaceField
from civicfund.projects.models import Project
from civicfund.talk.access import Subject
from civicfund.talk.enums import PAUSE_DAYS, Pace, Wrong
from civicfund.talk.models import LONGEST, Comment
from civicfund.talk.selectors.moderation import COMMENT, PROJECT, Wanted


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


class PauseForm(FlagForm):
    """Why, and for how long, somebody writes nothing."""

    days = forms.TypedChoiceField(
        label=_("For how long?"),
        choices=list(zip(PAUSE_DAYS, (_("1 day"), _("7 days"), _("30 days")), strict=True)),
        coerce=int,
        widget=forms.RadioSelect,
    )
    words = forms.CharField(
        label=_("In words"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("They read this; nobody else but moderators does."),
    )


class PauseAppealForm(AppealForm):
    """Why somebody should be let write again."""

    words = forms.CharField(
        label=_("Why should you be let write again?"),
        max_length=1_000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Moderators read this, nobody else."),
    )


class NoticesForm(forms.Form):
    """Which of their notices somebody reads."""

    kind = forms.ChoiceField(
        label=_("What"),
        choices=[
            ("", _("everything")),
            ("said", _("What people said")),
            ("facts", _("What happened")),
        ],
        required=False,
    )

    @property
    def narrowed(self) -> Q:
        """What was asked for; everything where nothing valid was."""
        kind = self.cleaned_data["kind"] if self.is_valid() else ""
        return Q(comment__isnull=kind == "facts") if kind else Q()


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


class DeskForm(forms.Form):
    """What a moderator's list is narrowed to; all of it optional."""

    kind = forms.ChoiceField(
        label=_("What"),
        choices=[
            ("", _("everything")),
            ("appeals", _("Appeals")),
            ("projects", _("Reported projects")),
            ("comments", _("Reported comments")),
        ],
        required=False,
    )
    reason = forms.ChoiceField(
        label=_("Why"), choices=[("", _("every reason")), *FLAG_REASONS], required=False
    )
    place = PlaceField(
        label=_("Where"),
        queryset=Neighborhood.objects.widest_first().defer("boundary"),
        to_field_name="slug",
        empty_label=_("Everywhere"),
        required=False,
    )

    @property
    def wanted(self) -> Wanted:
        """What was asked for; everything where nothing valid was."""
        said = self.cleaned_data if self.is_valid() else {}
        return Wanted(
            kind=said.get("kind", ""), reason=said.get("reason", ""), place=said.get("place")
        )


class HiddenForm(DeskForm):
    """What a list of what was hidden is narrowed to."""

    kind = forms.ChoiceField(
        label=_("What"),
        choices=[("", _("everything")), (PROJECT, _("Projects")), (COMMENT, _("Comments"))],
        required=False,
    )
    reason = forms.ChoiceField(
        label=_("Why"), choices=[("", _("every reason")), *Wrong.choices], required=False
    )
    by = forms.ChoiceField(label=_("Hidden by"), choices=[], required=False)
    since = DayField(label=_("From the day"), required=False)

    def __init__(self, people: Iterable[User], *given: Any, **named: Any) -> None:
        """``people`` are those who hid something."""
        super().__init__(*given, **named)
        self.fields["by"].choices = [  # type: ignore[attr-defined]  # as declared
            ("", _("everybody")),
            *((str(each.pk), str(each)) for each in people),
        ]

    @property
    def wanted(self) -> Wanted:
        """What was asked for; everything where nothing valid was."""
        said = self.cleaned_data if self.is_valid() else {}
        since = said.get("since")
        return Wanted(
            kind=said.get("kind", ""),
            reason=said.get("reason", ""),
            place=said.get("place"),
            by=int(said["by"]) if said.get("by") else None,
            since=make_aware(datetime.combine(since, time())) if since else None,
        )


class AuthorForm(HidingForm):
    """One reason to hide all that is ticked of what one account wrote."""

    comments = forms.ModelMultipleChoiceField(
        label=_("Comments"), queryset=Comment.objects.none(), required=False
    )
    projects = forms.ModelMultipleChoiceField(
        label=_("Projects"), queryset=Project.objects.none(), required=False
    )

    def __init__(self, author: User, *given: Any, **named: Any) -> None:
        """Only what the ``author`` wrote can be ticked."""
        super().__init__(*given, **named)
        comments = Comment.objects.filter(author=author).order_by("pk")
        projects = Project.objects.filter(proposer=author).order_by("pk")
        self.fields["comments"].queryset = comments  # type: ignore[attr-defined]  # as declared
        self.fields["projects"].queryset = projects  # type: ignore[attr-defined]  # as declared

    def clean(self) -> dict[str, Any]:
        """Something is ticked."""
        given = self.cleaned_data
        if not self.errors and not (given["comments"] or given["projects"]):
            raise forms.ValidationError(_("Tick something in the list."))
        return given
