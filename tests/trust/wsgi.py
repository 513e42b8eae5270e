"""The site with wrong clocks, and with carelessness for who asks for it: served by gunicorn.

Each web process has another wrong clock, ten minutes ahead or behind in turns. A request that
asks for nothing runs the site's own code.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

from django.utils import timezone

SKEW_SECONDS = 600


def _turn() -> int:
    """How many web processes began before this one; the count outlives those that are killed."""
    turn = 0
    while True:
        try:
            os.close(os.open(Path(os.environ["TRUST_HOME"]) / f"clock-{turn}", _NEW))
            return turn
        except FileExistsError:
            turn += 1


_NEW = os.O_CREAT | os.O_EXCL


class _Skew:
    """Lets every clock that the site's code reads in Python be wrong by so many seconds."""

    seconds = 0

    def __init__(self) -> None:
        right_time, right_now = time.time, timezone.now
        time.time = lambda: right_time() + self.seconds  # type: ignore[assignment]
        timezone.now = lambda: (  # type: ignore[assignment]
            right_now() + timedelta(seconds=self.seconds)
        )
        self.turn()
        os.register_at_fork(after_in_child=self.turn)  # gunicorn loads this once, then divides

    def turn(self) -> None:
        self.seconds = SKEW_SECONDS if _turn() % 2 else -SKEW_SECONDS


_Skew()
_application = import_module("civicfund.wsgi").application  # it takes its clocks from now on

from budgeting.services import urns  # noqa: E402 -- after the settings
from budgeting.views import cycles  # noqa: E402
from tests.trust import careless  # noqa: E402

cycles.cast = careless.cast  # type: ignore[assignment]
urns.new_receipt = careless.receipt


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Remember what the request asked for while it is answered."""
    careless.asked.way = environ.get("HTTP_X_TRUST_CARELESS", "")
    return _application(environ, start_response)
