"""Many at once, each with a connection of its own."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from django.db import connections


def at_once(number: int, act: Callable[[int], object]) -> list[object]:
    """What ``act(0)``, ``act(1)``, … returned or raised, all let go at the same moment."""
    gate = Barrier(number)

    def run(place: int) -> object:
        try:
            connections["default"].ensure_connection()
            gate.wait(timeout=30)
            return act(place)
        except Exception as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(run, range(number)))


def together(acts: list[Callable[[], object]]) -> list[object]:
    """What each of the acts returned or raised, all let go at the same moment."""
    return at_once(len(acts), lambda place: acts[place]())
