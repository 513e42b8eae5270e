"""What is wrong with a form's fields, in words that name each field."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django import forms, template
from django.core.exceptions import ValidationError
from django.forms import BoundField
from django.utils.translation import gettext as _

from civicfund.templatetags.ui import colon

register = template.Library()


@dataclass(frozen=True, slots=True)
class Problem:
    """What stands beside the field, and what stands above the form, where the field is not seen."""

    words: str
    above: str


@register.filter
def problems(field: BoundField) -> Iterator[Problem]:
    """What is wrong with a field. A missing answer is asked for by the field's label."""
    for error in field.errors.as_data():
        if _is_plainly_missing(error, field):
            words = _asked_for(field)
            yield Problem(words, words)
        else:
            yield from (
                Problem(words, f"{colon(str(field.label))} {words}") for words in error.messages
            )


@register.filter
def control_id(field: BoundField) -> str:
    """Where the summary's link leads: the control, the first of several, or what holds none."""
    if not field.use_fieldset:
        return field.id_for_label
    return f"{field.auto_id}_0" if len(field) else str(field.auto_id)


def _is_plainly_missing(error: ValidationError, field: BoundField) -> bool:
    """Whether nothing better is said of it than that it is required."""
    plain = forms.Field.default_error_messages["required"]
    return error.code == "required" and field.field.error_messages["required"] == plain


def _asked_for(field: BoundField) -> str:
    names = {"label": field.label}
    if field.is_hidden:
        return _("Something is missing that the page sends by itself. Open the page again.")
    if field.widget_type == "checkbox":
        return _("Tick “%(label)s”.") % names
    if isinstance(field.field, forms.FileField):
        return _("Choose a file for “%(label)s”.") % names
    if isinstance(field.field, forms.ChoiceField):
        return _("Choose something for “%(label)s”.") % names
    return _("Fill in “%(label)s”.") % names
