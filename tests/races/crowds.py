"""Crowds at a real site: gunicorn's processes, and many people who ask it at the same moment."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.client import HTTPConnection
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.hashers import make_password

from civicfund.launch.ports import HOST, answers, free_port
from civicfund.launch.processes import Process, wait_until
from civicfund.launch.web import gunicorn
from civicfund.people.models import User
from civicfund.town.bench.site import same_database
from civicfund.town.bench.visitors import session_of, turn_on

CARELESS = "tests.races.careless:application"
# Cookie and form say the same token, as on any page of ours.
TOKEN = "a" * 32
BUSY = 503
PATIENCE = 300  # seconds
Person = TypeVar("Person")


@dataclass(frozen=True)
class Answer:
    """What somebody was answered, and after how many seconds."""

    status: int
    where: str
    text: str
    seconds: float


@contextmanager
def served(folder: Path, application: str = "civicfund.wsgi:application") -> Iterator[int]:
    """The site as production serves it, on this test's database; its port."""
    port = free_port()
    web = gunicorn(sys.executable, port, "--log-level", "warning", application=application)
    process = Process("web", web, folder / "web.log", same_database()).start()
    try:
        wait_until(lambda: answers(HOST, port), process, seconds=60)
        yield port
    finally:
        process.stop()


def crowd(number: int, label: str) -> list[tuple[User, str]]:
    """So many people, each with the session of a browser that is signed in."""
    nobody = make_password(None)
    people = User.objects.bulk_create(
        User(email=f"{label}-{n}@crowd.example", display_name=f"Person {n}", password=nobody)
        for n in range(number)
    )
    return [(person, session_of(person)) for person in people]


def post(port: int, path: str, session: str, fields: Mapping[str, str]) -> Answer:
    """Send a form as a browser does, on a connection of one's own."""
    cookies = {settings.SESSION_COOKIE_NAME: session, settings.CSRF_COOKIE_NAME: TOKEN}
    headers = {
        "Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()),
        "Content-Type": "application/x-www-form-urlencoded",
    }
    began = time.perf_counter()
    connection = HTTPConnection(HOST, port, timeout=PATIENCE)
    try:
        connection.request(
            "POST", path, urlencode({"csrfmiddlewaretoken": TOKEN, **fields}), headers
        )
        got = connection.getresponse()
        text = got.read().decode()
    finally:
        connection.close()
    return Answer(got.status, got.headers.get("Location", ""), text, time.perf_counter() - began)


def insist(port: int, path: str, session: str, fields: Mapping[str, str]) -> Answer:
    """The same, and where one is given a turn, again when it has come, as the page does."""
    began = time.perf_counter()
    while (answer := post(port, path, session, fields)).status == BUSY:
        turn, seconds = turn_on(answer.text)
        time.sleep(seconds)
        fields = {**fields, "turn": turn}
    return replace(answer, seconds=time.perf_counter() - began)


def all_at_once(people: list[Person], act: Callable[[Person], Answer]) -> list[Answer]:
    """What each was answered, all let go at the same moment; an error of one is an error."""
    gate = threading.Barrier(len(people))
    answered: list[Answer | BaseException] = [RuntimeError("never asked")] * len(people)

    def run(place: int) -> None:
        try:
            gate.wait(PATIENCE)
            answered[place] = act(people[place])
        except Exception as error:  # kept, and raised in the thread that counts
            answered[place] = error

    before = threading.stack_size(256 * 1024)  # a thousand threads are not many then
    try:
        threads = [threading.Thread(target=run, args=(n,)) for n in range(len(people))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        threading.stack_size(before)
    for one in answered:
        if isinstance(one, BaseException):
            raise one
    return [one for one in answered if isinstance(one, Answer)]
