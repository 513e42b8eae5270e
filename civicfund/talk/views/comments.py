"""Threads: read, write, answer, edit and delete."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.core.paginator import InvalidPage, Page
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from civicfund.people.models import User
from civicfund.people.requests import HttpRequest, SignedInRequest
from civicfund.strangers import kept_for_strangers
from civicfund.talk.access import (
    Subject,
    judges,
    own_comment,
    readable_comment,
    thread_about,
    visible_subject,
)
from civicfund.talk.enums import SubjectKind
from civicfund.talk.forms import CommentForm, ThreadForm
from civicfund.talk.models import Comment
from civicfund.talk.requests import may_write_now
from civicfund.talk.selectors import page_of, place_of, replies_page, with_replies
from civicfund.talk.services import TalkError, delete_comment, edit_comment, write_comment


@kept_for_strangers
@require_http_methods(["GET", "HEAD", "POST"])
def thread(request: HttpRequest, kind: str, pk: int) -> HttpResponseBase:
    """All that was said about one thing, fifty to a page, and a form for more."""
    subject = visible_subject(request.user, kind, pk)
    if subject.kind == SubjectKind.UPDATE:  # its words and what people answer stand on its page
        return redirect(subject.url)
    form = ThreadForm(request.POST if request.method == "POST" else None, subject=subject)
    status = 200
    if request.method == "POST":
        if not isinstance(request.user, User):
            return redirect_to_login(request.get_full_path())
        written = _write(request, request.user, form, subject, None)
        if isinstance(written, Comment):
            return redirect(f"{subject.url}#talk")
        status = written
    page = _page(lambda: page_of(thread_about(subject), request.GET.get("page", "1")))
    context = {"subject": subject, "page": page, "form": form, "branches": with_replies(page)}
    context["judges"] = judges(request.user, subject)
    return render(request, "talk/thread.html", context, status=status)


@kept_for_strangers
@require_http_methods(["GET", "HEAD", "POST"])
def comment(request: HttpRequest, pk: int) -> HttpResponseBase:
    """One comment with all its answers, and a form for one more.

    My own about something that is no longer public stands alone: answers are others' words.
    """
    found, subject = readable_comment(request.user, pk)
    if found.parent_id and subject.url:
        return redirect(place_of(found))
    form = CommentForm(request.POST if request.method == "POST" else None)
    form.fields["body"].label = _("Your answer")
    status = 200
    if request.method == "POST":
        if not isinstance(request.user, User):
            return redirect_to_login(request.get_full_path())
        written = _write(request, request.user, form, subject, found)
        if isinstance(written, Comment):
            return redirect(place_of(written))
        status = written
    page = None
    if subject.url:
        page = _page(lambda: replies_page(found, request.GET.get("page", "1")))
    context = {"subject": subject, "comment": found, "page": page, "form": form}
    context["judges"] = judges(request.user, subject)
    return render(request, "talk/comment.html", context, status=status)


def _write(
    request: HttpRequest, by: User, form: CommentForm, subject: Subject, parent: Comment | None
) -> Comment | int:
    """Keep what was written; otherwise the form says why not and keeps it: the answer's status."""
    if not form.is_valid():
        return 400
    if not may_write_now(request, by):
        form.add_error(None, _("That is a lot within an hour. Keep your words, and come back."))
        return 429
    try:
        written = write_comment(subject, by=by, parent=parent, **form.cleaned_data)
    except TalkError as refusal:
        form.add_error(None, str(refusal))
        return 400
    messages.success(request, _("Said. You can edit it for a quarter of an hour."))
    return written


def _page(read: Callable[[], Page[Comment]]) -> Page[Comment]:
    try:
        return read()
    except InvalidPage:
        raise Http404("No such page.") from None


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def comment_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    """Say it in other words, while there is time."""
    found, subject = own_comment(request.user, pk)
    form = CommentForm(request.POST or None, initial={"body": found.body})
    if form.is_bound and form.is_valid():
        try:
            edit_comment(found, by=request.user, body=form.cleaned_data["body"])
        except TalkError as refusal:
            form.add_error(None, str(refusal))
        else:
            return redirect(found)
    context = {"subject": subject, "comment": found, "form": form}
    return render(request, "talk/edit.html", context, status=400 if form.errors else 200)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def comment_delete(request: SignedInRequest, pk: int) -> HttpResponse:
    """Ask once more, then take back what I said."""
    found, subject = own_comment(request.user, pk)
    if request.method == "POST":
        try:
            delete_comment(found, by=request.user)
        except TalkError as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, _("Deleted. Its place in the thread stays."))
        return redirect(found)
    return render(request, "talk/delete.html", {"subject": subject, "comment": found})
