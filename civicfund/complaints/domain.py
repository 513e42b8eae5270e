"""Whether a complaint names somebody. Pure."""

from __future__ import annotations

import re
from unicodedata import category, combining, normalize

SHORTEST = 3  # letters: "de" and "von" say of nobody who they are, or of too many


def is_named_in(name: str, words: str) -> bool:
    """Whether the words hold the name, or a word of it, whatever its case and accents.

    "Ms Quill" names Ann Quill, and any other Quill: one too many is kept from a complaint, not
    too few.
    """
    sought, said = _plain(name), _plain(words)
    telling = {word for word in _words(sought) if len(word) >= SHORTEST}
    return bool(telling & _words(said)) or (bool(sought) and sought in said)


def _words(plain: str) -> set[str]:
    return set(re.findall(r"\w+", plain))


def _plain(words: str) -> str:
    letters = normalize("NFKD", words.casefold())
    told = (each for each in letters if not combining(each) and category(each) != "Cf")
    return " ".join("".join(told).split())
