"""Who writes a project: the proposer's page about it, and the page of an invitation."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from civicfund import staff
from civicfund.parsing import whole_number
from civicfund.people.requests import SignedInRequest
from civicfund.projects.access import (
    authored_project,
    invitation_for,
    is_author,
    own_project,
    project_with_authors,
    sees_to_paper,
    would_see_to_paper,
)
from civicfund.projects.forms import DoesForm, InvitationForm, OnPaperForm
from civicfund.projects.models import Invitation, Project
from civicfund.projects.selectors import is_tied
from civicfund.projects.services import ProjectError
from civicfund.projects.services.authors import (
    accept_invitation,
    decline_invitation,
    invite_co_author,
    leave_project,
    name_author_on_paper,
    remove_co_author,
    say_what_one_does,
    take_back_invitation,
)
from civicfund.projects.views.acting import REFUSALS, is_too_much, told


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def authors(request: SignedInRequest, pk: int) -> HttpResponse:
    """Who writes it; the proposer asks others, takes that back, and writes without somebody.

    Whoever brought it on paper is named here, and asked to take it over; by administrators, too.
    """
    if would_see_to_paper(request.user, pk):
        return staff.give_second_factor(request)
    project = project_with_authors(request.user, pk)
    if request.method != "POST":
        return _page(request, project, InvitationForm())
    if "does" in request.POST:
        return _say(request, project)
    if "remove" in request.POST or not sees_to_paper(request.user, project):
        own_project(request.user, pk)
    if "remove" in request.POST:
        person = whole_number(request.POST["remove"]) or 0
        told(request, lambda: remove_co_author(project, person, by=request.user), _("Removed."))
        return redirect("project_authors", pk=pk)
    if "handed_in_by" in request.POST:
        return _name(request, project)
    return _invite(request, project)


def _name(request: SignedInRequest, project: Project) -> HttpResponse:
    """The name of whoever brought it on paper, corrected."""
    form = OnPaperForm(request.POST)
    if form.is_valid():
        name = form.cleaned_data["handed_in_by"]
        try:
            name_author_on_paper(project, name, by=request.user)
        except ProjectError as refusal:
            field = refusal.field if refusal.field in form.fields else None
            form.add_error(field, str(refusal))
        else:
            messages.success(request, _("Saved."))
            return redirect("project_authors", pk=project.pk)
    return _page(request, project, InvitationForm(), paper=form, status=400)


def _say(request: SignedInRequest, project: Project) -> HttpResponse:
    """What a co-author does."""
    form = DoesForm(request.POST)
    if not form.is_valid():
        return _page(request, project, InvitationForm(), does=form, status=400)
    words = form.cleaned_data["does"]
    told(request, lambda: say_what_one_does(project, by=request.user, words=words), _("Saved."))
    return redirect("project_authors", pk=project.pk)


def _invite(request: SignedInRequest, project: Project) -> HttpResponse:
    form = InvitationForm(request.POST)
    if not form.is_valid():
        return _page(request, project, form, status=400)
    if is_too_much(request, "invite_co_author", form):
        return _page(request, project, form, status=429)
    try:
        invite_co_author(
            project,
            form.cleaned_data["address"],
            by=request.user,
            # Of what others propose an administrator asks nothing else.
            takes_over=form.cleaned_data["takes_over"] or not _proposes(request, project),
        )
    except ProjectError as refusal:
        form.add_error(refusal.field, str(refusal))
        return _page(request, project, form, status=400)
    return redirect("project_authors", pk=project.pk)


def _proposes(request: SignedInRequest, project: Project) -> bool:
    return project.proposer_id == request.user.pk


def _page(
    request: SignedInRequest,
    project: Project,
    form: InvitationForm,
    *,
    does: DoesForm | None = None,
    paper: OnPaperForm | None = None,
    status: int = 200,
) -> HttpResponse:
    proposes, keeps = _proposes(request, project), sees_to_paper(request.user, project)
    writes = is_author(request.user, project)
    mine = project.co_authors.filter(user=request.user).first()
    asked = project.invitations.order_by("invited_at", "pk")
    if not proposes:
        asked = asked.filter(takes_over=True) if keeps else asked.none()
    wishes = project.join_wishes.waiting().select_related("person").order_by("asked_at", "pk")
    context = {
        "project": project,
        "form": form,
        "proposes": proposes,
        "keeps": keeps or (proposes and project.handed_in_by),
        "writes": writes,
        "does": does or DoesForm(initial={"does": mine.does if mine else ""}),
        "paper": paper or OnPaperForm(initial={"handed_in_by": project.handed_in_by}),
        "co_authors": project.co_authors.select_related("user").order_by("since", "pk"),
        "wishes": wishes if writes else (),
        "invitations": [
            (each, request.build_absolute_uri(each.get_absolute_url())) for each in asked
        ],
    }
    return render(request, "projects/authors.html", context, status=status)


@login_required
@require_POST
def take_back(request: SignedInRequest, pk: int, invitation: int) -> HttpResponse:
    """The proposer asks somebody no more, or an administrator that it be taken over."""
    project = project_with_authors(request.user, pk)
    found = get_object_or_404(project.invitations, pk=invitation)
    if not (found.takes_over and sees_to_paper(request.user, project)):
        own_project(request.user, pk)
    told(request, lambda: take_back_invitation(found, by=request.user), _("Taken back."))
    return redirect("project_authors", pk=pk)


@login_required
@require_POST
def leave(request: SignedInRequest, pk: int) -> HttpResponse:
    """Write no more with the proposer."""
    project = authored_project(request.user, pk)
    told(request, lambda: leave_project(project, by=request.user), _("You have left."))
    return redirect("my_page")


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: SignedInRequest, token: str) -> HttpResponse:
    """Say yes or no to writing somebody's project with them."""
    try:
        asked = invitation_for(request.user, token)
    except PermissionDenied:
        return render(request, "projects/invitation_of_another.html", status=403)
    except Http404:
        return render(request, "projects/invitation_gone.html", status=404)
    if request.method == "POST" and "accept" in request.POST:
        return _accept(request, asked)
    if request.method == "POST":
        told(request, lambda: decline_invitation(asked, by=request.user), _("Declined."))
        return redirect("my_page")
    tied = asked.takes_over and is_tied(asked.project)
    return render(request, "projects/invitation.html", {"invitation": asked, "tied": tied})


def _accept(request: SignedInRequest, asked: Invitation) -> HttpResponse:
    """Yes; it is said what has become of it."""
    try:
        joined = accept_invitation(asked, by=request.user)
    except REFUSALS as refusal:
        messages.error(request, str(refusal))
        return redirect("my_page")
    if joined is None:
        done = _("It is yours now: you can change it, and you answer for it.")
    elif asked.takes_over:
        done = _("Welcome. You write it together with whoever entered it.")
    else:
        done = _("Welcome.")
    messages.success(request, done)
    return redirect(asked.project)
