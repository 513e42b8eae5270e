"""`python -m civicfund.launch run | with-servers COMMAND… | browser`."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys

from civicfund.launch import browser, town
from civicfund.launch.servers import throwaway_servers
from civicfund.launch.trouble import LaunchError, say


def with_servers(command: list[str]) -> int:
    """Run a command between the start and the stop of throw-away servers; its exit code."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with throwaway_servers() as addresses:
        settings = os.environ.get("DJANGO_SETTINGS_MODULE", "civicfund.settings.test")
        environment = {**os.environ, **addresses, "DJANGO_SETTINGS_MODULE": settings}
        if found := browser.find():
            environment["CHROMIUM_PATH"] = found
        try:
            return subprocess.run(command, env=environment, check=False).returncode
        except FileNotFoundError:
            raise LaunchError(f"There is no command {command[0]!r}.") from None


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
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
