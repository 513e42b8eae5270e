"""Components that are drawn once for what they are given, and then remembered.

An amount, a badge or a card says nothing but what its tag says, and lists show the same ones again
and again: to open the component's template costs ten times as much as to find what it came to.
Each process remembers its own. Nothing goes stale, since whatever a component shows is what it is
found by.
"""

from __future__ import annotations

from types import NoneType
from typing import Any, TypeVar

from django import template
from django.core.signals import setting_changed
from django.forms import BoundField, CheckboxInput, ChoiceField, Select, Textarea, TextInput
from django.template.base import Node, Parser, Token
from django.utils import timezone
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django_cotton.templatetags import UnprocessableDynamicAttr
from django_cotton.templatetags._component import AttrKind, CottonComponentNode, cotton_component

from civicfund.templatetags.written import WrittenHere, is_written_here

register = template.Library()

# Only such as show nothing of a page around them, no time and nobody's secret.
REMEMBERED = frozenset(
    {
        "amount",
        "state",
        "comment",
        "project-card",
        "help-links",
        "proposal-row",
        "pot-line",
        "review-row",
        "reported-line",
        "campaign-card",
        "field",
    }
)
MOST = 4096
_drawn: dict[tuple[Any, ...], SafeString] = {}
# Kinds of values that are equal only where they look the same.
_whole: set[type] = {str, SafeString, int, bool, NoneType}

# Beside lists, what shows nothing of its own until somebody has filled it in.
_FILLED_IN = (TextInput, Textarea, CheckboxInput)

Kind = TypeVar("Kind", bound=type)


def says_all(kind: Kind) -> Kind:
    """Class decorator: values of this kind that are equal are shown alike, to the letter."""
    _whole.add(kind)
    return kind


class DrawnOnce(Node):
    """A component's tag, answered from what the same one came to before."""

    child_nodelists = ()

    def __init__(self, component: CottonComponentNode) -> None:
        self.component = component

    def render(self, context: template.Context) -> SafeString:
        """The component, as its template draws it."""
        found_by = self._found_by(context) if context.autoescape else None
        if found_by is None:
            return self.component.render(context)  # type: ignore[no-any-return]  # no types
        drawn = _drawn.get(found_by)
        if drawn is None:
            if len(_drawn) >= MOST:
                _drawn.clear()
            drawn = _drawn[found_by] = self.component.render(context)
        return drawn

    def _found_by(self, context: template.Context) -> tuple[Any, ...] | None:
        """All that it is given, with its kind; None where that does not tell all of it."""
        name, zone = self.component.component_name, timezone.get_current_timezone_name()
        parts: list[Any] = [name, get_language(), zone]
        for attr in self.component._prepared_attrs:
            value = attr.value
            try:
                if attr.kind in (AttrKind.DYNAMIC, AttrKind.UNQUOTED):
                    value = attr.compiled.resolve(context)
                elif attr.compiled:
                    value = attr.compiled.render(context)
            except UnprocessableDynamicAttr:
                return None
            if value.__class__ is BoundField:
                shown = _of_field(value)
                if shown is None:
                    return None
                parts += (attr.key, *shown)
            elif value.__class__ in _whole:
                parts += (attr.key, value.__class__, value)
            else:
                return None
        return (*parts, self.component.nodelist.render(context))


def _of_field(bound: BoundField) -> tuple[Any, ...] | None:
    """All that shows of a list to choose one thing from, or of a field that nobody has filled in
    yet; None for what was typed, any other field, and where something is wrong.
    """
    form, field, widget = bound.form, bound.field, bound.field.widget
    if bound.errors or field.show_hidden_initial:
        return None
    value = bound.value()
    if type(widget) is Select and isinstance(field, ChoiceField):
        choices = _choices(widget)
    else:
        is_empty = type(widget) in _FILLED_IN and not form.is_bound and value in (None, "", False)
        choices = () if is_empty else None
    if choices is None:
        return None
    return (
        type(form).__qualname__, bound.html_name, bound.auto_id, form.use_required_attribute,
        conditional_escape(bound.label), str(bound.help_text), field.required, field.disabled,
        type(widget), tuple((name, str(given)) for name, given in widget.attrs.items()),
        type(value), str(value), *choices,
    )  # fmt: skip


def _choices(widget: Select) -> tuple[tuple[str, bool, str], ...] | None:
    """What is offered; None where it stands in groups."""
    # Read once; through an iterator, since a list of rows that is asked for its length counts them.
    offered: list[tuple[Any, Any]] = list(iter(widget.choices))
    if any(isinstance(label, list | tuple) for _value, label in offered):
        widget.choices = offered
        return None
    # As they are: ``choices`` would look through each of them.
    widget._choices = offered  # type: ignore[attr-defined]  # what it keeps them as
    return tuple((str(value), *_words(label)) for value, label in offered)


def _words(label: Any) -> tuple[bool, str]:
    """A label, and whether it is escaped by now."""
    return (False, label) if label.__class__ is str else (True, conditional_escape(label))


@register.tag("cotton")
def component(parser: Parser, token: Token) -> Node:
    """What ``<c-name …>`` is read as."""
    node = cotton_component(parser, token)
    if is_written_here(node):
        return WrittenHere(node)
    return DrawnOnce(node) if node.component_name in REMEMBERED and not node.only else node


def _forget(**_changed: object) -> None:
    """A test that changes the currency sees it."""
    _drawn.clear()


setting_changed.connect(_forget)
