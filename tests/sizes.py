"""How large a proof is: small in ``make test``, full by ``make proofs``."""

from __future__ import annotations

import os

FULL = os.environ.get("SIZE") == "full"


def size(small: int, full: int) -> int:
    """How many; ``SIZE=full`` asks for all."""
    return full if FULL else small
