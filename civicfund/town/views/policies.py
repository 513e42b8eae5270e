"""The town's word on itself: terms, privacy, retention, accessibility; and how to complain."""

from __future__ import annotations

from allauth.core.ratelimit import consume, respond_429
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from civicfund.people.forms import ComplaintForm
from civicfund.people.requests import HttpRequest
from civicfund.people.services.complaining import complain
from civicfund.policies import AGREED_TO, VERSION, figures
from civicfund.strangers import kept_for_strangers

TITLES = {
    "terms": gettext_lazy("Terms"),
    "privacy": gettext_lazy("What we keep about you"),
    "retention": gettext_lazy("How long we keep it"),
    "accessibility": gettext_lazy("Accessibility"),
}


@kept_for_strangers
@require_safe
def policy(request: HttpRequest, name: str) -> HttpResponse:
    """One of the pages, in the words of today."""
    if name not in TITLES:
        raise Http404("No such page.")
    is_agreed_to = name in AGREED_TO
    words = f"policies/{VERSION}/{name}.html" if is_agreed_to else f"policies/{name}.html"
    context = {"title": TITLES[name], "words": words, "is_agreed_to": is_agreed_to}
    return render(request, "policies/page.html", figures() | context)


@require_http_methods(["GET", "HEAD", "POST"])
def complaint(request: HttpRequest) -> HttpResponseBase:
    """Tell those who answer complaints, with or without an account."""
    form = ComplaintForm(request.POST if request.method == "POST" else None)
    if form.is_bound and not consume(request, action="complaint"):
        too_many: HttpResponse = respond_429(request)
        return too_many
    if form.is_valid():
        complain(**form.cleaned_data)
        messages.success(request, _("Sent. If you gave an address, you get an answer there."))
        return redirect("complaint")
    context = {"form": form, "complaints_address": settings.COMPLAINTS_ADDRESS}
    return render(request, "policies/complaint.html", context, status=400 if form.errors else 200)
