"""The processes that are measured, and visitors to them."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from importlib import import_module
from pathlib import Path

import requests
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.db import connection

from civicfund.admin_site import SECOND_FACTOR_METHOD
from civicfund.launch.ports import HOST, answers, free_port
from civicfund.launch.processes import Process, wait_until
from civicfund.launch.web import gunicorn
from civicfund.payments.sandbox.process import SandboxProcess
from civicfund.people.models import User
from civicfund.pledges.domain import CONSENT_VERSION

_BACKEND = "django.contrib.auth.backends.ModelBackend"
_AUTHENTICATION = "account_authentication_methods"  # where allauth keeps what was given
_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')


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


class Visitor:
    """Somebody with a browser's cookies and one kept-alive connection."""

    def __init__(self, site: str, user: User | None = None, *, second_factor: bool = False) -> None:
        self.site = site
        self.http = requests.Session()
        if user is not None:
            key = session_of(user, second_factor=second_factor)
            self.http.cookies.set(settings.SESSION_COOKIE_NAME, key)

    def read(self, path: str) -> str:
        """A page; an error status is an error of the measure."""
        try:
            answer = self._in_turn("GET", path)
        except requests.ConnectionError:
            # The server closes a connection that was not used for a while; browsers ask anew.
            answer = self._in_turn("GET", path)
        answer.raise_for_status()
        return answer.text

    def cast(self, path: str) -> None:
        """Open the ballot page and cast it with its first three options ticked."""
        filled = self._filled(self.read(path))
        answer = self.http.post(self.site + path, filled, timeout=60, allow_redirects=False)
        if answer.status_code != requests.codes.ok or "data-receipt" not in answer.text:
            raise RuntimeError(f"The ballot was not cast: {answer.status_code}")

    def pledge(self, path: str, amount: str) -> None:
        """Choose an amount on a campaign's page and agree, as its two pages ask; no card yet."""
        for step in ({"amount": amount}, {"consent": "on", "consent_version": CONSENT_VERSION}):
            if not hasattr(self, "_pledge_token"):
                token = _TOKEN.search(self.read(path))
                if token is None:
                    raise RuntimeError("There is no form on the page.")
                self._pledge_token = token[1]
            sent = {"csrfmiddlewaretoken": self._pledge_token, "amount": amount} | step
            answer = self._in_turn("POST", path, sent)
        if answer.status_code != requests.codes.found:
            raise RuntimeError(f"The pledge was not taken: {answer.status_code}")

    def _in_turn(
        self, method: str, path: str, fields: Mapping[str, str] | None = None
    ) -> requests.Response:
        """The answer; who is asked to come back in a rush does, a little sooner."""
        while True:
            answer = self.http.request(
                method, self.site + path, data=fields, timeout=60, allow_redirects=method == "GET"
            )
            if "Retry-After" not in answer.headers:
                return answer
            time.sleep(0.2)

    def _filled(self, page: str) -> dict[str, str | list[str]]:
        token = _TOKEN.search(page)
        boxes = re.findall(r'type="checkbox" name="([\w-]+)" value="([\w-]+)"', page)
        if token is None or not boxes:
            raise RuntimeError("There is no ballot on the page.")
        return {"csrfmiddlewaretoken": token[1], boxes[0][0]: [code for _, code in boxes[:3]]}


def session_of(user: User, *, second_factor: bool = False) -> str:
    """A signed-in session, made without a password's slow hash: signing in is not measured."""
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = _BACKEND
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    if second_factor:
        session[_AUTHENTICATION] = [{"method": SECOND_FACTOR_METHOD, "at": time.time()}]
        session[f"{_AUTHENTICATION}_user"] = str(user.pk)  # by whom, or it counts for nobody
    session.save()
    return str(session.session_key)
