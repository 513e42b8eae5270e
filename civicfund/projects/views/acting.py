"""An act from a button, and what is said of it."""

from __future__ import annotations

from collections.abc import Callable

from allauth.core.ratelimit import consume
from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy

from civicfund.audit.services import StaleStateError
from civicfund.people.requests import SignedInRequest, may_now
from civicfund.projects.models import Project
from civicfund.projects.services import ProjectError

TOO_MUCH = gettext_lazy(
    "That is a lot within a day. What you wrote is still here: send it again tomorrow."
)
TOO_MUCH_NOW = gettext_lazy(
    "That is a lot within an hour. What you wrote is still here: send it again later."
)
TOO_MANY_FILES = gettext_lazy(
    "That is a lot of files within an hour. What you wrote is still here: choose the file once more"
    " later, and send it again."
)
REFUSALS = (ProjectError, StaleStateError)


def is_too_much(request: SignedInRequest, action: str, form: forms.Form) -> bool:
    """Whether somebody has done this often enough for a day; then the form says so, as typed."""
    if may_now(request, action, by=request.user):
        return False
    form.add_error(None, TOO_MUCH)
    return True


def are_too_many_files(request: SignedInRequest, form: forms.Form) -> bool:
    """The same of files within an hour; nothing of this one is looked at then."""
    if consume(request, action="add_file", key=str(request.user.pk)):
        return False
    form.add_error(None, TOO_MANY_FILES)
    return True


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
