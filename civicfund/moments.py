"""Instants, as people of the town read them."""

from __future__ import annotations

from datetime import datetime

from django.utils.formats import date_format
from django.utils.timezone import localtime


def moment(at: datetime) -> str:
    """The day and the minute, by the town's clocks."""
    return date_format(localtime(at), "j F Y, H:i")
