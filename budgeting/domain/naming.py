"""Who the trustees of a vote are, as it stands on its board; whether two names may be one person's.

No framework.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from unicodedata import combining, normalize


@dataclass(frozen=True, slots=True)
class NamedTrustee:
    """One of the three who keep a part of the key, and whom they stand for, for everybody."""

    name: str
    stands_for: str


def trustees_digest(named: Iterable[NamedTrustee]) -> str:
    """SHA-256 of who they are, a line for each name and each word for it; so does the database."""
    lines = [line for each in named for line in (each.name, each.stands_for)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def tidied(words: str) -> str:
    """With one blank between words and one way to write each letter."""
    return " ".join(normalize("NFC", words).split())


def may_be_one_person(name: str, other: str) -> bool:
    """Whether the names are the same but for order, case and accents, or one says more.

    "Kern, Änne" is Anne Kern, and Anne Maria Kern may be her. A single word says of nobody who
    they are: it only meets itself.
    """
    fewer, more = sorted((_words(name), _words(other)), key=len)
    return fewer == more or (len(fewer) > 1 and fewer <= more)


def _words(name: str) -> set[str]:
    letters = normalize("NFKD", name.casefold())
    return set(re.findall(r"\w+", "".join(each for each in letters if not combining(each))))
