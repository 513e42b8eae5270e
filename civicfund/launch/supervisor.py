"""Keeps the town's processes running, and stops every one of them."""

from __future__ import annotations

import signal
import time
from types import FrameType

from civicfund.launch.processes import Process
from civicfund.launch.trouble import LaunchError, say
from civicfund.stopping import StopAsked

# A process that ends this soon after its start is broken, not unlucky.
_QUICK_SECONDS = 5
_MOST_QUICK_ENDS = 4


class StopAskedError(Exception):
    """Somebody asked to stop while the town was still starting."""


class Supervisor:
    """Starts processes in order, restarts what falls, stops all in the reverse order."""

    def __init__(self) -> None:
        self.kept: list[Process] = []
        self.essential: list[Process] = []
        self.stopping = StopAsked()
        self._quick_ends: dict[str, int] = {}
        self._started_at: dict[str, float] = {}

    def heed_signals(self) -> None:
        """Ctrl-C and SIGTERM ask for an orderly stop; a second one changes nothing."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._asked_to_stop)

    def _asked_to_stop(self, number: int, frame: FrameType | None) -> None:
        self.stopping.set()

    def go_on(self) -> None:
        """Between two steps of a start: ``StopAskedError`` where somebody asked to stop."""
        if self.stopping.is_set():
            raise StopAskedError

    def start(self, process: Process) -> None:
        """Start one more, to be kept running."""
        self.go_on()
        self.kept.append(process.start())
        self._started_at[process.name] = time.monotonic()

    def watch(self) -> None:
        """Return when asked to stop; ``LaunchError`` where going on makes no sense."""
        while not self.stopping.wait(0.5):
            for server in self.essential:
                if not server.runs:
                    raise LaunchError(f"{server.name} stopped: {server.last_words()}")
            for process in self.kept:
                if not process.runs and not self.stopping.is_set():
                    self._restart(process)

    def _restart(self, process: Process) -> None:
        lived = time.monotonic() - self._started_at[process.name]
        quick = self._quick_ends.get(process.name, 0) + 1 if lived < _QUICK_SECONDS else 0
        self._quick_ends[process.name] = quick
        if quick >= _MOST_QUICK_ENDS:
            raise LaunchError(f"{process.name} keeps stopping: {process.last_words()}")
        say(f"{process.name} stopped; starting it again (its log: {process.log})")
        self.stopping.wait(min(2**quick, 20) / 2)
        process.start()
        self._started_at[process.name] = time.monotonic()

    def stop(self) -> None:
        """Stop all that were started, last first."""
        while self.kept:
            self.kept.pop().stop()
