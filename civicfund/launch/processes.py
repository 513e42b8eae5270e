"""One process that we started, and how it ends."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from civicfund.launch.trouble import LaunchError

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


def die_with_parent() -> None:
    """On Linux, a child is told to stop when the supervisor dies without saying so."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


@dataclass
class Process:
    """A program with its own process group and its own log."""

    name: str
    command: Sequence[str]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 15
    popen: subprocess.Popen[bytes] | None = None

    def start(self) -> Process:
        """Start it; ``LaunchError`` where the program itself cannot be run."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as out:
            try:
                self.popen = subprocess.Popen(
                    self.command,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=out,
                    env={**os.environ, **self.environment},
                    start_new_session=True,
                    preexec_fn=die_with_parent,
                )
            except OSError as error:
                raise LaunchError(f"{self.name} could not be started: {error}.") from error
        return self

    @property
    def runs(self) -> bool:
        """Whether it is still there."""
        return self.popen is not None and self.popen.poll() is None

    def stop(self) -> None:
        """Ask it to stop; after its grace, end its whole group."""
        if self.popen is None:
            return
        if self.runs:
            self.popen.send_signal(self.stop_signal)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.popen.wait(self.stop_seconds)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.popen.pid, signal.SIGKILL)
        self.popen.wait()

    def last_words(self, lines: int = 3) -> str:
        """The end of its log, for a sentence about why it stopped."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return " / ".join(text.strip().splitlines()[-lines:])


def wait_until(ready: object, process: Process, seconds: float) -> None:
    """Wait for ``ready()``; ``LaunchError`` where the process ends first or time runs out."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if callable(ready) and ready():
            return
        if not process.runs:
            raise LaunchError(f"{process.name} stopped while starting: {process.last_words()}")
        time.sleep(0.05)
    raise LaunchError(f"{process.name} did not answer within {seconds:.0f} s; see {process.log}.")
