"""What looks like the idea that somebody is typing."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from civicfund.people.models import User
from civicfund.people.requests import SignedInRequest
from civicfund.projects.access import written_among
from civicfund.projects.forms import IdeaForm
from civicfund.projects.models import Project
from civicfund.projects.selectors.similar import similar_projects
from civicfund.projects.selectors.supports import supported_among


@login_required
@require_POST
def similar(request: SignedInRequest) -> HttpResponse:
    """A fragment for the form; posted, so that no half sentence stands in an address or a log."""
    found = similar_projects(IdeaForm(request.POST).idea(request.user))
    return render(request, "projects/_similar.html", shown_as_similar(request.user, found))


def shown_as_similar(user: User, similar: Sequence[Project]) -> dict[str, object]:
    """What the list of them shows: which of them somebody supports or writes, among it."""
    ids = [project.pk for project in similar]
    return {
        "similar": similar,
        "supported": supported_among(user, ids) if ids else set(),
        "written": written_among(user, ids) if ids else set(),
    }
