"""What the components of templates/components/ need beyond Django's own tags."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from django import template
from django.conf import settings
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from lucide.templatetags.lucide import lucide

register = template.Library()

_TONES = {
    "live": "live",
    "open": "live",
    "now": "live",
    "closing": "live",
    "collecting": "live",
    "recovering": "live",
    "charging": "live",
    "funded": "good",
    "settled": "good",
    "paid_out": "good",
    "collected": "good",
    "active": "good",
    "ready": "good",
    "published": "good",
    "certified": "good",
    "selected": "good",
    "feasible": "good",
    "on_ballot": "good",
    "delivered": "good",
    "success": "good",
    "submitted": "waiting",
    "approved": "waiting",
    "closed": "waiting",
    "unsealed": "waiting",
    "counted": "waiting",
    "authorizing": "waiting",
    "due": "waiting",
    "processing": "waiting",
    "planned": "waiting",
    "stub": "waiting",
    "action_required": "bad",
    "declined": "bad",
    "charged_back": "bad",
    "disputed": "bad",
    "failed_short": "bad",
    "settled_short": "bad",
    "suspended": "bad",
    "error": "bad",
}


@register.filter
def tone(state: str) -> str:
    """The tone of a state's badge; a state that is over or unknown stays neutral."""
    return _TONES.get(str(state), "neutral")


@lru_cache(maxsize=256)
def _icon(name: str, size: str) -> str:
    return str(lucide(name, size=int(size), aria_hidden="true", focusable="false"))


@register.simple_tag
def icon(name: str, size: int | str = 20) -> SafeString:
    """A Lucide icon, hidden from screen readers: the words beside it say what it means."""
    return mark_safe(_icon(str(name), str(size)))  # noqa: S308 -- drawn by us from a packaged file


@register.filter
def extras(attrs: Mapping[str, Any]) -> SafeString:
    """A component's other attributes (hx-…, data-…, aria-…), each value escaped.

    Cotton's own ``{{ attrs }}`` does not escape, so no component may use it.
    """
    declared = getattr(attrs, "attrs_dict", lambda: dict(attrs))()
    pairs = [
        (name, name if value is True else value)
        for name, value in declared.items()
        if value not in (None, False, "")
    ]
    return format_html_join("", ' {}="{}"', pairs)


@register.filter
def percent_of(value: float | None, whole: float | None) -> str:
    """``30|percent_of:80`` is "37.5": a length for an SVG attribute, from 0 to 100."""
    if not value or not whole or whole <= 0:
        return "0"
    return f"{min(100.0, max(0.0, 100 * value / whole)):.2f}".rstrip("0").rstrip(".")


@register.filter
def largest(rows: Iterable[Mapping[str, Any]] | None) -> float:
    """The largest ``value`` of a chart's rows; 0 where there are none."""
    return max((row["value"] or 0 for row in rows or ()), default=0)


@register.filter
def outlines(places: Iterable[Any] | None) -> dict[str, Any]:
    """Places with a boundary as GeoJSON for ``<c-map>``; GeoJSON passes through."""
    if isinstance(places, dict):
        return places
    features = [
        {
            "type": "Feature",
            "geometry": place.boundary,
            "properties": {"name": place.name, "url": place.get_absolute_url()},
        }
        for place in places or ()
        if place.boundary
    ]
    return {"type": "FeatureCollection", "features": features}


@register.filter
def pins(things: Iterable[Any] | None) -> list[dict[str, Any]]:
    """Things with a latitude and a longitude as points for ``<c-map>``; dicts pass through."""
    return [
        thing
        if isinstance(thing, dict)
        else {
            "latitude": thing.latitude,
            "longitude": thing.longitude,
            "name": str(thing),
            "url": thing.get_absolute_url(),
        }
        for thing in things or ()
        if isinstance(thing, dict) or thing.latitude is not None
    ]


@register.simple_tag
def tiles() -> dict[str, str]:
    """The map's background, where the operator has set one (``MAP_TILE_URL``)."""
    return {"url": settings.MAP_TILE_URL, "credit": settings.MAP_TILE_CREDIT}


@register.simple_tag(takes_context=True)
def current(context: template.Context, prefix: str) -> str:
    """``aria-current`` for a link of the navigation: this very page, or one below it."""
    request = context.get("request")
    if request is None or not request.path.startswith(prefix):
        return ""
    return format_html(' aria-current="{}"', "page" if request.path == prefix else "true")
