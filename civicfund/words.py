"""Text that people wrote, without what cannot be seen in it."""

from __future__ import annotations

import re
import unicodedata

# Line ends and tabs; what joins letters of some scripts and parts of some emoji.
_KEPT = "\n\t\u200c\u200d"


def seen(words: str) -> str:
    """The words without control characters and those that turn the reading direction round; every
    end of a line is a newline.

    Some of them are not allowed in XML at all; others hide what stands behind them.
    """
    lines = re.sub("\r\n|[\r\u2028\u2029]", "\n", words)
    return "".join(each for each in lines if _is_seen(each)).strip()


def _is_seen(each: str) -> bool:
    return each in _KEPT or unicodedata.category(each) not in ("Cc", "Cf", "Cs")
