"""What the components of templates/components/ need beyond Django's own tags."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from django import template
from django.conf import settings
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from lucide.templatetags.lucide import lucide

from civicfund import moments
from civicfund.context import place_at

register = template.Library()

Row = Mapping[str, Any]  # of a chart: label, value, and display and tone where it has them

_TONES = {
    "live": "live",
    "open": "live",
    "now": "live",
    "closing": "live",
    "collecting": "live",
    "recovering": "live",
    "charging": "live",
    "running": "live",
    "funded": "good",
    "succeeded": "good",
    "done": "good",
    "won": "good",
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
    "reached": "good",
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
    "reported": "waiting",
    "pending": "waiting",
    "waiting": "waiting",
    "stub": "waiting",
    "action_required": "bad",
    "declined": "bad",
    "charged_back": "bad",
    "failed": "bad",
    "lost": "bad",
    "disputed": "bad",
    "failed_short": "bad",
    "settled_short": "bad",
    "suspended": "bad",
    "error": "bad",
}


_CATEGORY_ICONS = {
    "green": "trees",
    "streets": "route",
    "play": "volleyball",
    "culture": "book-open",
    "care": "heart-handshake",
    "climate": "sun",
}


@register.filter
def category_icon(category: str) -> str:
    """The icon of what a project is about."""
    return _CATEGORY_ICONS.get(str(category), "lightbulb")


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
def has_errors(formsets: Iterable[Any]) -> bool:
    """Whether anything in these formsets has to be put right."""
    return any(part.total_error_count() for part in formsets if part.is_bound)


@register.filter
def colon(label: str) -> str:
    """A label before what is said about it; a question keeps its own mark."""
    return label if str(label).endswith(("?", "!", ".", ":")) else f"{label}:"


def _number(value: float) -> str:
    """A length as SVG reads it, whatever the language."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


@register.filter
def percent_of(value: float | None, whole: float | None) -> str:
    """``30|percent_of:80`` is "37.5": a length for an SVG attribute, from 0 to 100."""
    if not value or not whole or whole <= 0:
        return "0"
    return _number(min(100.0, max(0.0, 100 * value / whole)))


@register.filter
def largest(rows: Iterable[Row] | None) -> float:
    """The largest ``value`` of a chart's rows; 0 where there are none."""
    return max((row["value"] or 0 for row in rows or ()), default=0)


WIDEST_COLUMN = 12.0


@register.filter
def columns(rows: Sequence[Row] | None, top: float | None = None) -> list[dict[str, str]]:
    """A chart's rows as upright bars in a box of 100 by 40, of which none is a wall."""
    rows = rows or []
    whole, step = top or largest(rows), 100 / max(len(rows), 1)
    width = min(step * 0.8, WIDEST_COLUMN)
    drawn = []
    for index, row in enumerate(rows):
        height = 40 * float(percent_of(row["value"], whole)) / 100
        drawn.append(
            {
                "x": _number(index * step + (step - width) / 2),
                "y": _number(40 - height),
                "width": _number(width),
                "height": _number(height),
                "tone": row.get("tone") or "default",
            }
        )
    return drawn


_SERIES = ("default", "live", "sky", "plum", "muted")


@register.filter
def parts(rows: Sequence[Row] | None, whole: float | None = None) -> list[dict[str, Any]]:
    """A chart's rows as pieces of one bar, in percent of the whole or of their sum.

    A row without a tone takes the next of the series, so that neighbors differ.
    """
    rows = rows or []
    whole = whole or sum(row["value"] or 0 for row in rows)
    drawn: list[dict[str, Any]] = []
    start = 0.0
    for index, row in enumerate(rows):
        width = float(percent_of(row["value"], whole))
        drawn.append(
            {
                "label": row["label"],
                "display": row.get("display") or row["value"],
                "tone": row.get("tone") or _SERIES[index % len(_SERIES)],
                "x": _number(start),
                "width": _number(width),
            }
        )
        start += width
    return drawn


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


@register.filter
def end(at: datetime) -> str:
    """An instant at which something ends, as people read it."""
    return moments.end(at)


@register.simple_tag(takes_context=True)
def current(context: template.Context, prefix: str) -> str:
    """``aria-current`` for a link of the navigation: this very page, or one below it."""
    request = context.get("request")
    at = place_at(prefix, request.path) if request else ""
    return format_html(' aria-current="{}"', at) if at else ""
