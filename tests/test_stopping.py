"""A signal may come at any moment, also while its thread is about to wait."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from civicfund.stopping import StopAsked

ROOT = Path(__file__).parent.parent
# A thousand waits, each ended by a signal that comes at another moment of it.
STORM = """
import signal, sys
from importlib import import_module
module, name = sys.argv[1:]
new = getattr(import_module(module), name)
asked = new()
signal.signal(signal.SIGALRM, lambda *_: asked.set())
signal.setitimer(signal.ITIMER_REAL, 0.0003, 0.0003)
for _ in range(1000):
    asked = new()
    while not asked.wait(0.00002):
        pass
signal.setitimer(signal.ITIMER_REAL, 0)
print("through")
"""

# Whoever holds many files and connections open has numbers beyond those that `select` knows.
MANY = """
import os, resource
from civicfund.stopping import StopAsked
resource.setrlimit(resource.RLIMIT_NOFILE, (2048, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
held = [os.dup(0) for _ in range(1100)]
asked = StopAsked()
print(asked.wait(0.01))
asked.set()
print(asked.wait(30))
"""


def storm(module, name):
    try:
        done = subprocess.run(
            [sys.executable, "-c", STORM, module, name],
            cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return "stuck"
    return done.stdout.strip() if done.returncode == 0 else "fallen"


def test_whoever_waits_is_told_at_whatever_moment_the_signal_comes():
    assert storm("civicfund.stopping", "StopAsked") == "through"


def test_control_an_event_is_not_made_for_signals():
    assert storm("threading", "Event") in ("stuck", "fallen")


def test_every_thread_that_waits_is_told():
    asked = StopAsked()
    with ThreadPoolExecutor(5) as pool:
        told = [pool.submit(asked.wait, 30) for _ in range(5)]
        asked.set()
        asked.set()
        assert [each.result() for each in told] == [True] * 5
    assert asked.is_set()


@pytest.mark.parametrize("seconds", [0, 0.01])
def test_nobody_asked_is_false(seconds):
    assert StopAsked().wait(seconds) is False


def test_somebody_with_many_files_open_is_told():
    done = subprocess.run(
        [sys.executable, "-c", MANY], cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True,
        text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout.split()) == (0, ["False", "True"]), done.stderr
