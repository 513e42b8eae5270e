"""Text that people wrote, without what cannot be seen in it."""

from __future__ import annotations

import re
import unicodedata

# Line ends and tabs; what joins letters of some scripts and parts of some emoji.
_KEPT = "\n\t\u200c\u200d"
# Letters and marks that are drawn as nothing: fillers of Hangul, and Braille without a dot.
_BLANK = "\u115f\u1160\u2800\u3164\uffa0"


def seen(words: str) -> str:
    """The words without control characters and those that turn the reading direction round; every
    end of a line is a newline. Nothing where nothing of what is left is drawn.

    Some of them are not allowed in XML at all; others hide what stands behind them.
    """
    lines = re.sub("\r\n|[\r\u2028\u2029]", "\n", words)
    said = "".join(each for each in lines if _is_seen(each)).strip()
    return said if any(_is_drawn(each) for each in said) else ""


def one_line(words: str) -> str:
    """The same of a name or a title, which has no ends of lines."""
    return " ".join(seen(words).split())


def _is_seen(each: str) -> bool:
    return each in _KEPT or unicodedata.category(each) not in ("Cc", "Cf", "Cs")


def _is_drawn(each: str) -> bool:
    """Whether it shows something by itself: no space, no joiner, no mark of another letter."""
    return each not in _KEPT + _BLANK and unicodedata.category(each)[0] not in "ZM"
