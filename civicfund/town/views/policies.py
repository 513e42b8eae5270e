"""The town's word on itself: terms, privacy, retention, accessibility."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from civicfund.people.requests import HttpRequest
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
