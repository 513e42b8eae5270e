"""A project's plan for its owner, and the desk of those who look whether it is kept."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from civicfund import staff
from civicfund.delivery.forms import StepForm, StepForms, steps_of
from civicfund.delivery.models import Milestone
from civicfund.delivery.selectors import is_fixed, next_milestone, plan_of, waiting_reports
from civicfund.delivery.services.errors import RefusedError
from civicfund.delivery.services.planning import write_plan
from civicfund.delivery.services.reaching import (
    CONFIRMERS,
    confirm_reached,
    find_not_reached,
    say_reached,
)
from civicfund.parsing import whole_number
from civicfund.people.requests import SignedInRequest
from civicfund.projects.access import visible_project
from civicfund.projects.models import Project

SHOWN = 50


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def plan(request: SignedInRequest, pk: int) -> HttpResponse:
    """The owner's plan: written here until it is fixed, then where each milestone is reported."""
    project = _own_project(request, pk)
    milestones = plan_of(project)
    steps = StepForms(request.POST or None, initial=[_written(each) for each in milestones])
    if request.method == "POST" and steps.is_valid():
        try:
            write_plan(project, steps_of(steps), by=request.user)
            messages.success(request, _("The plan stands on the project's page."))
            return redirect("project_plan", project.pk)
        except RefusedError as refusal:
            steps.non_form_errors().append(str(refusal))
    context = {
        "project": project,
        "milestones": milestones,
        "following": next_milestone(milestones),
        "steps": steps,
        "is_fixed": is_fixed(project),
    }
    refused = request.method == "POST"
    return render(request, "delivery/plan.html", context, status=400 if refused else 200)


@login_required
@require_POST
def reached(request: SignedInRequest, pk: int) -> HttpResponse:
    """The owner says that the next milestone is reached."""
    project = _own_project(request, pk)
    position = whole_number(request.POST.get("position", "")) or 0
    milestone = Milestone.objects.filter(project=project, position=position).first()
    if milestone is None:
        messages.error(request, _("The plan has no such milestone."))
        return redirect("project_plan", project.pk)
    try:
        say_reached(milestone, by=request.user, words=request.POST.get("words", "")[:1000])
        messages.success(request, _("Said. Somebody of the town looks at it."))
    except RefusedError as refusal:
        messages.error(request, str(refusal))
    return redirect("project_plan", project.pk)


@staff.only(*CONFIRMERS)
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def desk(request: SignedInRequest) -> HttpResponse:
    """What owners say is reached: confirm it, with a recent second factor, or say what lacks."""
    if request.method == "POST":
        return _judge(request)
    return render(request, "delivery/desk.html", {"reports": waiting_reports()[:SHOWN]})


def _judge(request: SignedInRequest) -> HttpResponse:
    row = whole_number(request.POST.get("row", "")) or 0
    report = waiting_reports().filter(pk=row).first()
    if report is None:
        messages.error(request, _("This no longer waits for anybody."))
        return redirect("milestones_desk")
    confirms = request.POST.get("act") == "confirm"
    if confirms and not staff.second_factor_is_recent(request):
        return staff.ask_for_second_factor(request)
    try:
        if confirms:
            confirm_reached(report, by=request.user)
        else:
            find_not_reached(report, by=request.user, words=request.POST.get("words", "")[:500])
        messages.success(request, _("Noted. The owner is told."))
    except RefusedError as refusal:
        messages.error(request, str(refusal))
    return redirect("milestones_desk")


def _own_project(request: SignedInRequest, pk: int) -> Project:
    """The project, for whoever proposed it; 404 where it cannot be seen, 403 where not theirs."""
    project = visible_project(request.user, pk)
    if project.proposer_id != request.user.pk:
        raise PermissionDenied
    return project


def _written(milestone: Milestone) -> dict[str, object]:
    return {name: getattr(milestone, name) for name in StepForm.base_fields}
