"""How far a count is."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.cache import cache

from budgeting.models import Cycle


@dataclass(frozen=True, slots=True)
class Progress:
    """Which pot a worker counts, what it is doing, and how much of that is done.

    At the stage ``too_large`` it cannot be counted: ``total`` MiB are needed, ``done`` are free.
    """

    pot: int
    stage: str
    done: int
    total: int


def progress_key(cycle: Cycle) -> str:
    """Where the progress of a cycle's count is kept: the cache, since it is no record."""
    return f"counting:{cycle.pk}"


def counting_progress(cycle: Cycle) -> Progress | None:
    """What the worker last said about the cycle's count; None where it has said nothing."""
    said = cache.get(progress_key(cycle))
    return Progress(**said) if said else None
