"""Asking to write a project with its authors, and what they answer."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from civicfund.people.requests import SignedInRequest
from civicfund.projects.access import authored_project, is_author, visible_project
from civicfund.projects.enums import LISTED_STATES
from civicfund.projects.forms import JoinForm
from civicfund.projects.models import Project
from civicfund.projects.services import ProjectError
from civicfund.projects.services.joining import (
    accept_wish,
    ask_to_join,
    decline_wish,
    take_back_wish,
)
from civicfund.projects.views.acting import is_too_much, told


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: SignedInRequest, pk: int) -> HttpResponse:
    """Ask those who write it to write it with them, or with ``act=withdraw`` ask no more."""
    project = visible_project(request.user, pk)
    if is_author(request.user, project):
        return redirect("project_authors", pk=pk)
    if request.POST.get("act") == "withdraw":
        told(request, lambda: take_back_wish(project, by=request.user), _("Taken back."))
        return redirect("project_join", pk=pk)
    form = JoinForm(request.POST if request.method == "POST" else None)
    status = _ask(request, project, form) if form.is_bound else 200
    if form.is_bound and status == 200:
        messages.success(request, _("They are told. You get a mail once they have answered."))
        return redirect("project_join", pk=pk)
    context = {
        "project": project,
        "form": form,
        "wish": project.join_wishes.filter(person=request.user).first(),
        "is_open": project.state in LISTED_STATES,
    }
    return render(request, "projects/join.html", context, status=status)


def _ask(request: SignedInRequest, project: Project, form: JoinForm) -> int:
    """Ask in these words; otherwise the form says why not and keeps them: the answer's status."""
    if not form.is_valid():
        return 400
    if is_too_much(request, "ask_to_join", form):
        return 429
    try:
        ask_to_join(project, form.cleaned_data["words"], by=request.user)
    except ProjectError as refusal:
        form.add_error(refusal.field, str(refusal))
        return 400
    return 200


@login_required
@require_POST
def answer(request: SignedInRequest, pk: int, wish: int) -> HttpResponse:
    """An author lets somebody write the project with them, or not."""
    project = authored_project(request.user, pk)
    waiting = project.join_wishes.waiting().select_related("project", "person")
    found = get_object_or_404(waiting, pk=wish)
    if request.POST.get("act") == "accept":
        done = _("%(name)s writes it with you now.") % {"name": found.person}
        told(request, lambda: accept_wish(found, by=request.user), done)
    elif request.POST.get("act") == "decline":
        told(request, lambda: decline_wish(found, by=request.user), _("Declined."))
    else:
        raise Http404("No such answer.")
    return redirect("project_authors", pk=pk)
