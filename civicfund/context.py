"""What every template may show."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

_NAVIGATION = ("projects", "cycles", "campaigns", "my_page")


def town(request: HttpRequest) -> dict[str, object]:
    """The town's name, currency and address, and whether this is a local try-out."""
    return {
        "town_name": settings.TOWN_NAME,
        "currency": settings.CURRENCY,
        "site_url": settings.SITE_URL,
        "local_tryout": settings.DEBUG,
        "nav_place": _nav_place(request.path),
    }


def place_at(link: str, path: str) -> str:
    """Where a page is, seen from a link, as ``aria-current`` says it: this very page, somewhere
    below it, or neither.
    """
    if not path.startswith(link):
        return ""
    return "page" if path == link else "true"


def _nav_place(path: str) -> str:
    """Where the navigation shows this page: at one of its links, somewhere below one, or nowhere.

    Whatever the masthead says differs only by this, the language and whether somebody is signed in,
    so it is drawn once for each.
    """
    seen_from = ((link, place_at(link, path)) for link in map(reverse, _NAVIGATION))
    return next((f"{link} {at}" for link, at in seen_from if at), "")
