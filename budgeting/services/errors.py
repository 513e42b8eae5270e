"""Why an act was refused; each message is for the person who asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


class RefusedError(Exception):
    """The act cannot be done as asked, and nothing was changed.

    ``field`` names what of it is wrong, where it is one thing.
    """

    def __init__(self, message: str = "", *, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class ManyRefusedError(RefusedError):
    """Some of many things asked for at once cannot be done, so none was; ``each`` tells why."""

    def __init__(self, each: Sequence[str]) -> None:
        super().__init__(" ".join(each))
        self.each = list(each)


class VotingClosedError(RefusedError):
    """It is not, or no longer, time to vote."""


class VotedOnPaperError(VotingClosedError):
    """The voter was given a paper ballot, and that is final on every channel."""


class NotOnRollError(RefusedError):
    """The person is not on the voter roll of this cycle."""


class BallotRefusedError(RefusedError):
    """The ballot breaks its rules.

    ``by_pot`` tells what is wrong by the pot's id, and ``options`` which option of it that is
    about, by its code, where it is one of those on the ballot.
    """

    def __init__(
        self,
        message: str,
        by_pot: Mapping[int, str] | None = None,
        options: Mapping[int, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.by_pot = dict(by_pot or {})
        self.options = dict(options or {})


class BusyError(RefusedError):
    """Somebody else is at it just now; a moment later it is done."""
