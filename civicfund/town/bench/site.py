"""The processes that are measured."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from django.conf import settings
from django.db import connection

from civicfund.launch.ports import HOST, answers, free_port
from civicfund.launch.processes import Process, wait_until
from civicfund.launch.web import gunicorn
from civicfund.payments.sandbox.process import SandboxProcess


@contextmanager
def running_site(
    folder: Path, *, also: Mapping[str, str] | None = None, with_worker: bool = True
) -> Iterator[tuple[str, SandboxProcess]]:
    """Web, one Celery worker and the payment sandbox; all stopped at the end, whatever happened.

    ``also`` is more environment for web and worker. Without a worker, who measures brings one.
    """
    with ExitStack() as stack:
        sandbox = SandboxProcess(folder / "sandbox").start()
        stack.callback(sandbox.stop)
        point_at(sandbox)
        port = free_port()
        environment = _environment(sandbox) | dict(also or {})
        web = gunicorn(sys.executable, port, "--log-level", "warning")
        worker = [
            sys.executable, "-m", "celery", "-A", "civicfund.celery", "worker",
            "--concurrency", "2", "--loglevel", "ERROR",
        ]  # fmt: skip
        for name, command in (("web", web), ("worker", worker)):
            if name == "worker" and not with_worker:
                continue
            process = Process(name, command, folder / f"{name}.log", environment).start()
            stack.callback(process.stop)
            if name == "web":
                wait_until(lambda: answers(HOST, port), process, seconds=60)
        yield f"http://{HOST}:{port}", sandbox


def point_at(sandbox: SandboxProcess) -> None:
    """Let this process, too, speak to the sandbox."""
    settings.STRIPE_API_BASE = sandbox.url
    settings.STRIPE_SECRET_KEY = sandbox.secret_key
    settings.STRIPE_PUBLISHABLE_KEY = sandbox.publishable_key
    settings.STRIPE_WEBHOOK_SECRET = sandbox.webhook_secret


def same_database() -> dict[str, str]:
    """What lets another program use the settings and the database of this one."""
    database = connection.settings_dict
    login = f"{database['USER']}:{database['PASSWORD']}"
    address = f"{database['HOST']}:{database['PORT']}"
    return {
        "DJANGO_SETTINGS_MODULE": os.environ["DJANGO_SETTINGS_MODULE"],
        "DATABASE_URL": f"postgresql://{login}@{address}/{database['NAME']}",
    }


def _environment(sandbox: SandboxProcess) -> dict[str, str]:
    return same_database() | {
        "STRIPE_API_BASE": sandbox.url,
        "STRIPE_SECRET_KEY": sandbox.secret_key,
        "STRIPE_PUBLISHABLE_KEY": sandbox.publishable_key,
        "STRIPE_WEBHOOK_SECRET": sandbox.webhook_secret,
    }


@contextmanager
def running_worker(
    folder: Path, sandbox: SandboxProcess, *, at_once: int, also: Mapping[str, str]
) -> Iterator[Process]:
    """One more Celery worker with so many processes, and the real beat that wakes it."""
    celery = [sys.executable, "-m", "celery", "-A", "civicfund.celery"]
    environment = _environment(sandbox) | dict(also)
    commands = {
        "settler": [*celery, "worker", "--concurrency", str(at_once), "--loglevel", "ERROR"],
        "beat": [*celery, "beat", "--schedule", str(folder / "beat"), "--loglevel", "ERROR"],
    }
    with ExitStack() as stack:
        for name, command in commands.items():
            process = Process(name, command, folder / f"{name}.log", environment).start()
            stack.callback(process.stop)
            if name == "settler":
                worker = process
        yield worker
