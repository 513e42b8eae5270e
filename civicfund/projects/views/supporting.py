"""The button with which somebody supports a project."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from civicfund.people.requests import SignedInRequest
from civicfund.projects.access import visible_project
from civicfund.projects.services.supporting import support_project, withdraw_support
from civicfund.projects.views.acting import told


@login_required
@require_POST
def support(request: SignedInRequest, pk: int) -> HttpResponse:
    """Support it, or with ``act=withdraw`` support it no more."""
    project = visible_project(request.user, pk)
    if request.POST.get("act") == "withdraw":
        done = _("You no longer support it.")
        told(request, lambda: withdraw_support(project, by=request.user), done)
    else:
        told(request, lambda: support_project(project, by=request.user), _("You support it."))
    return redirect(project)
