"""The moderators' desk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Page
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from civicfund import staff
from civicfund.audit.selectors import newest_in_words
from civicfund.parsing import whole_number
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.people.requests import SignedInRequest
from civicfund.projects.access import written_among
from civicfund.projects.forms import HidingForm
from civicfund.projects.models import Project, ProjectHiding
from civicfund.projects.selectors.moderation import (
    MOST_ON_DESK,
    first_flagged_projects,
    first_project_appeals,
)
from civicfund.projects.views.moderation import UNSEEN
from civicfund.talk.access import (
    Subject,
    comment_to_judge,
    concerning,
    subject_among,
    subjects_of,
)
from civicfund.talk.enums import COMMENT_EVENT_WORDS, AppealOutcome, Wrong
from civicfund.talk.forms import DeskForm, TickedForm
from civicfund.talk.models import Comment, Hiding, Pause
from civicfund.talk.selectors.desks import first_appeals, last_flag, told_to_staff
from civicfund.talk.selectors.moderation import (
    Wanted,
    appeals_page,
    comment_appeals,
    project_appeals,
    reported_comments_paged,
    reported_projects,
    reported_projects_paged,
)
from civicfund.talk.selectors.pauses import pause_appeals_now
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
            said = _said_of(form.cleaned_data["act"], done)
            hides = form.cleaned_data["act"] == "hide"
            messages.success(request, to_hidden(said, request.user) if hides else said)
        if not refused:
            return redirect(request.get_full_path())
    return _desk_page(request, form, refused)


def to_hidden(said: str, by: User) -> SafeString:
    """What is said of what somebody hid, with the way to it."""
    address = f"{reverse('hidden_desk')}?by={by.pk}"
    return format_html('{} <a href="{}">{}</a>', said, address, _("What was hidden"))


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
    longest waiting first. Narrowed to one of them, a page of it.
    """
    seen = last_flag()  # before what is shown: a report in between is noticed
    narrowing = DeskForm(request.GET or None)
    wanted = narrowing.wanted
    desk = _Desk(request.user, wanted, request.GET.get("page"))
    comments = desk.comments
    context = {
        "narrowing": narrowing,
        "wanted": wanted,
        "appeals": desk.appeals,
        "more_appeals": desk.more_appeals,
        "pause_appeals": _pause_appeals(request.user, wanted),
        "flagged_projects": desk.projects[:MOST_ON_DESK],
        "more_projects": desk.more_projects,
        "most": MOST_ON_DESK,
        "page": desk.page,
        "flagged": [(each, desk.about(each).title) for each in comments],
        "form": form,
        "ticked": request.POST.getlist("comments"),
        "seen": seen,
        "refused": refused,
    }
    status = 400 if refused or form.errors or (request.GET and narrowing.errors) else 200
    return render(request, "talk/desk.html", context, status=status)


def _pause_appeals(moderator: User, wanted: Wanted) -> list[Pause]:
    """Appeals against pauses, which lie in no place: all of them, since they are few."""
    if wanted.place or wanted.reason or wanted.kind not in ("", "appeals"):
        return []
    return pause_appeals_now(moderator.pk)


class _Desk:
    """What stands on a moderator's desk, as it is narrowed."""

    def __init__(self, moderator: User, wanted: Wanted, number: str | None) -> None:
        self.moderator, self.wanted = moderator, wanted
        self.page: Page[Any] | None = None
        self.more_appeals = self.more_projects = False
        self.comments: list[Comment] = []
        self.projects: list[Project] = []
        hidings = self._hidings(number) if wanted.kind in ("", "appeals") else []
        if wanted.kind in ("", "projects"):
            self._read_projects(number)
        if wanted.kind in ("", "comments"):
            self.page = reported_comments_paged(wanted).get_page(number)
            self.comments = list(self.page)
        said = [each.comment for each in hidings if isinstance(each, Hiding)]
        self.named = subjects_of(moderator, (*self.comments, *said))
        self.appeals = self._told(hidings)
        if wanted.reason:
            self._leave_out_own()

    def _leave_out_own(self) -> None:
        """Why their own was reported nobody reads, nor finds it by the reason."""
        theirs = concerning(self.moderator, self.named.values())
        self.comments = [
            each
            for each in self.comments
            if each.author_id != self.moderator.pk and self.about(each) not in theirs
        ]
        written = written_among(self.moderator, [each.pk for each in self.projects])
        self.projects = [each for each in self.projects if each.pk not in written]

    def _hidings(self, number: str | None) -> list[Hiding | ProjectHiding]:
        if self.wanted.kind:
            self.page, hidings = appeals_page(self.moderator, self.wanted, number)
            return hidings
        projects: Sequence[ProjectHiding]
        comments: Sequence[Hiding]
        if self.wanted.is_everything:
            projects = first_project_appeals(self.moderator.pk)
            comments = first_appeals(self.moderator.pk)
        else:
            most = slice(MOST_ON_DESK + 1)
            projects = list(project_appeals(self.moderator, self.wanted)[most])
            comments = list(comment_appeals(self.moderator, self.wanted)[most])
        self.more_appeals = max(len(projects), len(comments)) > MOST_ON_DESK
        return [*projects[:MOST_ON_DESK], *comments[:MOST_ON_DESK]]

    def _read_projects(self, number: str | None) -> None:
        if self.wanted.kind:
            self.page = reported_projects_paged(self.wanted).get_page(number)
            self.projects = list(self.page)
        elif self.wanted.is_everything:
            self.projects = first_flagged_projects()
        else:
            self.projects = list(reported_projects(self.wanted)[: MOST_ON_DESK + 1])
        self.more_projects = len(self.projects) > MOST_ON_DESK

    def about(self, comment: Comment) -> Subject:
        """What a comment is about, as far as this moderator may see it."""
        return subject_among(self.named, comment)

    def _told(self, hidings: Sequence[Hiding | ProjectHiding]) -> list[tuple[Any, str, str]]:
        """Each appeal with its words and what they are about; not those that concern this
        moderator.
        """
        theirs = concerning(self.moderator, self.named.values())
        return [
            (each, each.comment.body, about.title)
            if isinstance(each, Hiding)
            else (each, each.project.title, _("Project"))
            for each in hidings
            if not isinstance(each, Hiding) or (about := self.about(each.comment)) not in theirs
        ]


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
            said = to_hidden(_("Hidden. Its author is told, and may appeal."), request.user)
            messages.success(request, said)
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
    for_another = why_for_another(comment, subject, request.user)
    flags, hidings, events = comment.flags.all(), comment.hidings.all(), told_to_staff(comment)
    if for_another:
        flags, hidings, events = flags.none(), hidings.none(), events.none()
    context = {
        "comment": comment,
        "subject": subject,
        "flags": flags.order_by("pk"),
        "hidings": hidings.select_related("hidden_by", "decided_by", "lifted_by"),
        "events": newest_in_words(events, COMMENT_EVENT_WORDS),
        "form": form,
        "refused": refused,
        "for_another": for_another,
    }
    status = 400 if refused or form.errors else 200
    return render(request, "talk/judge.html", context, status=status)
