"""Why an act is refused."""

from __future__ import annotations

from django.utils.translation import gettext as _


class ProjectError(Exception):
    """The act is refused; the message is for the person, ``field`` names what to correct."""

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class OvertakenError(ProjectError):
    """Somebody saved something else since this was begun: in another tab, or a co-author."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "This was saved meanwhile, in another tab or by somebody who writes with you. What"
                " you wrote is still here: save once more to put it in the place of that."
            )
        )
