"""The processes of a town whose vote is tried: two web sites, a worker, and its servers."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import psycopg

from civicfund.launch.ports import HOST, answers, free_port
from civicfund.launch.postgres import APPLICATION, DATABASE, OWNER
from civicfund.launch.processes import Process, wait_until
from civicfund.launch.web import gunicorn
from tests.chaos.town import Town as Breakable
from tests.chaos.town import children

APPLICATION_OF_THE_SITE = "civicfund.wsgi:application"
QUEUE = "trust"
# A database with tables and nothing in them, to make towns of.
BLANK = "trust_blank"
LONGEST_WAIT_SECONDS = 300


class Site:
    """The site as gunicorn serves it: two processes of eight threads."""

    def __init__(self, home: Path, name: str, application: str) -> None:
        self.port = free_port()
        self.url = f"http://{HOST}:{self.port}"
        given = gunicorn(
            sys.executable, self.port, "--log-level", "info", "--access-logfile", "-",
            "--backlog", "2048",
        )  # fmt: skip
        command = [application if part == APPLICATION_OF_THE_SITE else part for part in given]
        self.process = Process(name, command, home / f"{name}.log")

    def start(self) -> Site:
        """Start it; it answers some time later, as ``wait`` waits for."""
        self.process.start()
        return self

    def wait(self) -> None:
        """Until it answers."""
        wait_until(lambda: answers(HOST, self.port), self.process, seconds=120)

    def kill_a_process(self, random: Random) -> bool:
        """SIGKILL to one of the processes that answer; False where there was none just now."""
        found = children(self.process)
        if not found:
            return False
        try:
            os.kill(random.choice(found), signal.SIGKILL)
        except ProcessLookupError:
            return False
        return True


class Town(Breakable):
    """PostgreSQL and Valkey that can be broken, the site, the same site under test, a worker."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        # Two trials that begin in one moment would both find the preferred port free.
        self.postgres.port, self.valkey.port = free_port(), free_port()
        self.site = Site(home, "site", APPLICATION_OF_THE_SITE)
        self.bent_site = Site(home, "bent-site", "tests.trust.wsgi:application")
        self.worker = Process(
            "worker",
            [
                sys.executable, "-m", "celery", "-A", "tests.trust.app", "worker",
                "--concurrency", "3", "--queues", QUEUE, "--loglevel", "INFO",
                "--without-gossip", "--without-mingle",
            ],
            home / "worker.log",
        )  # fmt: skip

    def start_servers(self) -> dict[str, str]:
        """The servers; what every program of the town is told."""
        self.postgres.start()
        self.valkey.start()
        return {
            "DJANGO_SETTINGS_MODULE": "civicfund.settings.test",
            "DATABASE_URL": self.postgres.url(APPLICATION),
            "MIGRATE_DATABASE_URL": self.postgres.url(OWNER),
            "REDIS_URL": self.valkey.url,
            "SLOT_KEYS": str(self.home / "slot-keys"),
            "TRUST_HOME": str(self.home),
        }

    def start_site(self) -> None:
        """Both sites and the worker, which come up while the first proofs run."""
        for site in (self.site, self.bent_site):
            site.start()
        self.worker.start()

    def keep_blank(self) -> None:
        """Copy the database before anybody uses it; nobody may be connected to it."""
        with self.superuser("postgres") as server:
            server.execute(f"CREATE DATABASE {BLANK} TEMPLATE {DATABASE} OWNER {OWNER}")

    def stop(self) -> None:
        """Everything."""
        for process in (self.worker, self.site.process, self.bent_site.process):
            self._kill(process)
        super().stop()

    @contextmanager
    def superuser(self, dbname: str = DATABASE) -> Iterator[psycopg.Connection]:
        """Whoever runs the database server: no trigger and no right stands in their way."""
        with psycopg.connect(
            self.postgres.superuser_url(dbname), autocommit=True, connect_timeout=10
        ) as connection:
            connection.execute("SET session_replication_role = replica")
            yield connection

    @property
    def logs(self) -> list[Path]:
        """What every process wrote."""
        return sorted(self.home.glob("*.log"))


def until(true: Callable[[], object], what: str, seconds: float = LONGEST_WAIT_SECONDS) -> None:
    """Wait for something that has to come; the bound is generous, and no figure depends on it."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise TimeoutError(f"waited {seconds:.0f} s in vain: {what}")
        time.sleep(0.05)
