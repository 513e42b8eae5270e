"""Published elections: reading and writing Pabulib's ``.pb`` files (pabulib.org)."""

from __future__ import annotations

from budgeting.domain.pabulib.fields import PabulibError
from budgeting.domain.pabulib.reader import PabulibFile, read
from budgeting.domain.pabulib.room import TooLargeError
from budgeting.domain.pabulib.writer import UnwritableError, lines

__all__ = ["PabulibError", "PabulibFile", "TooLargeError", "UnwritableError", "lines", "read"]
