"""Where the provider tells us that something happened."""

from __future__ import annotations

import structlog
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from civicfund.payments.domain import ForgedEventError
from civicfund.payments.services import receive_event

log = structlog.get_logger(__name__)


@csrf_exempt
@require_POST
def stripe_webhook(request: HttpRequest) -> HttpResponse:
    """Keep the event's pointer and answer at once; a sweep reads the object again and acts.

    400, and nothing kept, for anything that Stripe has not signed within the last five minutes.
    """
    return _receive(request, connected=False)


@csrf_exempt
@require_POST
def stripe_connect_webhook(request: HttpRequest) -> HttpResponse:
    """The same for news of those who receive money; it has a secret of its own."""
    return _receive(request, connected=True)


def _receive(request: HttpRequest, *, connected: bool) -> HttpResponse:
    signature = request.headers.get("Stripe-Signature", "")
    try:
        receive_event(request.body, signature, connected=connected)
    except ForgedEventError as forgery:
        log.warning("webhook.refused", reason=str(forgery))
        return HttpResponse(status=400)
    return HttpResponse(status=200)
