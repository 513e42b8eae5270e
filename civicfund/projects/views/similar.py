"""What looks like the idea that somebody is typing."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from civicfund.people.requests import SignedInRequest
from civicfund.projects.forms import IdeaForm
from civicfund.projects.selectors.similar import similar_projects


@login_required
@require_POST
def similar(request: SignedInRequest) -> HttpResponse:
    """A fragment for the form; posted, so that no half sentence stands in an address or a log."""
    found = similar_projects(IdeaForm(request.POST).idea())
    return render(request, "projects/_similar.html", {"similar": found})
