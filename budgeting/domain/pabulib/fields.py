"""Single fields of a ``.pb`` file: numbers without rounding, and complaints with a line."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

# Beyond this a cost is a typing error, and a database's 64-bit column would refuse it.
LARGEST_MINOR = 2**63 - 1
NUMBER = re.compile(r"(\d{1,30})(?:[.,](\d{0,12}))?")


class PabulibError(ValueError):
    """A file that cannot be read: the line, and what is wrong there."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(f"line {line}: {message}")
        self.line = line
        self.message = message


@dataclass(slots=True)
class Complaints:
    """What a file does that the format does not allow but that does not stop a count.

    Each sort is kept once, with the first line it was met on and how often.
    """

    first: dict[str, int] = field(default_factory=dict)
    times: Counter[str] = field(default_factory=Counter)

    def add(self, line: int, message: str, times: int = 1) -> None:
        """Note a complaint."""
        self.first.setdefault(message, line)
        self.times[message] += times

    def sentences(self) -> tuple[str, ...]:
        """One sentence per sort, in the order first met."""
        return tuple(self._sentence(message, line) for message, line in self.first.items())

    def _sentence(self, message: str, line: int) -> str:
        more = self.times[message] - 1
        return f"line {line}: {message}" + (f" (and {more} more times)" if more else "")


@dataclass(frozen=True, slots=True)
class Amount:
    """A decimal number as it was written: ``digits / 10**places``."""

    digits: int
    places: int

    def scaled(self, places: int) -> int:
        """The number times ``10**places``, which must not be fewer than it has."""
        return self.digits * int(10 ** (places - self.places))


def amount(text: str, line: int, what: str) -> Amount:
    """A number of zero or more, with as few decimal places as it needs."""
    match = NUMBER.fullmatch(text.strip())
    if match is None:
        raise PabulibError(line, f"{what} is not a number of zero or more: {text.strip()[:40]!r}")
    places = (match[2] or "").rstrip("0")
    return Amount(int(match[1] + places), len(places))


def places_of(amounts: Iterable[Amount]) -> int:
    """The decimal places that hold all of them exactly."""
    return max((each.places for each in amounts), default=0)


def minor(value: Amount, places: int, line: int, what: str) -> int:
    """An amount in minor units, refused where no 64-bit number could hold it."""
    scaled = value.scaled(places)
    if scaled > LARGEST_MINOR:
        raise PabulibError(line, f"{what} is too large")
    return scaled


def missing(text: str) -> bool:
    """Whether a field holds nothing; published files also write "None" for that."""
    return text.strip().lower() in ("", "none")
