"""What a count decided, with the rounds that led to it, and its exact record as JSON."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from fractions import Fraction
from types import MappingProxyType
from typing import Any

Parameter = int | str | bool


class Step(StrEnum):
    """The part of a rule a round belongs to."""

    COSTLESS = "costless"
    MAIN = "main"
    COMPLETION = "completion"


class Result(StrEnum):
    """What became of the option a round looked at."""

    SELECTED = "selected"
    DOES_NOT_FIT = "does_not_fit"
    BELOW_THRESHOLD = "below_threshold"
    GROUP_TAKEN = "group_taken"
    AFTER_STOP = "after_stop"


@dataclass(frozen=True, slots=True)
class Round:
    """One decision. Money is in minor units; ``remaining_minor`` is before the decision.

    ``score`` is what the rule compared: total votes or points (greedy), price per unit of
    utility (equal shares), load (Phragmén). ``price`` is the most one supporter pays, for
    ballots with points the most per point. ``tied_with`` names those a tie order put behind.
    """

    option: str
    result: Result
    score: Fraction
    support: int
    remaining_minor: int
    step: Step = Step.MAIN
    price: Fraction | None = None
    paid_in_full: int = 0
    paid_in_part: int = 0
    tied_with: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """Who won, in order of selection, and why.

    ``facts`` hold what the rounds cannot: where a completion stopped and with how much per
    voter. ``exact_decisions`` counts the decisions that floating point could not prove and that
    were made in exact arithmetic alone; it says nothing about who won.
    """

    rule: str
    parameters: Mapping[str, Parameter]
    ties: str
    selected: tuple[str, ...]
    rounds: tuple[Round, ...]
    total_cost_minor: int
    budget_minor: int
    ballots: int
    exact_decisions: int = 0
    facts: Mapping[str, Fraction | int | str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("parameters", "facts"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values; a fraction is the string "n/d", so nothing is rounded."""
        record = {part.name: _plain(getattr(self, part.name)) for part in fields(self)}
        record["rounds"] = [_plain(asdict(each)) for each in self.rounds]
        return record

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Outcome:
        """The outcome that ``to_json`` wrote."""
        values = dict(record)
        values["selected"] = tuple(values["selected"])
        values["rounds"] = tuple(_round(each) for each in values["rounds"])
        values["facts"] = {name: _fact(value) for name, value in values["facts"].items()}
        return cls(**values)

    @property
    def digest(self) -> str:
        """SHA-256 of what was decided: the same for everyone who recounts it.

        How much of it needed exact arithmetic is left out, since that may change with the code.
        """
        record = self.to_json()
        del record["exact_decisions"]
        return digest_of(record)


def digest_of(record: object) -> str:
    """SHA-256, in hexadecimal, of a JSON value in its canonical form."""
    text = json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    # Any: this walks whatever a frozen value holds, down to JSON's own types.
    if isinstance(value, Fraction):
        return f"{value.numerator}/{value.denominator}"
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    return value


def _round(record: Mapping[str, Any]) -> Round:
    values = dict(record)
    values["score"] = Fraction(values["score"])
    values["price"] = None if values["price"] is None else Fraction(values["price"])
    values["step"], values["result"] = Step(values["step"]), Result(values["result"])
    values["tied_with"] = tuple(values["tied_with"])
    return Round(**values)


def _fact(value: str | int) -> Fraction | int | str:
    return Fraction(value) if isinstance(value, str) and "/" in value else value
