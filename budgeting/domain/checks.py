"""One thing that a verifier looked at, or could not look at."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """One thing of a bundle: whether it holds, and what was found.

    What could not be ``looked`` at, by anybody who has the bundle alone, does not hold and is not
    broken either.
    """

    name: str
    holds: bool
    found: str
    looked: bool = True

    @property
    def broken(self) -> bool:
        """Whether it was looked at and is not as it should be."""
        return self.looked and not self.holds


def same(name: str, said: object, found: object) -> Check:
    """That the bundle says what was found."""
    return Check(name, said == found, str(found))


def not_looked_at(name: str, why: str) -> Check:
    """That nobody can tell from the bundle, and why."""
    return Check(name, holds=False, found=why, looked=False)
