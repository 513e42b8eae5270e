"""Instants, as people of the town read them."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from django.utils.formats import date_format
from django.utils.timezone import localtime


def moment(at: datetime) -> str:
    """The day and the minute, by the town's clocks."""
    return date_format(localtime(at), "j F Y, H:i")


def end(at: datetime) -> str:
    """An instant at which something ends. What ends with a day ends at its 24:00: at 0:00 of the
    next one, readers would take the next one for the last.
    """
    local = localtime(at)
    if local.time() != time.min:
        return moment(at)
    return date_format(local - timedelta(microseconds=1), "j F Y, 24:00")
