"""A moderator's look at a part of a project: one version of its history, one picture or paper."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from civicfund import staff
from civicfund.people.enums import Role
from civicfund.people.requests import SignedInRequest
from civicfund.projects.enums import Wrong
from civicfund.projects.forms import HidingForm
from civicfund.projects.models import ProjectFile, Veil, Version
from civicfund.projects.services.veiling import lift_veil, veil_file, veil_version
from civicfund.projects.views.acting import REFUSALS

VEIL, LIFT = ACTS = ("hide", "restore")


@staff.only(Role.MODERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def judge_version(request: SignedInRequest, pk: int, number: int) -> HttpResponse:
    """Take one version of the history down, or show it again."""
    rows = Version.objects.public().select_related("project")
    return _judge(request, get_object_or_404(rows, project=pk, number=number), veil_version)


@staff.only(Role.MODERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def judge_file(request: SignedInRequest, pk: int, file: UUID) -> HttpResponse:
    """Take one picture or paper down, or show it again."""
    rows = ProjectFile.objects.select_related("project").exclude(project__published_at=None)
    return _judge(request, get_object_or_404(rows, project=pk, pk=file), veil_file)


def _judge(
    request: SignedInRequest, part: Version | ProjectFile, veil_part: Callable[..., Veil]
) -> HttpResponse:
    act = request.POST.get("act", "")
    form = HidingForm(request.POST if act == VEIL else None)
    refused = ""
    try:
        if act == LIFT and part.veil:
            lift_veil(part.veil, by=request.user)
            messages.success(request, _("Everybody can read it again."))
            return redirect("judge_project", part.project_id)
        if form.is_bound and form.is_valid():
            reason, words = Wrong(form.cleaned_data["reason"]), form.cleaned_data["words"]
            veil_part(part, by=request.user, reason=reason, words=words)
            messages.success(request, _("Taken down. The project's authors are told."))
            return redirect("judge_project", part.project_id)
    except REFUSALS as refusal:
        refused = str(refusal)
    context = {"project": part.project, "part": part, "form": form, "refused": refused} | (
        {"file": part} if isinstance(part, ProjectFile) else {"version": part}
    )
    status = 400 if refused or form.errors else 200
    return render(request, "projects/judge_part.html", context, status=status)
