"""What every template may show."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest


def town(request: HttpRequest) -> dict[str, object]:
    """The town's name, currency and address, and whether this is a local try-out."""
    return {
        "town_name": settings.TOWN_NAME,
        "currency": settings.CURRENCY,
        "site_url": settings.SITE_URL,
        "local_tryout": settings.DEBUG,
    }
