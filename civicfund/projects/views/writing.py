"""The pages on which a project is written, published and withdrawn."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.forms import BaseFormSet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from civicfund.parsing import whole_number
from civicfund.people.requests import SignedInRequest, may_now
from civicfund.places.models import Neighborhood
from civicfund.places.selectors import feature_collection
from civicfund.projects.access import authored_project, own_project, visible_project
from civicfund.projects.enums import ProjectState
from civicfund.projects.forms import (
    EMPTY_LINES_OFFERED,
    CostLineForm,
    CostLines,
    IdeaForm,
    ProjectForm,
    amount_hint,
    costs_of,
)
from civicfund.projects.models import Project
from civicfund.projects.selectors import cautions_for, why_held
from civicfund.projects.selectors.history import latest_version
from civicfund.projects.selectors.merges import taken_in
from civicfund.projects.selectors.similar import idea_of, similar_projects
from civicfund.projects.services import (
    MOST_COST_LINES,
    OvertakenError,
    ProjectError,
    create_project,
    edit_project,
    publish_project,
    withdraw_project,
)
from civicfund.projects.services.supporting import support_project
from civicfund.projects.views.acting import act_on, is_too_much, told
from civicfund.projects.views.similar import shown_as_similar


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def project_new(request: SignedInRequest) -> HttpResponse:
    """Propose a project; it is kept as a draft, or published at once."""
    if request.method != "POST":
        here = ProjectForm(initial={"neighborhood": request.GET.get("neighborhood", "")})
        return _form_page(request, here, CostLines())
    return _save(request, None)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def project_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    """Change a project that one writes."""
    project = authored_project(request.user, pk)
    if request.method != "POST":
        began_with = latest_version(project)  # before what is shown: a save in between is noticed
        project.refresh_from_db()
        costs = [
            {"label": line.label, "amount": line.amount_minor} for line in project.cost_lines.all()
        ]
        form, lines = ProjectForm(initial=ProjectForm.initial_of(project)), CostLines(initial=costs)
        alike = similar_projects(idea_of(project)) if _is_compared(project) else ()
        return _form_page(request, form, lines, project, began_with=began_with, similar=alike)
    return _save(request, project)


def _save(request: SignedInRequest, project: Project | None) -> HttpResponse:
    """Keep what was written, where it can be kept; the form again, as typed, where it cannot."""
    if "more_lines" in request.POST:
        return _form_page(request, *_as_typed(request), project)
    if _is_compared(project) and "instead" in request.POST:
        return _support_instead(request, project)
    form, lines = ProjectForm(request.POST), CostLines(request.POST)
    if not all([form.is_valid(), lines.is_valid()]):
        return _form_page(request, form, lines, project, status=400)
    asks = project is None or (_is_compared(project) and "publish" in request.POST)
    if asks:
        # Before it is saved, and without scripts: what is proposed already, and was not shown.
        similar = similar_projects(IdeaForm(request.POST).idea(request.user))
        if {each.pk for each in similar} - _said_to_differ(request):
            return _form_page(request, form, lines, project, similar=similar)
    if project is None and is_too_much(request, "create_project", form):
        return _form_page(request, form, lines, status=429)
    description = form.description()
    description["cost_lines"] = costs_of(lines)
    try:
        if project is None:
            project = create_project(request.user, **description)
        else:
            seen = whole_number(request.POST.get("seen", ""))
            edit_project(project, by=request.user, seen=seen, **description)
    except ProjectError as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        overtaken = isinstance(refusal, OvertakenError)
        return _form_page(request, form, lines, project, status=400, overtaken=overtaken)
    return _after_saving(request, project)


def _is_compared(project: Project | None) -> bool:
    """Whether nobody else has seen it yet: then it can still become a support of another."""
    return project is None or project.state == ProjectState.DRAFT


def _said_to_differ(request: SignedInRequest) -> set[int]:
    """The ids of what was shown as alike, and whoever went on finds another idea than theirs."""
    said = (whole_number(text) for text in request.POST.getlist("different"))
    return {number for number in said if number is not None}


def _after_saving(request: SignedInRequest, project: Project) -> HttpResponse:
    if "publish" in request.POST:
        return _publish(request, project)
    messages.success(request, _("Saved."))
    return redirect(project)


def _publish(request: SignedInRequest, project: Project) -> HttpResponse:
    """Show a draft to everybody; a stub is public already, and becomes ready."""
    was_public = project.state == ProjectState.STUB
    if not was_public and not may_now(request, "publish_project", by=request.user):
        words = _("You published a lot today. This is kept as a draft: publish it tomorrow.")
        messages.error(request, words)
        return redirect(project)
    done = _("It is ready: it has all that it needs.") if was_public else _("Published.")
    return act_on(request, project, publish_project, done)


def _support_instead(request: SignedInRequest, project: Project | None) -> HttpResponse:
    """Support what looks like the idea; the form comes back as typed, in case it is another one."""
    try:
        other = visible_project(request.user, whole_number(request.POST["instead"]) or 0)
    except Http404:
        gone = _("That project is not shown any more. What you wrote is still here.")
        messages.error(request, gone)
    else:
        done = _("You support “%(title)s”. What you wrote is still here, and nobody else sees it.")
        if project and project.co_authors.exists():
            done = _(
                "You support “%(title)s”. What you wrote is still here, and only you who write it"
                " see it."
            )
        told(
            request,
            lambda: support_project(other, by=request.user),
            done % {"title": other.title},
        )
    similar = similar_projects(IdeaForm(request.POST).idea(request.user))
    return _form_page(request, *_as_typed(request), project, similar=similar)


def _as_typed(request: SignedInRequest) -> tuple[ProjectForm, BaseFormSet[CostLineForm]]:
    """The form as typed, unchecked, with more empty lines: for pages without scripts."""
    typed = CostLines(request.POST)
    prefixes = [typed.add_prefix(number) for number in range(typed.total_form_count())]
    costs = [
        {name: request.POST.get(f"{prefix}-{name}", "") for name in ("label", "amount")}
        for prefix in prefixes
    ]
    kept = [cost for cost in costs if any(cost.values())]
    form = ProjectForm(initial=request.POST.dict() | {"wanted": request.POST.getlist("wanted")})
    return form, CostLines(initial=kept)


def _form_page(
    request: SignedInRequest,
    form: ProjectForm,
    lines: BaseFormSet[CostLineForm],
    project: Project | None = None,
    *,
    status: int = 200,
    similar: Sequence[Project] = (),
    overtaken: bool = False,
    began_with: int | str | None = None,
) -> HttpResponse:
    if began_with is None:
        began_with = latest_version(project) if project else ""
    context = {
        # What somebody goes on writing began where it began, until they are told of another.
        "seen": began_with if overtaken else request.POST.get("seen", began_with),
        "overtaken": overtaken,
        **shown_as_similar(request.user, similar),
        "different": sorted(_said_to_differ(request) | {each.pk for each in similar}),
        "form": form,
        "lines": lines,
        "project": project,
        "held": why_held(project) if project else "",
        "cautions": cautions_for(project) if project else [],
        "shapes": feature_collection(Neighborhood.objects.neighborhoods()),
        "amount_hint": amount_hint(),
        "may_add_lines": lines.total_form_count() + EMPTY_LINES_OFFERED <= MOST_COST_LINES,
    }
    return render(request, "projects/form.html", context, status=status)


@login_required
@require_POST
def project_publish(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show one's own project to everybody, or make a stub ready.

    A draft that looks like what is there is shown beside it first, on its form.
    """
    project = authored_project(request.user, pk)
    if project.state == ProjectState.DRAFT and similar_projects(idea_of(project)):
        messages.info(request, _("Not published yet: look at what looks alike, then publish it."))
        return redirect("project_edit", pk=pk)
    return _publish(request, project)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def project_withdraw(request: SignedInRequest, pk: int) -> HttpResponse:
    """Ask once more, then take one's own project back."""
    project = own_project(request.user, pk)
    if request.method == "POST":
        return act_on(request, project, withdraw_project, _("Withdrawn."))
    context = {"project": project, "taken_in": taken_in(project)}
    return render(request, "projects/withdraw.html", context)
