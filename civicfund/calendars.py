"""Dates as iCalendar (RFC 5545), which every calendar program subscribes to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime

from django.http import HttpResponse

from civicfund.words import seen

LONGEST_LINE = 75  # octets, without the line end: RFC 5545, 3.1


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happens from an instant to another, at one, or on a whole day; ``uid`` names
    it for ever.
    """

    uid: str
    title: str
    url: str
    starts_at: datetime | date
    # Where nothing is said it takes no time, or its day.
    ends_at: datetime | None = None


def calendar_response(name: str, events: Iterable[Event], *, now: datetime) -> HttpResponse:
    """The events as a calendar that can be subscribed to."""
    body = "".join(f"{_folded(line)}\r\n" for line in _lines(name, events, now))
    return HttpResponse(body.encode(), content_type="text/calendar; charset=utf-8")


def _lines(name: str, events: Iterable[Event], now: datetime) -> Iterator[str]:
    yield from ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//civicfund//civicfund//EN")
    yield f"X-WR-CALNAME:{_escaped(name)}"
    for event in events:
        yield from ("BEGIN:VEVENT", f"UID:{_escaped(event.uid)}", f"DTSTAMP:{_instant(now)}")
        if isinstance(event.starts_at, datetime):
            yield f"DTSTART:{_instant(event.starts_at)}"
        else:
            yield f"DTSTART;VALUE=DATE:{event.starts_at:%Y%m%d}"
        if event.ends_at:
            yield f"DTEND:{_instant(event.ends_at)}"
        yield f"SUMMARY:{_escaped(event.title)}"
        yield f"URL:{event.url}"
        yield "END:VEVENT"
    yield "END:VCALENDAR"


def _instant(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _escaped(words: str) -> str:
    """As TEXT: backslash, comma and semicolon escaped, line ends as ``\\n``; nothing unseen."""
    return re.sub(r"([\\,;])", r"\\\1", seen(words)).replace("\n", "\\n").replace("\t", " ")


def _folded(line: str) -> str:
    """The line in pieces of at most 75 octets, each but the first after a space; no letter cut."""
    pieces, piece, size = [], "", 0
    for letter in line:
        octets = len(letter.encode())
        if size + octets > LONGEST_LINE:
            pieces.append(piece)
            piece, size = " ", 1
        piece, size = piece + letter, size + octets
    return "\r\n".join([*pieces, piece])
