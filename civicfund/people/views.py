"""A person's own pages."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from civicfund.people.forms import ResidencyForm
from civicfund.people.models import Residency
from civicfund.people.requests import SignedInRequest
from civicfund.people.selectors import residency_of
from civicfund.people.services import ResidencyError, state_residency
from civicfund.places.models import Neighborhood
from civicfund.places.selectors import feature_collection


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def residency(request: SignedInRequest) -> HttpResponse:
    """Say where I live, and see whether it is confirmed."""
    if request.method != "POST":
        return _page(request, ResidencyForm(initial=_stated(residency_of(request.user))))
    form = ResidencyForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=400)
    data = form.cleaned_data
    try:
        state_residency(request.user, data["neighborhood"], since=data["since"])
    except ResidencyError as refusal:
        form.add_error(refusal.field, str(refusal))
        return _page(request, form, status=400)
    messages.success(request, _("Saved. A poll officer confirms it."))
    return redirect("residency")


def _stated(home: Residency | None) -> dict[str, Any]:
    """What a correction starts from; a move starts from nothing."""
    if home is None or home.proved_at:
        return {}
    return {"neighborhood": home.neighborhood.slug, "since": home.since}


def _page(request: SignedInRequest, form: ResidencyForm, *, status: int = 200) -> HttpResponse:
    context = {
        "form": form,
        "residency": residency_of(request.user),
        "shapes": feature_collection(Neighborhood.objects.neighborhoods()),
    }
    return render(request, "people/residency.html", context, status=status)
