"""Reporting a project, appealing for one's own, and a moderator's look at it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from allauth.core.ratelimit import consume
from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from civicfund import staff
from civicfund.audit.selectors import newest_in_words
from civicfund.parsing import whole_number
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.people.requests import SignedInRequest
from civicfund.projects.access import is_author, visible_project
from civicfund.projects.enums import (
    PROJECT_EVENT_WORDS,
    PUBLIC_STATES,
    AppealOutcome,
    Wrong,
)
from civicfund.projects.forms import AppealForm, HidingForm, ProjectFlagForm
from civicfund.projects.models import Project, ProjectFile
from civicfund.projects.selectors import why_held
from civicfund.projects.selectors.moderation import hiding_of, told_to_staff
from civicfund.projects.services import ProjectError
from civicfund.projects.services.moderating import (
    appeal_project,
    decide_project_appeal,
    dismiss_project_flags,
    flag_project,
    hide_project,
    restore_project,
)
from civicfund.projects.views.acting import REFUSALS

Act = Callable[[Project, User], object]
UNSEEN = gettext_lazy(
    "It was reported again after you opened this page. What you had read is answered; the rest"
    " still waits below."
)
# By what the button sends: the act, and what is said when it is done.
JUDGEMENTS: dict[str, tuple[Act, Promise | str]] = {
    "restore": (
        lambda project, by: restore_project(project, by=by),
        gettext_lazy("Everybody can read it again."),
    ),
    "uphold": (
        lambda project, by: decide_project_appeal(project, by=by, outcome=AppealOutcome.UPHELD),
        gettext_lazy("It stays hidden. Its authors are told."),
    ),
    "lift": (
        lambda project, by: decide_project_appeal(project, by=by, outcome=AppealOutcome.LIFTED),
        gettext_lazy("Everybody can read it again."),
    ),
}


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def flag(request: SignedInRequest, pk: int) -> HttpResponse:
    """Tell the moderators what is wrong with a project."""
    project = visible_project(request.user, pk)
    form = ProjectFlagForm(request.POST if request.method == "POST" else None)
    status = 400 if form.is_bound else 200
    if form.is_bound and form.is_valid():
        # One measure for all that a person reports; what is refused does not count.
        count = partial(consume, request, action="flag_comment", user=request.user)
        if not count(dry_run=True):
            form.add_error(None, _("That is a lot within an hour. Come back later."))
            status = 429
        elif _flag(project, form, by=request.user):
            count()
            messages.success(request, _("Thank you. A moderator will look at it."))
            return redirect(project)
    context = {"project": project, "form": form}
    return render(request, "projects/flag.html", context, status=status)


def _flag(project: Project, form: ProjectFlagForm, *, by: User) -> bool:
    """Whether it is reported now; why not, the form says beside what was typed."""
    try:
        flag_project(project, by=by, **form.cleaned_data)
    except ProjectError as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        return False
    return True


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def appeal(request: SignedInRequest, pk: int) -> HttpResponse:
    """Ask for another moderator's look at a project that I write and one of them hid."""
    project = visible_project(request.user, pk)
    hiding = hiding_of(project)
    if hiding is None or not is_author(request.user, project):
        raise Http404("Nothing to appeal.")
    form = AppealForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            appeal_project(project, by=request.user, words=form.cleaned_data["words"])
        except REFUSALS as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("Sent. Another moderator decides, and we tell you."))
            return redirect(project)
    context = {"project": project, "hiding": hiding, "form": form}
    return render(request, "projects/appeal.html", context, status=400 if form.errors else 200)


@staff.only(Role.MODERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def judge(request: SignedInRequest, pk: int) -> HttpResponse:
    """One project: what people say of it, what was done, and what to do."""
    # What was withdrawn is judged as it was published; a draft that was dropped is nobody's.
    published = Project.objects.select_related("proposer", "neighborhood").exclude(
        published_at=None
    )
    project = get_object_or_404(published, pk=pk)
    act = request.POST.get("act", "")
    form = HidingForm(request.POST if act == "hide" else None)
    refused = ""
    try:
        if act == "dismiss":
            return _dismiss(request, project)
        if act in JUDGEMENTS:
            done, said = JUDGEMENTS[act]
            done(project, request.user)
            messages.success(request, str(said))
            return redirect("comments_desk")
        if form.is_bound and form.is_valid():
            reason, words = Wrong(form.cleaned_data["reason"]), form.cleaned_data["words"]
            hide_project(project, by=request.user, reason=reason, words=words)
            messages.success(request, _("Hidden. Its authors are told, and may appeal."))
            return redirect("comments_desk")
    except REFUSALS as refusal:
        refused = str(refusal)
    return _judge_page(request, project, form, refused)


def _dismiss(request: SignedInRequest, project: Project) -> HttpResponse:
    """Answer the reports that their page showed; where it says none, they read none."""
    seen = whole_number(request.POST.get("seen", "")) or 0
    dismiss_project_flags(project, by=request.user, seen=seen)
    if project.flags.waiting().exists():
        messages.warning(request, UNSEEN)
        return redirect("judge_project", project.pk)
    messages.success(request, _("It stays. The reports are answered."))
    return redirect("comments_desk")


def _judge_page(
    request: SignedInRequest, project: Project, form: forms.Form, refused: str
) -> HttpResponse:
    is_own = is_author(request.user, project)
    # Of one's own one reads neither what was reported nor what other moderators did.
    flags, hidings, events = project.flags.all(), project.hidings.all(), told_to_staff(project)
    if is_own:
        flags, hidings, events = flags.none(), hidings.none(), events.none()
    context = {
        "project": project,
        "is_public": project.state in PUBLIC_STATES,
        "hiding": hiding_of(project),
        "held": why_held(project),
        "is_own": is_own,
        "files": ProjectFile.objects.filter(project=project).prefetch_related("veils").in_order(),
        "flags": flags.select_related("other").order_by("pk"),
        "hidings": hidings.select_related("hidden_by", "decided_by", "lifted_by").order_by("pk"),
        "events": newest_in_words(events, PROJECT_EVENT_WORDS),
        "form": form,
        "refused": refused,
    }
    status = 400 if refused or form.errors else 200
    return render(request, "projects/judge.html", context, status=status)
