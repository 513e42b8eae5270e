"""Whether a file's ballots fit into memory, told while it is read."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from io import TextIOWrapper

from budgeting.domain.pabulib.fields import PabulibError

MIB = 2**20
# Measured while reading and counting, and rounded up: arrays, copies that are joined, the ballots
# seen from the options, and what tells whether a voter stands on two ballots.
BYTES_FOR_EACH_CHOICE = 56
BYTES_FOR_EACH_POINT = 40
BYTES_FOR_EACH_BALLOT = 256


class TooLargeError(PabulibError):
    """Reading on would take more memory than there is; ``needed`` and ``free``: MiB."""

    def __init__(self, line: int, needed: int, free: int) -> None:
        super().__init__(
            line, f"the election takes about {needed} MiB of memory; {free} MiB are free"
        )
        self.needed = needed
        self.free = free


@dataclass(frozen=True, slots=True)
class Room:
    """The memory that reading may take, None for as much as it needs."""

    lines: Iterable[str]
    free: int | None

    def check(self, line: int, ballots: int, choices: int, *, points: bool) -> None:
        """Raise :class:`TooLargeError` if the file, going on like this, does not fit."""
        if self.free is None:
            return
        each_choice = BYTES_FOR_EACH_CHOICE + BYTES_FOR_EACH_POINT * points
        so_far = ballots * BYTES_FOR_EACH_BALLOT + choices * each_choice
        needed = int(so_far / self._part_read())
        if needed > self.free:
            raise TooLargeError(line, -(-needed // MIB), self.free // MIB)

    def _part_read(self) -> float:
        """How much of the file has been read; everything, of lines that nobody knows the end of."""
        if not isinstance(self.lines, TextIOWrapper):
            return 1.0
        size = os.fstat(self.lines.fileno()).st_size
        return self.lines.buffer.tell() / size if size else 1.0
