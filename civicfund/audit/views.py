"""A trail as a file."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from django.http import StreamingHttpResponse

from civicfund.spreadsheets import csv_response

HEADER = ["when", "act", "what", "who", "of what", "said"]


class Told(Protocol):
    """An act in words."""

    @property
    def at(self) -> datetime:
        """When."""

    @property
    def what(self) -> str:
        """Its kind, as a code."""

    @property
    def of(self) -> str:
        """What it was done to."""

    @property
    def words(self) -> str:
        """What was done."""

    @property
    def said_words(self) -> list[tuple[str, str]]:
        """What it left beside it."""


def trail_file(filename: str, acts: Iterable[tuple[Told, str]]) -> StreamingHttpResponse:
    """Acts, each with who did it, as they come: nothing is held of what was sent."""
    return csv_response(
        filename,
        HEADER,
        (
            [
                act.at.isoformat(), act.what, act.words, who, act.of,
                "; ".join(f"{name}: {value}" for name, value in act.said_words),
            ]
            for act, who in acts
        ),
    )  # fmt: skip
