"""PostgreSQL and Redis for a run: embedded ones, or those that the environment names."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from redis import Redis
from redis.exceptions import RedisError

from civicfund.launch.postgres import APPLICATION, OWNER, Postgres
from civicfund.launch.processes import Process
from civicfund.launch.trouble import LaunchError
from civicfund.launch.valkey import Valkey

ROOT = Path(__file__).resolve().parent.parent.parent
LOCAL = ROOT / ".local"


class Servers:
    """The servers of one run, and the addresses that its programs need."""

    def __init__(self, home: Path, *, durable: bool) -> None:
        self.home, self.durable = home, durable
        self.started: list[Process] = []
        self.environment: dict[str, str] = {}

    def start(self) -> None:
        """Start what the environment does not name; check what it names."""
        self.environment = self._database() | self._redis()

    def stop(self) -> None:
        """Stop what was started, last first."""
        while self.started:
            self.started.pop().stop()

    def _database(self) -> dict[str, str]:
        given = os.environ.get("DATABASE_URL")
        if given:
            owner = os.environ.get("MIGRATE_DATABASE_URL", given)
            for name, url in (("DATABASE_URL", given), ("MIGRATE_DATABASE_URL", owner)):
                _check_database(name, url)
            return {"DATABASE_URL": given, "MIGRATE_DATABASE_URL": owner}
        server = Postgres(
            self.home / "postgres", self.home / "log" / "postgres.log", durable=self.durable
        )
        try:
            server.start()
        finally:
            if server.process:
                self.started.append(server.process)
        return {"DATABASE_URL": server.url(APPLICATION), "MIGRATE_DATABASE_URL": server.url(OWNER)}

    def _redis(self) -> dict[str, str]:
        given = os.environ.get("REDIS_URL")
        if given:
            _check_redis(given)
            return {"REDIS_URL": given}
        server = Valkey(
            self.home / "valkey", self.home / "log" / "valkey.log", durable=self.durable
        )
        try:
            server.start()
        finally:
            if server.process:
                self.started.append(server.process)
        return {"REDIS_URL": server.url}


def _check_database(name: str, url: str) -> None:
    try:
        psycopg.connect(url, connect_timeout=5).close()
    except psycopg.Error as error:
        reason = str(error).strip().splitlines()[-1]
        raise LaunchError(f"The database that {name} names cannot be used: {reason}") from None


def _check_redis(url: str) -> None:
    try:
        with Redis.from_url(url, socket_connect_timeout=5, socket_timeout=5) as server:
            server.ping()
    except ValueError as error:
        raise LaunchError(f"REDIS_URL is no address of a Redis: {error}.") from None
    except RedisError as error:
        reason = str(error).strip().rstrip(".") or type(error).__name__
        raise LaunchError(f"The Redis that REDIS_URL names cannot be used: {reason}.") from None


@contextmanager
def throwaway_servers() -> Iterator[dict[str, str]]:
    """Servers for one test run: nothing is synced to disk, and nothing stays."""
    LOCAL.mkdir(exist_ok=True)
    home = Path(tempfile.mkdtemp(prefix="test-", dir=LOCAL))
    servers = Servers(home, durable=False)
    try:
        servers.start()
        yield servers.environment
    finally:
        servers.stop()
        shutil.rmtree(home, ignore_errors=True)
