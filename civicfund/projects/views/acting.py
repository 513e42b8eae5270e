"""An act from a button, and what is said of it."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect

from civicfund.audit.services import StaleStateError
from civicfund.people.requests import SignedInRequest
from civicfund.projects.models import Project
from civicfund.projects.services import ProjectError

REFUSALS = (ProjectError, StaleStateError)


def told(request: SignedInRequest, act: Callable[[], object], done: str) -> bool:
    """Do it, and say what was done or why not; whether it was done."""
    try:
        act()
    except REFUSALS as refusal:
        messages.error(request, str(refusal))
        return False
    messages.success(request, done)
    return True


def act_on(
    request: SignedInRequest, project: Project, act: Callable[..., Project], done: str
) -> HttpResponse:
    """Do it, and say on the project's page what was done or why not."""
    try:
        moved = act(project, by=request.user)
    except REFUSALS as refusal:
        messages.error(request, str(refusal))
        return redirect(project)
    messages.success(request, done)
    return redirect(moved)
