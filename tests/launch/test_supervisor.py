from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap

import pytest

from civicfund.launch.processes import Process, wait_until
from civicfund.launch.servers import ROOT
from civicfund.launch.supervisor import StopAskedError, Supervisor
from civicfund.launch.trouble import LaunchError
from tests.launch.looking import gone

SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]
DEAF = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    "print('deaf', flush=True); time.sleep(60)",
]


def test_stopping_ends_a_process_that_does_not_listen(tmp_path):
    process = Process("Deaf", DEAF, tmp_path / "log", stop_seconds=0.3).start()
    wait_until(lambda: "deaf" in process.last_words(), process, seconds=60)
    process.stop()
    assert process.popen.returncode == -signal.SIGKILL


def test_a_process_that_falls_is_started_again(tmp_path, capsys):
    supervisor = Supervisor()
    process = Process("Sleeper", SLEEPER, tmp_path / "log")
    supervisor.start(process)
    first = process.popen.pid
    os.kill(first, signal.SIGKILL)
    process.popen.wait()
    supervisor._restart(process)
    assert process.runs
    assert process.popen.pid != first
    assert "Sleeper stopped; starting it again" in capsys.readouterr().out
    supervisor.stop()
    assert not process.runs


def test_a_process_that_keeps_falling_ends_the_run_with_its_last_words(tmp_path):
    supervisor = Supervisor()
    supervisor.start(Process("Broken", [sys.executable, "-c", "exit('no luck')"], tmp_path / "log"))
    with pytest.raises(LaunchError, match=r"Broken keeps stopping: .*no luck"):
        supervisor.watch()
    supervisor.stop()


def test_a_server_that_stops_ends_the_run(tmp_path):
    supervisor = Supervisor()
    server = Process("Server", [sys.executable, "-c", "print('out of disk')"], tmp_path / "log")
    supervisor.essential = [server.start()]
    with pytest.raises(LaunchError, match="Server stopped: out of disk"):
        supervisor.watch()


def test_a_program_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(LaunchError, match="Ghost could not be started"):
        Process("Ghost", ["/no/such/program"], tmp_path / "log").start()


@pytest.fixture
def parent(tmp_path):
    """A supervisor in a process of its own, with two children; prints their ids."""
    program = textwrap.dedent(f"""
        from pathlib import Path
        from civicfund.launch.processes import Process
        from civicfund.launch.supervisor import StopAskedError, Supervisor
        supervisor = Supervisor()
        supervisor.heed_signals()
        for name in ("One", "Two"):
            supervisor.start(Process(name, {SLEEPER!r}, Path({str(tmp_path)!r}) / name))
        print(*[p.popen.pid for p in supervisor.kept], flush=True)
        supervisor.watch()
        supervisor.stop()
    """)
    started = subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    children = [int(pid) for pid in started.stdout.readline().split()]
    yield started, children
    started.kill()
    started.wait()


def test_asked_to_stop_while_starting_it_starts_nothing_more(tmp_path):
    supervisor = Supervisor()
    supervisor.stopping.set()
    process = Process("Late", SLEEPER, tmp_path / "late.log")
    with pytest.raises(StopAskedError):
        supervisor.start(process)
    assert process.popen is None
    assert supervisor.kept == []


def test_sigterm_stops_every_child(parent):
    supervisor, children = parent
    supervisor.terminate()
    assert supervisor.wait(60) == 0
    assert len(children) == 2
    assert all(gone(pid) for pid in children)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of a parent's death")
def test_children_do_not_outlive_a_supervisor_that_is_killed(parent):
    supervisor, children = parent
    supervisor.kill()
    supervisor.wait()
    assert len(children) == 2
    assert all(gone(pid) for pid in children)
