"""The site's Celery application, whose worker dies while it counts where it is told to.

A file ``die-at`` names a place before or after a statement of a count; the first process that
comes to it is killed there.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import django

django.setup()

from django.db import connection  # noqa: E402 -- after the settings

from budgeting import tasks  # noqa: E402
from budgeting.models import Cycle  # noqa: E402
from budgeting.services import counting  # noqa: E402
from civicfund.celery import app  # noqa: E402

__all__ = ["app"]

_HOME = Path(os.environ["TRUST_HOME"])
_count = counting.count_cycle


class _Deadly:
    """Before and after each statement of a count is a place; dies at the one that is named."""

    def __init__(self) -> None:
        file = _HOME / "die-at"
        self.left = int(file.read_text()) if file.exists() else 0

    def __call__(self, execute: Callable[..., Any], *given: Any) -> Any:
        self._place()
        answer = execute(*given)
        self._place()
        return answer

    def _place(self) -> None:
        self.left -= 1
        if self.left == 0:
            try:
                os.close(os.open(_HOME / "died", os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                return
            os.kill(os.getpid(), signal.SIGKILL)


def count_cycle(cycle: Cycle) -> bool:
    """Count as the site counts, with death among the statements."""
    with connection.execute_wrapper(_Deadly()):
        return _count(cycle)


tasks.count_cycle = count_cycle
