"""What a page that takes a card may load: the payment host's origin, and nothing more."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar
from urllib.parse import urlsplit

from csp.decorators import csp_update
from django.conf import settings
from django.http import HttpRequest, HttpResponse

Request = TypeVar("Request", bound=HttpRequest)
Rest = ParamSpec("Rest")
View = Callable[Concatenate[Request, Rest], HttpResponse]

# https://docs.stripe.com/security/guide#content-security-policy
STRIPE = {
    "script-src": ["https://js.stripe.com", "https://*.js.stripe.com"],
    "frame-src": ["https://js.stripe.com", "https://*.js.stripe.com", "https://hooks.stripe.com"],
    "connect-src": ["https://api.stripe.com"],
}


def payment_sources() -> dict[str, list[str]]:
    """What to add to the content security policy, by directive."""
    if not settings.STRIPE_API_BASE:
        return STRIPE
    address = urlsplit(settings.STRIPE_JS_URL)
    origin = f"{address.scheme}://{address.netloc}"
    return {directive: [origin] for directive in STRIPE}


def with_payment_host(view: View[Request, Rest]) -> View[Request, Rest]:
    """Let one page load the payment host's script and frames."""

    @wraps(view)
    def guarded(request: Request, /, *args: Rest.args, **kwargs: Rest.kwargs) -> HttpResponse:
        response = view(request, *args, **kwargs)
        # Settings are read at each request: the sandbox's port is not known before.
        csp_update(payment_sources())(lambda _: response)(request)
        return response

    return guarded
