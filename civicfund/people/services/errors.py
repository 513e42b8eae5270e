"""Why an act about people was refused; each message is for the person who asked."""

from __future__ import annotations


class ResidencyError(Exception):
    """The residency cannot be stated or proved as asked; the message is for the person.

    ``field`` names what to correct, where it is one thing.
    """

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class RoleError(Exception):
    """The role cannot be given or taken by this person."""


class CopyError(Exception):
    """The copy cannot be asked for or taken; the message is for the person."""


class ErasureError(Exception):
    """Something has to be settled before this person can be erased."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__(" ".join(reasons))
        self.reasons = reasons
