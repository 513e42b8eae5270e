"""Timing many requests, and saying what came of it."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Timing:
    """How long something took, in milliseconds, over so many tries."""

    p50_ms: float
    p95_ms: float
    tries: int


def timed(act: Callable[[], object], *, tries: int, warm_up: int = 3) -> Timing:
    """Do it again and again, one after the other."""
    for _ in range(warm_up):
        act()
    taken = []
    for _ in range(tries):
        started = time.perf_counter()
        act()
        taken.append((time.perf_counter() - started) * 1000)
    return timing_of(taken)


def timing_of(taken_ms: Sequence[float]) -> Timing:
    """Median and 95th percentile."""
    cuts = statistics.quantiles(taken_ms, n=20, method="inclusive")
    return Timing(round(statistics.median(taken_ms), 1), round(cuts[18], 1), len(taken_ms))


@dataclass(frozen=True)
class Rate:
    """How much was done by so many clients at once, and how long one of them waited."""

    per_second: float
    clients: int
    timing: Timing


def rate(act: Callable[[int], None], *, clients: int, times_each: int) -> Rate:
    """Every client does ``act(client)`` so often, all at once. An error of one ends the measure."""
    taken: list[float] = []
    failures: list[Exception] = []
    ready = threading.Barrier(clients + 1)

    def work(client: int) -> None:
        ready.wait()
        for _ in range(times_each):
            started = time.perf_counter()
            try:
                act(client)
            except Exception as error:  # handed to the caller below
                failures.append(error)
                return
            taken.append((time.perf_counter() - started) * 1000)

    threads = [threading.Thread(target=work, args=(client,)) for client in range(clients)]
    for thread in threads:
        thread.start()
    ready.wait()
    started = time.perf_counter()
    for thread in threads:
        thread.join()
    elapsed = time.perf_counter() - started
    if failures:
        raise failures[0]
    return Rate(round(len(taken) / elapsed, 1), clients, timing_of(taken))
