"""Whether a process of a given id is there."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path


def is_alive(pid: int) -> bool:
    """One that has ended and that nobody has waited for is not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    if sys.platform != "linux":
        return True
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def gone(pid: int, seconds: float = 30) -> bool:
    """Whether it ends within so long."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not is_alive(pid):
            return True
        time.sleep(0.05)
    return False
