"""Taking a project up for another place."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from civicfund.people.requests import SignedInRequest
from civicfund.projects.access import visible_project
from civicfund.projects.forms import CopyForm
from civicfund.projects.services import ProjectError, copy_project
from civicfund.projects.views.acting import is_too_much


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def copy(request: SignedInRequest, pk: int) -> HttpResponse:
    """A draft of one's own, with the words and costs of this project."""
    project = visible_project(request.user, pk)
    form = CopyForm(request.POST if request.method == "POST" else None)
    status = 400 if form.is_bound else 200
    if form.is_bound and form.is_valid() and is_too_much(request, "create_project", form):
        status = 429
    elif form.is_bound and form.is_valid():
        place = form.cleaned_data["neighborhood"]
        try:
            made = copy_project(project, neighborhood=place, by=request.user)
        except ProjectError as refusal:
            form.add_error(refusal.field, str(refusal))
        else:
            messages.success(request, _("Here is your draft: say what is different here."))
            return redirect("project_edit", pk=made.pk)
    context = {"project": project, "form": form}
    return render(request, "projects/copy.html", context, status=status)
