"""Where I live: stated, corrected, shown."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from civicfund.people.forms import DocumentForm, ResidencyForm
from civicfund.people.models import Residency
from civicfund.people.requests import SignedInRequest
from civicfund.people.selectors import document_of, residency_of
from civicfund.people.services import ResidencyError, state_residency
from civicfund.places.models import Neighborhood
from civicfund.places.selectors import feature_collection


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def residency(request: SignedInRequest) -> HttpResponse:
    """Say where I live, and see whether it is confirmed."""
    if request.method != "POST":
        return home_page(request)
    form = ResidencyForm(request.POST)
    if not form.is_valid():
        return home_page(request, form, status=400)
    data = form.cleaned_data
    try:
        state_residency(request.user, data["neighborhood"], since=data["since"])
    except ResidencyError as refusal:
        form.add_error(refusal.field, str(refusal))
        return home_page(request, form, status=400)
    messages.success(request, _("Saved. A poll officer confirms it."))
    return redirect("residency")


def _stated(home: Residency | None) -> dict[str, Any]:
    """What a correction starts from; a move starts from nothing."""
    if home is None or home.proved_at:
        return {}
    return {"neighborhood": home.neighborhood.slug, "since": home.since}


def home_page(
    request: SignedInRequest,
    form: ResidencyForm | None = None,
    *,
    document_form: DocumentForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page with its two forms, of which one may have been filled in."""
    home = residency_of(request.user)
    context = {
        "form": form or ResidencyForm(initial=_stated(home)),
        "document_form": document_form or DocumentForm(),
        "residency": home,
        "document": document_of(home),
        "days": settings.RESIDENCE_DOCUMENT_DAYS,
        "shapes": feature_collection(Neighborhood.objects.neighborhoods()),
    }
    return render(request, "people/residency.html", context, status=status)
