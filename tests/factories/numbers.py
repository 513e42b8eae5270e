"""Numbers that tell rows of tests apart."""

from __future__ import annotations

import factory

# From here on all have five digits: no name is the beginning of another, as "Person 1" is of
# "Person 12", and all of them sort as they were made. So no test hangs on how many rows others of
# its process had made before it.
FIRST = 10_000


def numbered(words: str) -> factory.Sequence:
    """The words with a number in the place of ``{}``."""
    return factory.Sequence(lambda n: words.format(FIRST + n))
