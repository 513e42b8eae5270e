"""Why an act is refused."""

from __future__ import annotations


class ProjectError(Exception):
    """The act is refused; the message is for the person, ``field`` names what to correct."""

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field
