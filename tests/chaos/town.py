"""The processes of a town that is about to be broken, and how they are broken."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from random import Random

from django.core.management import call_command
from django.db import connections
from redis import Redis

from civicfund.launch.ports import HOST, answers, free_port
from civicfund.launch.postgres import APPLICATION, OWNER, Postgres
from civicfund.launch.processes import Process, wait_until
from civicfund.launch.valkey import Valkey
from civicfund.launch.web import gunicorn
from civicfund.payments.sandbox.process import SandboxProcess
from tests.tables import take_tables

WORKERS = 2


class Town:
    """PostgreSQL, Valkey, the sandbox, web, workers and beat."""

    def __init__(self, home: Path) -> None:
        self.home = home
        # Durable: what was committed must outlive an immediate shutdown.
        self.postgres = Postgres(home / "postgres", home / "postgres.log", durable=True)
        self.valkey = Valkey(home / "valkey", home / "valkey.log", durable=True)
        self.web_port = free_port()
        webhooks = f"http://{HOST}:{self.web_port}/payments/webhooks/stripe/"
        self.sandbox = SandboxProcess(home / "sandbox", webhook_url=webhooks)
        self.running: list[Process] = []
        self.workers: list[Process] = []

    def start_servers(self) -> dict[str, str]:
        """The servers; what every program of the town is told."""
        self.postgres.start()
        self.valkey.start()
        self.sandbox.start()
        return {
            "DJANGO_SETTINGS_MODULE": "civicfund.settings.test",
            "DATABASE_URL": self.postgres.url(APPLICATION),
            "MIGRATE_DATABASE_URL": self.postgres.url(OWNER),
            "REDIS_URL": self.valkey.url,
            "STRIPE_API_BASE": self.sandbox.url,
            "STRIPE_SECRET_KEY": self.sandbox.secret_key,
            "STRIPE_PUBLISHABLE_KEY": self.sandbox.publishable_key,
            "STRIPE_WEBHOOK_SECRET": self.sandbox.webhook_secret,
            "SETTLEMENT_LEASE_SECONDS": "3",
            "CHAOS_HOME": str(self.home),
        }

    def make_tables(self, kept: Path | None) -> None:
        """Migrated here, or as they were kept by whoever migrated just now."""
        if kept:
            take_tables(self.postgres.url(OWNER), kept)
        else:
            call_command("migrate", database="owner", verbosity=0)
        call_command("grant_rights")
        # By its name, since whoever makes a town has not set Django up yet.
        import_module("civicfund.people.services").mark_as_made_up()
        connections.close_all()

    def start_programs(self, *, careless: bool) -> None:
        """Web, beat and the workers. Careless workers settle as nobody should: the control."""
        told = {"CHAOS_CARELESS": "1" if careless else ""}
        web = gunicorn(sys.executable, self.web_port, "--log-level", "warning")
        celery = [sys.executable, "-m", "celery", "-A", "tests.chaos.app"]
        beat = [*celery, "beat", "--schedule", str(self.home / "beat"), "--loglevel", "ERROR"]
        worker = [*celery, "worker", "--concurrency", "2", "--loglevel", "ERROR"]
        self.running = [Process("web", web, self.home / "web.log", told)]
        self.running.append(Process("beat", beat, self.home / "beat.log", told))
        self.workers = [
            Process(f"worker {n}", [*worker, "-n", f"w{n}@%h"], self.home / f"worker-{n}.log", told)
            for n in range(WORKERS)
        ]
        for process in (*self.running, *self.workers):
            process.start()
        wait_until(lambda: answers(HOST, self.web_port), self.running[0], seconds=60)

    def stop_programs(self) -> None:
        """At once: whether they stop in order is not what is tried here."""
        for process in (*self.workers, *self.running):
            self._kill(process)
        self.workers, self.running = [], []

    def stop(self) -> None:
        """Everything."""
        self.stop_programs()
        self.sandbox.stop()
        for server in (self.valkey.process, self.postgres.process):
            if server is not None:
                server.stop()

    def mend(self) -> None:
        """Start again what has died."""
        for process in (*self.workers, *self.running):
            if not process.runs:
                process.start()

    def kill_a_worker(self, random: Random) -> None:
        """SIGKILL: mostly to one process that does the work, sometimes to all of a worker."""
        worker = random.choice(self.workers)
        found = children(worker)
        if found and random.random() < 0.8:
            # It may have died at a boundary since it was listed.
            with suppress(ProcessLookupError):
                os.kill(random.choice(found), signal.SIGKILL)
        else:
            self._kill(worker)
            worker.start()

    def crash_database(self) -> None:
        """An immediate shutdown, as if the machine's power failed, and a start."""
        server = self.postgres.process
        if server is None or server.popen is None:
            raise RuntimeError("the database has not been started")
        server.popen.send_signal(signal.SIGQUIT)
        server.popen.wait(30)
        server.start()
        wait_until(lambda: answers(HOST, self.postgres.port), server, seconds=60)

    def wipe_redis(self) -> None:
        """Every queued message and every cached value is gone."""
        Redis.from_url(self.valkey.url).flushall()

    @staticmethod
    def _kill(process: Process) -> None:
        if process.popen is None:
            return
        # The children first: nobody is left to take their place, or to be told.
        for pid in (*children(process), process.popen.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.popen.wait(10)


def children(process: Process) -> list[int]:
    """The processes that it started."""
    if process.popen is None:
        return []
    found = subprocess.run(
        ["pgrep", "-P", str(process.popen.pid)],  # noqa: S607 -- whichever there is
        capture_output=True,
        text=True,
        check=False,
    )
    return [int(pid) for pid in found.stdout.split()]
