"""An election as a frozen value: what can be funded, with how much, and the ballots."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from budgeting.domain.ballots import BallotKind, Ballots, MalformedBallots
from budgeting.domain.limits import BallotError, BallotLimits, validate_ballot

__all__ = [
    "BallotError",
    "BallotKind",
    "BallotLimits",
    "Ballots",
    "Election",
    "MalformedBallots",
    "MalformedElection",
    "Option",
    "validate_ballot",
]


class MalformedElection(ValueError):  # noqa: N818 - it names what is wrong, as the others do
    """Options, money and ballots do not belong together."""


@dataclass(frozen=True, slots=True)
class Option:
    """Something the ballot can fund. Of all options with one ``group``, at most one can win."""

    id: str
    cost_minor: int
    name: str = ""
    group: str | None = None


@dataclass(frozen=True, eq=False)
class Election:
    """One pot of money, the options for it and the ballots cast on them.

    ``increment_minor`` is the step of completions that raise every voter's money: one major
    currency unit unless set.
    """

    options: tuple[Option, ...]
    budget_minor: int
    ballots: Ballots
    increment_minor: int = 100

    def __post_init__(self) -> None:
        ids = [option.id for option in self.options]
        if len(set(ids)) != len(ids):
            raise MalformedElection("two options have the same id")
        if any(option.cost_minor < 0 for option in self.options) or self.budget_minor < 0:
            raise MalformedElection("costs and budget cannot be negative")
        if self.increment_minor < 1:
            raise MalformedElection("the increment is at least one minor unit")
        if self.ballots.option_count != len(ids):
            raise MalformedElection("the ballots are not about these options")

    @cached_property
    def index(self) -> dict[str, int]:
        """The position of every option by its id."""
        return {option.id: place for place, option in enumerate(self.options)}
