"""`python -m civicfund.launch run | with-servers COMMAND… | browser`."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from types import FrameType

from civicfund.launch import browser, town
from civicfund.launch.servers import throwaway_servers
from civicfund.launch.trouble import LaunchError, say

# What a command may take to end in order.
STOP_SECONDS = 15


def with_servers(command: list[str]) -> int:
    """Run a command between the start and the stop of throw-away servers; its exit code.

    Asked to stop, it asks the command, and ends whatever the command leaves behind.
    """
    stop = _Stop()
    signal.signal(signal.SIGTERM, stop)
    with throwaway_servers() as addresses:
        settings = os.environ.get("DJANGO_SETTINGS_MODULE", "civicfund.settings.test")
        environment = {**os.environ, **addresses, "DJANGO_SETTINGS_MODULE": settings}
        if found := browser.find():
            environment["CHROMIUM_PATH"] = found
        return _run(command, environment, stop)


class _Stop:
    """Leaves when it is asked to; while it is held, once it is let go."""

    def __init__(self) -> None:
        self.held = False
        self._number = 0

    def __call__(self, number: int, frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_IGN)  # the stop that is under way is not cut short
        self._number = number
        if not self.held:
            self.let_go()

    def let_go(self) -> None:
        """Leave now if it was asked meanwhile."""
        self.held = False
        if self._number:
            sys.exit(128 + self._number)


def _run(command: list[str], environment: Mapping[str, str], stop: _Stop) -> int:
    """At a terminal the command shares our process group, so that it has the keyboard."""
    own_group = not sys.stdin.isatty()
    stop.held = True  # until there is a child to pass it on to
    try:
        child = subprocess.Popen(command, env=environment, start_new_session=own_group)
    except OSError as error:
        raise LaunchError(f"{command[0]!r} could not be started: {error.strerror}.") from None
    try:
        stop.let_go()
        return child.wait()
    except (SystemExit, KeyboardInterrupt):
        child.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(STOP_SECONDS)
        raise
    finally:
        if own_group:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
        child.kill()
        child.wait()


def main() -> int:
    """One sentence and exit code 1 where something foreseeable stands in the way."""
    parser = argparse.ArgumentParser(prog="python -m civicfund.launch", description=__doc__)
    acts = parser.add_subparsers(dest="act", required=True)
    acts.add_parser("run", help="the whole town, until stopped")
    acts.add_parser("browser", help="find or install a Chromium, and print its path")
    servers = acts.add_parser("with-servers", help="run a command with throw-away servers")
    servers.add_argument("command", nargs=argparse.REMAINDER)
    asked = parser.parse_args()
    try:
        if asked.act == "run":
            town.run()
            return 0
        if asked.act == "browser":
            say(browser.install())
            return 0
        command = asked.command[1:] if asked.command[:1] == ["--"] else asked.command
        return with_servers(command)
    except LaunchError as trouble:
        print(f"civicfund: {trouble}", file=sys.stderr)
        return 1
    except OSError as error:  # a folder that belongs to somebody else, a full disk
        print(
            f"civicfund: {error.filename or 'the start failed'}: {error.strerror or error}.",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
