"""Public pages as strangers see them, kept for a moment: in a closing hour most only look."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.conf import settings
from django.http.response import HttpResponseBase
from django.views.decorators.cache import cache_page

from civicfund.people.requests import HttpRequest

Rest = ParamSpec("Rest")
View = Callable[Concatenate[HttpRequest, Rest], HttpResponseBase]


def kept_for_strangers(view: View[Rest]) -> View[Rest]:
    """Draw the page for whoever sends no cookie once in ``PAGES_KEPT_SECONDS``.

    Whoever sends one is known, or was: they get a page of their own, and it is never kept. Nor is a
    page that sets a cookie, such as one with a form. Each web process keeps its own, so that
    neither Redis nor a wipe of it matters here.
    """

    @wraps(view)
    def kept(request: HttpRequest, /, *given: Rest.args, **named: Rest.kwargs) -> HttpResponseBase:
        seconds = settings.PAGES_KEPT_SECONDS
        if not seconds or request.COOKIES:
            return view(request, *given, **named)
        return cache_page(seconds, cache="pages")(view)(request, *given, **named)

    return kept
