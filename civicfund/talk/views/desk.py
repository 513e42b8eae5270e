"""The moderators' desk."""

from __future__ import annotations

from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from civicfund import staff
from civicfund.audit.admin import events_of
from civicfund.parsing import whole_number
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.people.requests import SignedInRequest
from civicfund.projects.forms import HidingForm
from civicfund.projects.selectors.moderation import first_flagged_projects, first_project_appeals
from civicfund.projects.views.moderation import UNSEEN
from civicfund.talk.access import (
    Subject,
    closed_subject,
    comment_to_judge,
    concerning,
    visible_subjects,
)
from civicfund.talk.enums import AppealOutcome, Wrong
from civicfund.talk.forms import TickedForm
from civicfund.talk.models import Comment
from civicfund.talk.selectors.desks import first_appeals, flagged_paged, last_flag
from civicfund.talk.services import (
    TalkError,
    decide_appeal,
    dismiss_flags,
    hide_comment,
    restore_comment,
    why_for_another,
)

moderators_only = staff.only(Role.MODERATOR)

Act = Callable[[Comment, Subject, User], object]
UNSEEN_HERE = gettext_lazy("It was reported again after you opened this page: look at it anew.")
# Comments that could not be judged, each with why.
Refused = list[tuple[Comment, str]]
# By what the button sends: the act, and what is said when it is done.
JUDGEMENTS: dict[str, tuple[Act, Promise | str]] = {
    "restore": (
        lambda comment, subject, by: restore_comment(comment, subject, by=by),
        gettext_lazy("Everybody can read it again."),
    ),
    "uphold": (
        lambda comment, subject, by: decide_appeal(
            comment, subject, by=by, outcome=AppealOutcome.UPHELD
        ),
        gettext_lazy("It stays hidden. Its author is told."),
    ),
    "lift": (
        lambda comment, subject, by: decide_appeal(
            comment, subject, by=by, outcome=AppealOutcome.LIFTED
        ),
        gettext_lazy("Everybody can read it again."),
    ),
}


@moderators_only
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def desk(request: SignedInRequest) -> HttpResponse:
    """What waits, and for those of the comments that are ticked one judgement at once."""
    form = TickedForm(request.POST or None)
    refused: Refused = []
    if form.is_bound and form.is_valid():
        done, refused = _judge_ticked(form, request.user)
        if done:
            messages.success(request, _said_of(form.cleaned_data["act"], done))
        if not refused:
            return redirect("comments_desk")
    return _desk_page(request, form, refused)


def _judge_ticked(form: TickedForm, by: User) -> tuple[int, Refused]:
    """How many were judged, and those that were not."""
    given, done = form.cleaned_data, 0
    refused: Refused = []
    for ticked in given["comments"]:
        comment, subject = comment_to_judge(by, ticked.pk)
        try:
            if given["act"] == "hide":
                why = {"reason": Wrong(given["reason"]), "words": given["words"]}
                hide_comment(comment, subject, by=by, **why)
            else:
                dismiss_flags(comment, subject, by=by, seen=given["seen"])
                if comment.flags.waiting().exists():
                    raise TalkError(UNSEEN_HERE)
        except TalkError as refusal:
            refused.append((comment, str(refusal)))
        else:
            done += 1
    return done, refused


def _said_of(act: str, done: int) -> str:
    if act == "hide":
        return ngettext(
            "%(n)s comment is hidden. Its author is told, and may appeal.",
            "%(n)s comments are hidden. Their authors are told, and may appeal.",
            done,
        ) % {"n": done}
    return ngettext(
        "%(n)s comment stays. The flags are answered.",
        "%(n)s comments stay. The flags are answered.",
        done,
    ) % {"n": done}


def _desk_page(request: SignedInRequest, form: TickedForm, refused: Refused) -> HttpResponse:
    """Appeals that I may decide, then what is reported, projects before comments; of each the
    longest waiting first.
    """
    seen = last_flag()  # before what is shown: a report in between is noticed
    appeals = first_appeals(request.user.pk)
    page = flagged_paged().get_page(request.GET.get("page"))
    comments = [*page, *(hiding.comment for hiding in appeals)]
    named = visible_subjects(
        request.user, {(each.thread.kind, each.thread.subject_id) for each in comments}
    )
    theirs = concerning(request.user, named.values())
    context = {
        "project_appeals": first_project_appeals(request.user.pk),
        "flagged_projects": first_flagged_projects(),
        "appeals": [
            (each, about.title)
            for each in appeals
            if (about := _about(each.comment, named)) not in theirs
        ],
        "page": page,
        "flagged": [(each, _about(each, named).title) for each in page],
        "form": form,
        "ticked": request.POST.getlist("comments"),
        "seen": seen,
        "refused": refused,
    }
    status = 400 if refused or form.errors else 200
    return render(request, "talk/desk.html", context, status=status)


def _about(comment: Comment, named: dict[tuple[str, int], Subject]) -> Subject:
    key = comment.thread.kind, comment.thread.subject_id
    return named.get(key) or closed_subject(*key)


@moderators_only
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def judge(request: SignedInRequest, pk: int) -> HttpResponse:
    """One comment: what people say of it, what was done, and what to do."""
    comment, subject = comment_to_judge(request.user, pk)
    act = request.POST.get("act", "")
    form = HidingForm(request.POST if act == "hide" else None)
    refused = ""
    try:
        if act == "dismiss":
            return _dismiss(request, comment, subject)
        if act in JUDGEMENTS:
            done, said = JUDGEMENTS[act]
            done(comment, subject, request.user)
            messages.success(request, str(said))
            return redirect("comments_desk")
        if form.is_bound and form.is_valid():
            reason, words = Wrong(form.cleaned_data["reason"]), form.cleaned_data["words"]
            hide_comment(comment, subject, by=request.user, reason=reason, words=words)
            messages.success(request, _("Hidden. Its author is told, and may appeal."))
            return redirect("comments_desk")
    except TalkError as refusal:
        refused = str(refusal)
    return _judge_page(request, comment, subject, form, refused)


def _dismiss(request: SignedInRequest, comment: Comment, subject: Subject) -> HttpResponse:
    """Answer the flags that their page showed; where it says none, they read none."""
    seen = whole_number(request.POST.get("seen", "")) or 0
    dismiss_flags(comment, subject, by=request.user, seen=seen)
    if comment.flags.waiting().exists():
        messages.warning(request, UNSEEN)
        return redirect("judge_comment", comment.pk)
    messages.success(request, _("It stays. The flags are answered."))
    return redirect("comments_desk")


def _judge_page(
    request: SignedInRequest, comment: Comment, subject: Subject, form: forms.Form, refused: str
) -> HttpResponse:
    context = {
        "comment": comment,
        "subject": subject,
        "flags": comment.flags.order_by("pk"),
        "hidings": comment.hidings.select_related("hidden_by", "decided_by", "lifted_by"),
        "events": events_of(comment).select_related("actor"),
        "form": form,
        "refused": refused,
        "for_another": why_for_another(comment, subject, request.user),
    }
    status = 400 if refused or form.errors else 200
    return render(request, "talk/judge.html", context, status=status)
