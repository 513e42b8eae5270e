"""The smallest components, written here, the same to the byte as their templates say.

To open a template for a button takes ten times as long as to write one. The templates stay the
design: the tests hold each of these against its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.template import Context
from django.template.base import Node
from django.utils import timezone
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django_cotton.templatetags import UnprocessableDynamicAttr
from django_cotton.templatetags._component import AttrKind, CottonComponentNode
from django_cotton.templatetags._slot import CottonSlotNode

from civicfund import moments
from civicfund.templatetags.ui import extras, icon

Attributes = dict[str, Any]
# What a countdown counts to, beside words.
_END = ("to", datetime)
_MOST_ENDS = 1024


class WrittenHere(Node):
    """A component's tag, where all that it is given are words; otherwise its template is drawn."""

    child_nodelists = ()

    def __init__(self, component: CottonComponentNode) -> None:
        self.component = component
        self.write = WRITTEN[component.component_name]

    def render(self, context: Context) -> SafeString:
        """The component, as its template draws it."""
        given = self._given(context) if context.autoescape else None
        if given is None:
            return self.component.render(context)  # type: ignore[no-any-return]  # no types
        slot = self.component.nodelist.render(context)
        return mark_safe(self.write(given, slot))  # noqa: S308 -- escaped as it is written

    def _given(self, context: Context) -> Attributes | None:
        given: Attributes = {}
        for attr in self.component._prepared_attrs:
            value = attr.value
            try:
                if attr.kind in (AttrKind.DYNAMIC, AttrKind.UNQUOTED):
                    value = attr.compiled.resolve(context)
                elif attr.compiled:
                    value = attr.compiled.render(context)
            except UnprocessableDynamicAttr:
                return None
            words = isinstance(value, str | bool)
            if attr.key == "attrs" or not (words or (attr.key, type(value)) == _END):
                return None
            given[attr.key] = value
        return given


def is_written_here(component: CottonComponentNode) -> bool:
    """Whether this tag can be: it has one slot, and knows what is around it."""
    named = component.nodelist.get_nodes_by_type(CottonSlotNode)
    return component.component_name in WRITTEN and not component.only and not named


def _button(given: Attributes, slot: str) -> str:
    href, kind = given.pop("href", ""), given.pop("type", "submit")
    classes = f"button button-{conditional_escape(given.pop('variant', 'primary'))}"
    name = given.pop("icon_name", "")
    if given.pop("wide", ""):
        classes += " button-wide"
    if also := given.pop("class", ""):
        classes += f" {conditional_escape(also)}"
    disabled = " disabled" if given.pop("disabled", "") else ""
    words = f"{icon(name, 18) if name else ''}{slot}"
    if href:
        return f'<a class="{classes}" href="{conditional_escape(href)}"{extras(given)}>{words}</a>'
    opening = f'<button class="{classes}" type="{conditional_escape(kind)}"{disabled}'
    return f"{opening}{extras(given)}>{words}</button>"


def _page_header(given: Attributes, slot: str) -> str:
    kicker, title, lead = (given.get(name, "") for name in ("kicker", "title", "lead"))
    above = f'<p class="kicker">{conditional_escape(kicker)}</p>' if kicker else ""
    below = f'<p class="lead">{conditional_escape(lead)}</p>' if lead else ""
    actions = f'<div class="actions">{slot}</div>' if slot.strip() else ""
    return f"""
<header class="page-header">
  <div class="page-header-words">
    {above}
    <h1>{conditional_escape(title)}</h1>
    {below}
  </div>
  {actions}
</header>
"""


_ICONS = {"success": "circle-check-big", "warning": "triangle-alert", "error": "circle-x"}


def _notice(given: Attributes, slot: str) -> str:
    tone, title, role = given.get("tone", "info"), given.get("title", ""), given.get("role", "")
    named = f' role="{conditional_escape(role)}"' if role else ""
    heading = f'<p class="notice-title">{conditional_escape(title)}</p>' if title else ""
    return f"""
<div class="notice notice-{conditional_escape(tone)}"{named}>
  {icon(_ICONS.get(tone, "info"), 24)}
  <div class="notice-body">
    {heading}
    {slot}
  </div>
</div>
"""


def _empty(given: Attributes, slot: str) -> str:
    return f"""
<div class="empty">
  <p class="empty-title">{conditional_escape(given.get("title", ""))}</p>
  {slot}
</div>
"""


def _countdown(given: Attributes, _slot: str) -> str:
    to, variant = given.get("to"), given.get("variant", "")
    if not to:
        return ""
    classes = f" countdown-{conditional_escape(variant)}" if variant else ""
    ended = conditional_escape(given.get("ended", _("Time is up.")))
    left = conditional_escape(given.get("left", _("{time} left")))
    return (
        f'<span class="countdown{classes}" data-countdown data-ended="{ended}" data-left="{left}"'
        f' data-now="{timezone.localtime().isoformat()}">'
        '<span class="countdown-left" role="timer" hidden></span>'
        '<span class="sr-only" aria-live="polite" data-countdown-end></span>'
        f' <time datetime="{timezone.localtime(to).isoformat()}">{_end(to, *_where())}</time>'
        "</span>"
    )


@lru_cache(maxsize=_MOST_ENDS)
def _end(at: datetime, _language: str | None, _zone: str) -> str:
    """In words, as they are there."""
    return conditional_escape(moments.end(at))


def _where() -> tuple[str | None, str]:
    return get_language(), timezone.get_current_timezone_name()


def _stat(given: Attributes, slot: str) -> str:
    return f"""
<div class="stat">
  <p class="stat-label">{conditional_escape(given.get("label", ""))}</p>
  <p class="stat-value">{slot}</p>
</div>
"""


WRITTEN: Mapping[str, Callable[[Attributes, str], str]] = {
    "button": _button,
    "page-header": _page_header,
    "notice": _notice,
    "empty": _empty,
    "stat": _stat,
    "countdown": _countdown,
}
