"""How a form's controls are drawn: as Django's templates say, for less of a processor's time.

A list of choices is most of a page of filters: Django opens two templates for each choice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.forms.renderers import DjangoTemplates
from django.utils.formats import localize
from django.utils.html import conditional_escape, escape
from django.utils.safestring import SafeData

Widget = Mapping[str, Any]


class Controls(DjangoTemplates):
    """Django's own renderer; selects and lines of text are written here, the same to the byte."""

    def render(self, template_name: str, context: dict[str, Any], request: Any = None) -> str:
        """A control, or a form."""
        draw = _DRAWN.get(template_name)
        return draw(context["widget"]) if draw else super().render(template_name, context, request)


def _text(value: object) -> str:
    """A value within an attribute; what was made as markup stays so."""
    return f"{value}" if isinstance(value, SafeData) else escape(f"{value}")


def _attributes(attrs: Mapping[str, Any]) -> str:
    return "".join(
        f" {conditional_escape(name)}" + ("" if value is True else f'="{_text(value)}"')
        for name, value in attrs.items()
        if value is not False
    )


def _select(widget: Widget) -> str:
    groups = "".join(_group(name, options) for name, options, _index in widget["optgroups"])
    opening = f'<select name="{_said(widget["name"])}"{_attributes(widget["attrs"])}>'
    return f"{opening}{groups}\n</select>"


def _group(name: str | None, options: Iterable[Widget]) -> str:
    drawn = "".join(
        f'\n  <option value="{_text(each["value"])}"{_attributes(each["attrs"])}>'
        f"{_said(each['label'])}</option>\n"
        for each in options
    )
    return f'\n  <optgroup label="{_said(name)}">{drawn}\n  </optgroup>' if name else drawn


def _said(value: Any) -> str:
    """A value as a template writes it: numbers as the language does."""
    return conditional_escape(value if isinstance(value, str) else localize(value))


def _input(widget: Widget) -> str:
    value = widget["value"]
    given = "" if value is None else f' value="{_text(value)}"'
    kind, name = _said(widget["type"]), _said(widget["name"])
    return f'<input type="{kind}" name="{name}"{given}{_attributes(widget["attrs"])}>'


_FOLDER = "django/forms/widgets"
_DRAWN: dict[str, Callable[[Widget], str]] = {
    f"{_FOLDER}/select.html": _select,
    **{f"{_FOLDER}/{name}.html": _input for name in ("text", "email", "hidden", "number", "date")},
}
