"""Death at each boundary: before and after every commit and every call of the provider.

Loaded by the workers under trial. Each boundary kills the process that comes to it first, and a
few that come after; the counts are files, which outlive the killed.
"""

from __future__ import annotations

import functools
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.db import transaction

from civicfund.payments.gateways.stripe import StripeGateway

KILLS_AT_EACH = 2
CALLS = (
    "create_payment_intent",
    "confirm_payment_intent",
    "retrieve_payment_intent",
    "cancel_payment_intent",
)


class Boundaries:
    """Where the steps of one task are counted, so that each commit has a name of its own."""

    def __init__(self, folder: Path, kills_at_each: int = KILLS_AT_EACH) -> None:
        self.folder = folder
        self.kills_at_each = kills_at_each
        self.commits = 0
        self.about = ""

    def cross(self, name: str) -> None:
        """Die here, unless enough have died here."""
        for n in range(self.kills_at_each):
            try:
                path = self.folder / f"{self.about}{name}.{n}"
                os.close(os.open(path, os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                continue
            os.kill(os.getpid(), signal.SIGKILL)


def install(folder: Path) -> None:
    """Put them around the gateway's calls, the outermost commits and the steps of a pledge."""
    folder.mkdir(exist_ok=True)
    boundaries = Boundaries(folder)
    for name in CALLS:
        setattr(StripeGateway, name, _around(boundaries, name, getattr(StripeGateway, name)))
    around_commits(boundaries)
    count_commits_of(boundaries, "take_step")


def around_commits(boundaries: Boundaries) -> None:
    """Put them around every outermost commit of what is counted."""
    leave = transaction.Atomic.__exit__

    @functools.wraps(leave)
    def leaving(self: transaction.Atomic, *raised: Any) -> None:
        connection = transaction.get_connection(self.using)
        outermost = connection.in_atomic_block and not connection.savepoint_ids
        if not outermost or raised[0] is not None or not boundaries.commits:
            return leave(self, *raised)
        name = f"commit-{boundaries.commits}"
        boundaries.commits += 1
        boundaries.cross(f"before-{name}")
        leave(self, *raised)
        boundaries.cross(f"after-{name}")
        return None

    transaction.Atomic.__exit__ = leaving  # type: ignore[method-assign]


def count_commits_of(boundaries: Boundaries, name: str, *, each: bool = False) -> None:
    """Count the commits of this step of ``services.steps``; by what it is about, with ``each``."""
    from civicfund.pledges.services import steps  # noqa: PLC0415 -- after the patches above

    step = getattr(steps, name)

    @functools.wraps(step)
    def counted(pk: Any) -> None:
        boundaries.commits, boundaries.about = 1, f"{pk}-" if each else ""
        try:
            step(pk)
        finally:
            boundaries.commits = 0

    setattr(steps, name, counted)


def _around(boundaries: Boundaries, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(call)
    def calling(*given: Any, **named: Any) -> Any:
        boundaries.cross(f"before-{name}")
        answer = call(*given, **named)
        boundaries.cross(f"after-{name}")
        return answer

    return calling
