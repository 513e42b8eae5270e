"""Fields of forms for days and instants: chosen in a calendar, and within reach of one."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext_lazy as _

# Beyond these no calendar of the town reaches, and reckoning with a day more or less would fail.
_FIRST, _LAST = date(1900, 1, 1), date(2199, 12, 31)
_WORDS = _("Choose a year from 1900 to 2199.")


class DayField(forms.DateField):
    """A day, chosen in the browser's calendar."""

    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    default_validators = [MinValueValidator(_FIRST, _WORDS), MaxValueValidator(_LAST, _WORDS)]


class _MomentInput(forms.DateTimeInput):
    """Seconds stand there where there are any."""

    input_type = "datetime-local"

    def format_value(self, value: Any) -> str | None:
        """As the browser's calendar takes it."""
        shown = super().format_value(value)
        is_whole = isinstance(value, datetime) and value.second == 0
        return shown[: -len(":00")] if shown and is_whole else shown


class MomentField(forms.DateTimeField):
    """A minute of a day, by the town's clocks, chosen in the browser's calendar."""

    widget = _MomentInput(format="%Y-%m-%dT%H:%M:%S")
    default_validators = [
        MinValueValidator(datetime.combine(_FIRST, time.min, UTC), _WORDS),
        MaxValueValidator(datetime.combine(_LAST, time.max, UTC), _WORDS),
    ]
