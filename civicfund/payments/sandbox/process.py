"""Start and stop the sandbox as a process of its own: for tests, benches and the launcher."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import IO
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from civicfund.payments.sandbox.keys import (
    CONNECT_WEBHOOK_SECRET,
    PUBLISHABLE_KEY,
    SECRET_KEY,
    WEBHOOK_SECRET,
)
from civicfund.payments.sandbox.shapes import Obj

ROOT = Path(__file__).resolve().parents[3]
STOP_SECONDS = 10


class SandboxProcess:
    """A running sandbox: its address, its keys, its knobs."""

    secret_key = SECRET_KEY
    publishable_key = PUBLISHABLE_KEY
    webhook_secret = WEBHOOK_SECRET
    connect_webhook_secret = CONNECT_WEBHOOK_SECRET

    def __init__(
        self, state_dir: Path, *, port: int = 0, webhook_url: str = "", rate_limit: int = 0
    ) -> None:
        self.state_dir = state_dir
        self.rate_limit = rate_limit
        self.port = port
        self.url = ""
        self._webhook_url = webhook_url
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> SandboxProcess:
        """Start it and return once it listens; raises when it says that it cannot."""
        command = [
            sys.executable, "-m", "civicfund.payments.sandbox", "--port", str(self.port),
            "--state-dir", str(self.state_dir), "--webhook-url", self._webhook_url,
            "--rate-limit", str(self.rate_limit),
        ]  # fmt: skip
        environment = os.environ | {
            "DEBUG": "1",
            "STRIPE_SECRET_KEY": self.secret_key,
            "STRIPE_PUBLISHABLE_KEY": self.publishable_key,
            "STRIPE_WEBHOOK_SECRET": self.webhook_secret,
            "STRIPE_CONNECT_WEBHOOK_SECRET": self.connect_webhook_secret,
        }
        self._process = subprocess.Popen(  # noqa: S603 - our own program, no outside input
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
        )
        line = _first_line(self._process.stdout)
        found = re.search(r"http://\S+:(\d+)", line)
        if not found:
            raise RuntimeError(f"The payment sandbox did not start: {line or 'no word from it'}")
        self.url, self.port = found[0], int(found[1])
        return self

    def stop(self) -> int:
        """Ask it to stop (SIGTERM) and return its exit status."""
        if self._process is None:
            return 0
        self._process.terminate()
        return self._ended()

    def kill(self) -> None:
        """End it at once (SIGKILL), as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._ended()

    def control(self, knob: str, **values: object) -> Obj:
        """Turn a knob (see docs/operations.md) and return what it answers."""
        request = Request(  # noqa: S310 - the sandbox's own http address
            f"{self.url}/sandbox/{knob}",
            data=json.dumps(values).encode(),
            headers={"Authorization": f"Bearer {self.secret_key}"},
        )
        try:
            with urlopen(request, timeout=30) as answer:  # noqa: S310 - as above
                body: Obj = json.load(answer)
        except HTTPError as error:
            raise ValueError(json.load(error)["error"]["message"]) from error
        return body

    def reset(self) -> None:
        """Forget every object and turn every knob back; the webhook address stays."""
        self.control("reset")

    def _ended(self) -> int:
        if self._process is None:
            return 0
        status = self._process.wait(STOP_SECONDS)
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._process = None
        return status


def _first_line(stream: IO[str] | None) -> str:
    return stream.readline() if stream is not None else ""
