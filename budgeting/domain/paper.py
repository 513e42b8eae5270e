"""What paper ballots need of arithmetic: numbers of sheets, what was keyed, samples and bounds."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import comb
from typing import Any

# Without 0, 1, I, O and U: read from paper, typed by hand, and never a word.
LETTERS = "23456789ABCDEFGHJKLMNPQRSTVWXYZ"
_DRAWN = 7  # 31^7 numbers, so that nobody guesses one of a town's
_GROUP = 4
_STEPS = 1_000_000  # bounds are told to a ten-thousandth of a percent, rounded up
_IN_TWENTY = 20  # 95 %


def new_number() -> str:
    """A sheet's number: seven random letters and digits, and one that finds slips of the hand."""
    drawn = "".join(secrets.choice(LETTERS) for _ in range(_DRAWN))
    return drawn + _check_letter(drawn)


def _check_letter(drawn: str) -> str:
    """Weighted modulo 31, a prime: one wrong letter, or two that changed places, is found."""
    total = sum(place * LETTERS.index(letter) for place, letter in enumerate(drawn, start=1))
    return LETTERS[total % len(LETTERS)]


def plain_number(typed: str) -> str:
    """A sheet's number however it was typed or scanned; what it cannot be is left as it is."""
    return "".join(letter for letter in typed.upper() if letter.isalnum())


def is_number(plain: str) -> bool:
    """Whether it can be a sheet's number: its last letter fits the others."""
    return (
        len(plain) == _DRAWN + 1
        and all(letter in LETTERS for letter in plain)
        and _check_letter(plain[:-1]) == plain[-1]
    )


def shown_number(plain: str) -> str:
    """The number as it is printed, in groups that can be read aloud."""
    return "-".join(plain[at : at + _GROUP] for at in range(0, len(plain), _GROUP))


@dataclass(frozen=True, slots=True)
class Reading:
    """What somebody read on a sheet: choices by pot as they are sealed, and what of it is void.

    ``void`` is why the whole sheet is; ``voids`` why single pots are, by the pot's id.
    """

    choices: Mapping[str, Any]
    void: str = ""
    voids: Mapping[str, str] | None = None

    def words(self) -> bytes:
        """The same reading, the same bytes."""
        said = {"choices": self.choices, "void": self.void, "voids": self.voids or {}}
        return json.dumps(said, sort_keys=True, separators=(",", ":")).encode()


def slot_of(key: bytes, cycle: int, number: str) -> str:
    """Where a sheet's keyings lie: nobody without the key can tell which sheet that is."""
    return hmac.digest(key, f"slot:{cycle}:{number}".encode(), hashlib.sha256).hex()


def digest_of(key: bytes, slot: str, reading: Reading) -> str:
    """Tells whether two readings of one sheet are the same, and of two sheets nothing at all.

    Choices are few, so that a plain hash could be guessed: this takes the key.
    """
    return hmac.digest(key, b"read:" + slot.encode() + b":" + reading.words(), hashlib.sha256).hex()


def surplus_of(in_box: int, keyed: int, people: int) -> int:
    """How many more sheets there are than people were given one; zero where there are not."""
    return max(in_box, keyed, people) - people


def lacking_of(in_box: int, keyed: int, people: int) -> int:
    """How many more people were given a sheet than there are; zero where there are not."""
    return max(in_box, keyed, people) - max(in_box, keyed)


def drawn(seed: str, numbers: Iterable[str], size: int) -> list[str]:
    """The sample: the ``size`` sheets that the seed (hex) puts first, in its order."""
    held = bytes.fromhex(seed)

    def place(number: str) -> bytes:
        return hmac.digest(held, number.encode(), hashlib.sha256)

    return sorted(numbers, key=place)[:size]


def upper_bound(errors: int, sample: int, sheets: int) -> Fraction:
    """The 95 % upper bound of the share of wrongly keyed sheets, one-sided, after Clopper-Pearson.

    The largest share with which so few errors would still be seen once in twenty, rounded up to a
    millionth, in whole numbers throughout. Where every sheet was compared there is nothing to
    bound: it is the share itself. A sample without replacement errs less than this allows.
    """
    if not 0 <= errors <= sample <= sheets:
        raise ValueError("More errors than comparisons, or more comparisons than sheets.")
    if sample == sheets:
        return Fraction(errors, sheets) if sheets else Fraction(0)
    if errors == sample:
        return Fraction(1)
    low, high = 0, _STEPS
    while high - low > 1:
        middle = (low + high) // 2
        if _as_likely_as_one_in_twenty(errors, sample, middle):
            low = middle
        else:
            high = middle
    return Fraction(high, _STEPS)


def _as_likely_as_one_in_twenty(errors: int, sample: int, share: int) -> bool:
    """Whether at most ``errors`` of ``sample`` are wrong with 5 % or more, at this share."""
    right = _STEPS - share
    ways = (comb(sample, n) * share**n * right ** (sample - n) for n in range(errors + 1))
    return bool(_IN_TWENTY * sum(ways) >= _STEPS**sample)
