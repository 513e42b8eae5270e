"""What moderators hid, and all that one account wrote."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from civicfund.people.models import User
from civicfund.people.requests import SignedInRequest
from civicfund.projects.enums import ProjectState
from civicfund.projects.models import Project, ProjectHiding
from civicfund.projects.services.moderating import hide_project
from civicfund.projects.views.acting import REFUSALS
from civicfund.talk.access import (
    Subject,
    comment_to_judge,
    concerning,
    subject_among,
    subjects_of,
)
from civicfund.talk.enums import Wrong
from civicfund.talk.forms import AuthorForm, HiddenForm
from civicfund.talk.models import Comment, Hiding
from civicfund.talk.selectors.moderation import hidden_page, who_hid, written_page
from civicfund.talk.services import TalkError, hide_comment
from civicfund.talk.views.desk import moderators_only, to_hidden

# What could not be hidden, each with why.
Refused = list[tuple[str, str]]


@moderators_only
@require_safe
@never_cache
def hidden(request: SignedInRequest) -> HttpResponse:
    """All that moderators hid, the newest first: why, by whom, and the way to judge it again."""
    form = HiddenForm(who_hid(), request.GET or None)
    page, hidings = hidden_page(request.user, form.wanted, request.GET.get("page"))
    said = [each.comment for each in hidings if isinstance(each, Hiding)]
    named = subjects_of(request.user, said)
    context = {
        "form": form,
        "page": page,
        "rows": _told(request.user, hidings, named),
    }
    status = 400 if request.GET and form.errors else 200
    return render(request, "talk/hidden.html", context, status=status)


def _told(
    moderator: User,
    hidings: Iterable[Hiding | ProjectHiding],
    named: dict[tuple[str, int], Subject],
) -> list[tuple[Hiding | ProjectHiding, str]]:
    """Each with what it is about; none of what was said of something of this moderator's."""
    theirs = concerning(moderator, named.values())
    told: list[tuple[Hiding | ProjectHiding, str]] = []
    for each in hidings:
        if isinstance(each, ProjectHiding):
            told.append((each, ""))
        elif (about := subject_among(named, each.comment)) not in theirs:
            told.append((each, about.title))
    return told


@moderators_only
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def author(request: SignedInRequest, pk: int) -> HttpResponse:
    """All that one account says and proposes in public, and one judgement of what is ticked."""
    person = get_object_or_404(User.objects.filter(erased_at=None, guest_email=""), pk=pk)
    form = AuthorForm(person, request.POST if request.method == "POST" else None)
    refused: Refused = []
    if form.is_bound and form.is_valid():
        done, refused = _hide_ticked(form, request.user)
        if done:
            messages.success(request, to_hidden(_said_of(done), request.user))
        if not refused:
            return redirect(request.get_full_path())
    return _author_page(request, person, form, refused)


def _hide_ticked(form: AuthorForm, by: User) -> tuple[int, Refused]:
    """How many were hidden, and those that were not."""
    given, done = form.cleaned_data, 0
    reason, words = Wrong(given["reason"]), given["words"]
    refused: Refused = []
    for ticked in (*given["comments"], *given["projects"]):
        try:
            if isinstance(ticked, Comment):
                comment, subject = comment_to_judge(by, ticked.pk)
                hide_comment(comment, subject, by=by, reason=reason, words=words)
            else:
                hide_project(ticked, by=by, reason=reason, words=words)
        except (TalkError, *REFUSALS) as refusal:
            name = ticked.body if isinstance(ticked, Comment) else ticked.title
            refused.append((name, str(refusal)))
        else:
            done += 1
    return done, refused


def _said_of(done: int) -> str:
    return ngettext(
        "%(n)s is hidden. Whoever wrote it is told, and may appeal.",
        "%(n)s are hidden. Whoever wrote them is told, and may appeal.",
        done,
    ) % {"n": done}


@dataclass(frozen=True, slots=True)
class Wrote:
    """One line of what an account wrote."""

    field: str
    pk: int
    words: str
    about: str
    url: str
    at: datetime
    is_hidden: bool
    may_be_ticked: bool
    is_ticked: bool


def _written(comment: Comment, named: dict[tuple[str, int], Subject], sent: QueryDict) -> Wrote:
    hidden_now = comment.hiding is not None
    return Wrote(
        "comments", comment.pk, comment.body, subject_among(named, comment).title,
        reverse("judge_comment", args=[comment.pk]), comment.created_at,
        hidden_now, not hidden_now, str(comment.pk) in sent.getlist("comments"),
    )  # fmt: skip


def _proposed(project: Project, sent: QueryDict) -> Wrote:
    hidden_now = project.state == ProjectState.HIDDEN
    return Wrote(
        "projects", project.pk, project.title, _("Project"),
        reverse("judge_project", args=[project.pk]), project.created_at,
        hidden_now, not hidden_now, str(project.pk) in sent.getlist("projects"),
    )  # fmt: skip


def _author_page(
    request: SignedInRequest, person: User, form: AuthorForm, refused: Refused
) -> HttpResponse:
    page, wrote = written_page(person, request.GET.get("page"))
    named = subjects_of(request.user, [each for each in wrote if isinstance(each, Comment)])
    context = {
        "author": person,
        "page": page,
        "rows": [
            _written(each, named, request.POST)
            if isinstance(each, Comment)
            else _proposed(each, request.POST)
            for each in wrote
        ],
        "form": form,
        "refused": refused,
    }
    status = 400 if refused or form.errors else 200
    return render(request, "talk/author.html", context, status=status)
