"""Public pages as strangers see them, kept for a moment: in a closing hour most only look."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.conf import settings
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.cache import CacheMiddleware

from civicfund.people.requests import HttpRequest

Rest = ParamSpec("Rest")
View = Callable[Concatenate[HttpRequest, Rest], HttpResponseBase]
_MARK = "kept_for_strangers"


def kept_for_strangers(view: View[Rest]) -> View[Rest]:
    """Draw the page for whoever sends no cookie once in ``PAGES_KEPT_SECONDS``.

    Whoever sends one is known, or was: they get a page of their own, and it is never kept. Nor is a
    page that sets a cookie, such as one with a form. Each web process keeps its own, so that
    neither Redis nor a wipe of it matters here.
    """

    @wraps(view)
    def marked(
        request: HttpRequest, /, *given: Rest.args, **named: Rest.kwargs
    ) -> HttpResponseBase:
        response = view(request, *given, **named)
        setattr(response, _MARK, True)
        return response

    return marked


class KeptPages(CacheMiddleware):
    """Middleware that keeps what the views mark, and answers from it before anything is asked of a
    server: no session, no log line. Standing outside the rest, it keeps pages with their headers.
    """

    def __init__(self, get_response: Callable[[Any], HttpResponseBase]) -> None:
        super().__init__(get_response, cache_alias="pages", key_prefix="")

    def process_request(self, request: Any) -> HttpResponse | None:
        """The page as it was drawn a moment ago, for whoever sends no cookie."""
        request._cache_update_cache = False
        if not settings.PAGES_KEPT_SECONDS or request.COOKIES:
            return None
        return super().process_request(request)

    def process_response(self, request: Any, response: Any) -> HttpResponseBase:
        """Keep a marked page."""
        if getattr(response, _MARK, False) and not response.cookies:
            self.page_timeout = settings.PAGES_KEPT_SECONDS
            super().process_response(request, response)
        return response  # type: ignore[no-any-return]  # as it came, with how long it is good for
