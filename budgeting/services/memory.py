"""Whether an election fits into memory, told before it is read rather than by being killed."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _

from budgeting.enums import BallotKind
from budgeting.models import Pot
from budgeting.services.errors import RefusedError

_MIB = 2**20
# Measured with a million ballots and rounded up by a fifth: arrays, transposed arrays, what rules
# keep beside them. Points and ranks are worth something to each ballot, and that is kept as well.
_BYTES_FOR_EACH_CHOICE = 40
_BYTES_FOR_EACH_WORTH = 24
_BYTES_FOR_EACH_BALLOT = 128
# The digest sorts records of 64-bit numbers, each as wide as the longest ballot.
_BYTES_IN_A_RECORD = 16
_FOR_ALL_ELSE = 32 * _MIB

_ALL = """
SELECT count(*), coalesce(sum(cardinality(options)), 0), coalesce(max(cardinality(options)), 0),
    coalesce(bool_or(points IS NOT NULL), false)
FROM budgeting_openedballot WHERE pot_id = %s
"""
_DIFFERENT = """
SELECT count(*), coalesce(sum(length), 0), coalesce(max(length), 0), coalesce(bool_or(given), false)
FROM (
    SELECT cardinality(options) AS length, points IS NOT NULL AS given
    FROM budgeting_openedballot WHERE pot_id = %s GROUP BY options, points
) different
"""


@dataclass(frozen=True, slots=True)
class Size:
    """What decides how much memory a pot's ballots take."""

    ballots: int
    choices: int
    longest: int
    points: bool
    ranked: bool

    @property
    def bytes_needed(self) -> int:
        """An upper estimate of what reading and counting them takes at the same time."""
        width = self.longest * (2 if self.points else 1) + 1
        worth = self.points or self.ranked
        each_choice = _BYTES_FOR_EACH_CHOICE + _BYTES_FOR_EACH_WORTH * worth
        each_ballot = _BYTES_FOR_EACH_BALLOT + _BYTES_IN_A_RECORD * width
        return _FOR_ALL_ELSE + self.choices * each_choice + self.ballots * each_ballot


class ElectionTooLargeError(RefusedError):
    """Counting the pot would take more memory than there is; ``needed`` and ``free``: MiB."""

    def __init__(self, pot: Pot, needed: int, free: int) -> None:
        super().__init__(
            _("Counting %(pot)s takes about %(needed)s MiB of memory; %(free)s MiB are free.")
            % {"pot": pot, "needed": needed, "free": free}
        )
        self.pot = pot
        self.needed = needed
        self.free = free


def check_memory(pot: Pot) -> None:
    """Raise ``ElectionTooLargeError`` where the pot's ballots do not fit into free memory.

    All ballots are taken to be different at first; only where that is too much does the database
    find out how many are.
    """
    free = bytes_free()
    if free is None or _size(_ALL, pot).bytes_needed <= free:
        return
    needed = estimated_bytes(pot)
    if needed > free:
        raise ElectionTooLargeError(pot, -(-needed // _MIB), free // _MIB)


def estimated_bytes(pot: Pot) -> int:
    """What counting the pot's ballots takes, identical ones being counted as one."""
    return _size(_DIFFERENT, pot).bytes_needed


def _size(query: str, pot: Pot) -> Size:
    with connection.cursor() as cursor:
        cursor.execute(query, [pot.pk])
        ballots, choices, longest, points = cursor.fetchone()
    ranked = pot.cycle.ballot_kind == BallotKind.RANKING
    return Size(int(ballots), int(choices), int(longest), points, ranked)


def bytes_free() -> int | None:
    """What a count may take: the setting, or what the machine and its container leave free.

    None where neither says.
    """
    if settings.COUNTING_MEMORY_MIB:
        return int(settings.COUNTING_MEMORY_MIB) * _MIB
    known = [each for each in (_machine_has(), _container_has()) if each is not None]
    return min(known, default=None)


def _machine_has() -> int | None:
    for line in _lines("/proc/meminfo"):
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):
        return None


def _container_has() -> int | None:
    """What is left of the limit of control groups (version 2); None where there is none."""
    limit, used = _lines("/sys/fs/cgroup/memory.max"), _lines("/sys/fs/cgroup/memory.current")
    if not limit or not used or not limit[0].isdecimal():
        return None
    return max(0, int(limit[0]) - int(used[0]))


def _lines(path: str) -> list[str]:
    """The lines of a file that some systems have; none where this one has not."""
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []
