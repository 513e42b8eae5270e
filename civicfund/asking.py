"""Terms that have changed: who agreed to earlier ones is asked on the next page that writes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from civicfund.people.models import User
from civicfund.people.services.consenting import agree, has_to_be_asked
from civicfund.policies import VERSION

# Where residents write. Not where one votes, gives a secret, takes a copy or leaves: none of these
# waits for an agreement, and no page holds a ballot or a password.
_WRITES = re.compile(r"^/(projects|campaigns|talk|comments|me/residency)/")
FIELD = "agreed_policies"


class AskAgain:
    """Middleware: asks before what was sent is done; the page holds it, and sends it with a yes."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Everything happens once the forgery check has let the request through."""
        return self._get_response(request)

    def process_view(self, request: HttpRequest, *called: Any) -> HttpResponse | None:
        """The page that asks, where it has to be asked here.

        Of a form that may bring files nothing is read here, since some pages keep what is sent to
        them in memory only. These look for forgery themselves, and ask after that.
        """
        looks_itself = getattr(called[0], "csrf_exempt", False)
        if looks_itself or request.content_type != "application/x-www-form-urlencoded":
            return None
        return asked_again(request)


def asked_again(request: HttpRequest) -> HttpResponse | None:
    """The page that asks, where whoever sends a form has to be asked; a yes in it is kept.

    The caller has looked for forgery. A form with files cannot be held: asked next time.
    """
    user = request.user
    if not _is_form(request) or not isinstance(user, User) or not has_to_be_asked(user):
        return None
    if request.FILES:
        return None
    if request.POST.get(FIELD) == VERSION:
        agree(user)
        return None
    sent = [
        (name, value)
        for name, values in request.POST.lists()
        for value in values
        if name not in ("csrfmiddlewaretoken", FIELD)
    ]
    context = {"sent": sent, "field": FIELD, "version": VERSION}
    return render(request, "policies/again.html", context)


def _is_form(request: HttpRequest) -> bool:
    """A form of a page that a browser goes to."""
    here = request.method == "POST" and bool(_WRITES.match(request.path_info))
    goes = request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"
    return here and goes and "HX-Request" not in request.headers
