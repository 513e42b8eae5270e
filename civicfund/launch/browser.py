"""A Chromium for the browser tests, by the means at hand."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from civicfund.launch.trouble import LaunchError, say

# The shell is the same engine without a browser's own pages, which would be started beside each of
# ours.
_SHELL = "chromium-headless-shell"
_NAMES = (_SHELL, "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_MAC = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")


def find() -> str | None:
    """A Chromium on this machine."""
    given = os.environ.get("CHROMIUM_PATH")
    if given:
        if not Path(given).exists():
            raise LaunchError(f"CHROMIUM_PATH names {given}, which is not there.")
        return given
    for name in _NAMES:
        if found := shutil.which(name):
            return found
    return str(_MAC) if _MAC.exists() else _playwrights_own()


def _playwrights_own() -> str | None:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 -- only where tests run

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def install() -> str:
    """A Chromium, installed where there is none. Raises ``LaunchError`` saying what to install."""
    if found := find():
        return found
    say("Installing Chromium for the browser tests")
    if os.geteuid() == 0 and shutil.which("apt-get"):
        _quietly(["apt-get", "update", "-qq"])
        for package in (_SHELL, "chromium"):
            if find() is None:
                _quietly(["apt-get", "install", "-y", "-qq", "--no-install-recommends", package])
    else:
        _quietly([sys.executable, "-m", "playwright", "install", "chromium"])
    if found := find():
        return found
    raise LaunchError(
        "The browser tests need Chromium: install it (Debian: apt install chromium), "
        "or set CHROMIUM_PATH to one."
    )


def _quietly(command: list[str]) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(command, env=environment, capture_output=True, check=False, timeout=900)
