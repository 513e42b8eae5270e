"""Work that one process at a time does, however many workers there are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

from django.db import connection


class Work(IntEnum):
    """What is done alone; the number is its place among PostgreSQL's advisory locks."""

    COUNTING = 0x7A11
    LOSSES = 0x7A12
    TRIAL = 0x7A13
    MAIL = 0x7A14
    COMPLAINTS = 0x7A15
    BUNDLE = 0x7A16
    SECOND = 0x7A17


@contextmanager
def alone_at(work: Work, number: int = 0) -> Iterator[bool]:
    """Whether this connection alone is at it, for the row ``number``; nobody waits.

    A worker that dies ends its connection, and with that its hold.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [work, number])
        alone = bool(cursor.fetchone()[0])
        try:
            yield alone
        finally:
            if alone:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [work, number])
