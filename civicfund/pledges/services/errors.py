"""How an act says no."""

from __future__ import annotations

from django.utils.translation import gettext as _


class RefusedError(Exception):
    """The act is not possible; the message is for the person who asked, and nothing moved.

    ``field`` names what has to be changed for it to work, where there is such a thing.
    """

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class OvertakenError(RefusedError):
    """Something else was saved since this was begun, in another tab."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "This was saved meanwhile, in another tab. What you wrote is still here: save once"
                " more to put it in the place of that."
            )
        )
