"""The sandbox's own time, which tests may move forward."""

from __future__ import annotations

import time


class Clock:
    """Seconds since the epoch, ahead of the machine's clock by an offset."""

    def __init__(self, offset_seconds: float = 0.0) -> None:
        self.offset_seconds = offset_seconds

    def now(self) -> float:
        """The sandbox's time, in seconds since the epoch."""
        return time.time() + self.offset_seconds
