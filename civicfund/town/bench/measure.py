"""Timing many requests, and saying what came of it."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit


def loopback(site: str) -> tuple[str, int]:
    """Host and port of a site on this machine; ``ValueError`` for any other: none is measured."""
    address = urlsplit(site)
    if address.hostname not in ("127.0.0.1", "localhost") or address.port is None:
        raise ValueError("Only a site on this machine is measured.")
    return address.hostname, address.port


@dataclass(frozen=True)
class Timing:
    """How long something took, in milliseconds, over so many tries."""

    p50_ms: float
    p95_ms: float
    p99_ms: float
    tries: int

    def as_dict(self) -> dict[str, float]:
        """For the table and the JSON."""
        return {"p50_ms": self.p50_ms, "p95_ms": self.p95_ms, "p99_ms": self.p99_ms}


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
    """Median, 95th and 99th percentile."""
    cuts = statistics.quantiles(taken_ms, n=100, method="inclusive")
    median, p95, p99 = (round(cuts[place], 1) for place in (49, 94, 98))
    return Timing(median, p95, p99, len(taken_ms))


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


@dataclass(frozen=True)
class Load:
    """What came of acts that were due at a steady rate, whether or not earlier ones had ended."""

    per_second: float
    sent: int
    errors: int
    first_error: str
    timing: Timing

    def as_dict(self) -> dict[str, float | str]:
        """For the table and the JSON."""
        found = {"per_second": self.per_second, "sent": self.sent, "errors": self.errors}
        told = {"first_error": self.first_error} if self.errors else {}
        return found | self.timing.as_dict() | told


def steady_load(
    act: Callable[[int], None], *, per_second: float, seconds: float, at_once: int
) -> Load:
    """Do ``act(0)``, ``act(1)``, … each at its time; how long each took is told from that time.

    So a site that stalls is charged for all who came meanwhile. An error is counted, and ends
    nothing.
    """
    number = round(per_second * seconds)
    turns, lock = iter(range(number)), threading.Lock()
    taken, errors = [0.0] * number, [""] * number
    started = time.perf_counter()

    def work() -> None:
        while True:
            with lock:
                turn = next(turns, None)
            if turn is None:
                return
            due = started + turn / per_second
            time.sleep(max(0.0, due - time.perf_counter()))
            try:
                act(turn)
            except Exception as error:  # counted, and the first one is shown
                errors[turn] = repr(error)
            taken[turn] = (time.perf_counter() - due) * 1000

    threads = [threading.Thread(target=work) for _ in range(at_once)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    elapsed = time.perf_counter() - started
    wrong = [error for error in errors if error]
    return Load(
        round(number / elapsed, 1), number, len(wrong), wrong[0] if wrong else "", timing_of(taken)
    )
