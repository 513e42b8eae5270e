"""How an act says no."""

from __future__ import annotations


class RefusedError(Exception):
    """The act is not possible; the message is for the person who asked, and nothing moved.

    ``field`` names what has to be changed for it to work, where there is such a thing.
    """

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.field = field
