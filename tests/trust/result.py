"""What a proof comes to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.trust.town import Town


@dataclass(frozen=True, slots=True)
class Result:
    """One promise: what was tried how often, what broke it, and what became of the control.

    ``control_failed`` says that the same trial finds a system that does not keep the promise.
    """

    tried: str
    size: str
    faults: tuple[str, ...]
    control: str
    control_failed: bool


@dataclass(frozen=True, slots=True)
class Proof:
    """A promise of the table in docs/trust.md, and the function that tries it at a size."""

    name: str
    promise: str
    prove: Callable[[Town, bool], Result]


def faults(**counts: int) -> tuple[str, ...]:
    """The counts that should be zero and are not, in words."""
    return tuple(f"{number} {name.replace('_', ' ')}" for name, number in counts.items() if number)
