"""Voters at a real site: as many as it can take, and so many a second with readers beside them."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Sequence
from typing import Any

from django.db import connection

from budgeting.models import Cycle
from civicfund.people.models import User
from civicfund.town.bench.measure import rate, steady_load
from civicfund.town.bench.visitors import Visitor

CLIENTS = (1, 8, 32)
READERS_FOR_A_VOTER = 10
AT_ONCE = 64
LOOK_SECONDS = 0.05


def casts_by_clients(
    site: str, cycle: Cycle, voters: Sequence[User], casts: int
) -> dict[str, dict[str, float]]:
    """Ballots a second by so many browsers at once: the page with its session, then the cast."""
    path = f"/budget/{cycle.slug}/ballot/"
    found = {}
    for clients in CLIENTS:
        browsers = [Visitor(site, voter) for voter in voters[:clients]]
        for browser in browsers:
            browser.cast(path)
        with HeadWatch() as watch:
            measured = rate(
                lambda client, browsers=browsers: browsers[client].cast(path),  # type: ignore[misc]
                clients=clients,
                times_each=max(2, casts // clients),
            )
        found[f"{clients} clients"] = {
            "per_second": measured.per_second,
            **measured.timing.as_dict(),
            "head_wait_ms": watch.mean_wait_ms(measured.per_second),
        }
    return found


def voters_beside_readers(
    site: str, cycle: Cycle, voters: Sequence[User], *, per_second: int, seconds: int
) -> dict[str, Any]:
    """So many voters a second, each once, and ten times as many people who only read pages."""
    path = f"/budget/{cycle.slug}/ballot/"
    browsers = [Visitor(site, voter) for voter in voters[: per_second * seconds]]

    def vote(turn: int) -> None:
        browsers[turn].cast(path)
        browsers[turn].leave()

    pages = ["/", "/budget/", f"/budget/{cycle.slug}/", "/projects/"]
    readers = _readers(site, pages, per_second * READERS_FOR_A_VOTER, seconds)
    with HeadWatch() as watch:
        voted = steady_load(vote, per_second=per_second, seconds=seconds, at_once=AT_ONCE)
    read, _ = readers.communicate(timeout=seconds + 120)
    return {
        "voters": voted.as_dict() | {"head_wait_ms": watch.mean_wait_ms(voted.per_second)},
        "readers": json.loads(read),
    }


def _readers(
    site: str, pages: Sequence[str], per_second: int, seconds: int
) -> subprocess.Popen[str]:
    """Readers in a process of their own, so that they do not hold up the voters' clocks."""
    command = [
        sys.executable, "-m", "civicfund.town.bench.readers",
        site, str(per_second), str(seconds), *pages,
    ]  # fmt: skip
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 -- our own


class HeadWatch:
    """Looks again and again how many casts wait for the head of the board's chain."""

    def __init__(self) -> None:
        self._seen: list[int] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> HeadWatch:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self._thread.join()

    def mean_wait_ms(self, per_second: float) -> float:
        """How long a cast waits on average (Little's law: how many wait, by how many come)."""
        waiting = sum(self._seen) / max(1, len(self._seen))
        return round(1000 * waiting / per_second, 2)

    def _look(self) -> None:
        try:
            while not self._over.wait(LOOK_SECONDS):
                with connection.cursor() as cursor:
                    cursor.execute(_WAITING)
                    self._seen.append(cursor.fetchone()[0])
        finally:
            connection.close()  # this thread's own


_WAITING = """
SELECT count(*) FROM pg_stat_activity
WHERE wait_event_type = 'Lock' AND query LIKE '%INSERT INTO budgeting_boardline%'
    AND pid <> pg_backend_pid()
"""
