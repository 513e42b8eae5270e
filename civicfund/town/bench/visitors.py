"""Visitors to a site under measurement. Loopback only."""

from __future__ import annotations

import http.client
import re
import time
from collections.abc import Mapping
from http import HTTPStatus
from http.cookies import SimpleCookie
from importlib import import_module
from typing import NamedTuple
from urllib.parse import urlencode, urljoin

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

from civicfund.admin_site import SECOND_FACTOR_METHOD
from civicfund.people.models import User
from civicfund.pledges.domain import CONSENT_VERSION
from civicfund.town.bench.measure import loopback

_BACKEND = "django.contrib.auth.backends.ModelBackend"
_AUTHENTICATION = "account_authentication_methods"  # where allauth keeps what was given
_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')
_TURN = re.compile(r'name="turn" value="([^"]+)"')
_WAIT = re.compile(r'data-turn="([^"]+)"')
_TIMEOUT_SECONDS = 60
_MOST_REDIRECTS = 5
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class _Answer(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    text: str


def turn_on(page: str) -> tuple[str, float]:
    """The turn that a page of a rush gives, and in how many seconds it is."""
    turn, wait = _TURN.search(page), _WAIT.search(page)
    if turn is None or wait is None:
        raise RuntimeError("There is no turn on the page.")
    return turn[1], float(wait[1])


class Visitor:
    """Somebody with a browser's cookies and one kept-alive connection.

    By the standard library's client, since visitors share the cores with what they measure.
    """

    def __init__(self, site: str, user: User | None = None, *, second_factor: bool = False) -> None:
        self._connection = http.client.HTTPConnection(*loopback(site), timeout=_TIMEOUT_SECONDS)
        self._cookies: dict[str, str] = {}
        if user is not None:
            key = session_of(user, second_factor=second_factor)
            self._cookies[settings.SESSION_COOKIE_NAME] = key

    def leave(self) -> None:
        """Close the connection; another request opens one."""
        self._connection.close()

    def read(self, path: str) -> str:
        """A page; an error status is an error of the measure."""
        for _ in range(_MOST_REDIRECTS):
            answer = self._in_turn("GET", path)
            if answer.status == http.client.OK:
                return answer.text
            if answer.status not in (http.client.FOUND, http.client.MOVED_PERMANENTLY):
                raise RuntimeError(f"{path}: {answer.status}")
            path = urljoin(path, answer.headers["Location"])
        raise RuntimeError(f"{path}: redirected again and again")

    def cast(self, path: str) -> None:
        """Open the ballot page and cast it with its first three options ticked."""
        answer = self._ask("POST", path, self._filled(self.read(path)))
        if answer.status != http.client.OK or "data-receipt" not in answer.text:
            raise RuntimeError(f"The ballot was not cast: {answer.status}")

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
        if answer.status != http.client.FOUND:
            raise RuntimeError(f"The pledge was not taken: {answer.status}")

    def _in_turn(self, method: str, path: str, fields: Mapping[str, str] | None = None) -> _Answer:
        """The answer; who is given a turn in a rush comes when it is there, as the page does."""
        while (answer := self._ask(method, path, fields)).status == HTTPStatus.SERVICE_UNAVAILABLE:
            turn, seconds = turn_on(answer.text)
            time.sleep(seconds)
            if method == "POST":
                fields = {**(fields or {}), "turn": turn}
            else:
                path = f"{path.partition('?')[0]}?turn={turn}"
        return answer

    def _ask(
        self, method: str, path: str, fields: Mapping[str, str | list[str]] | None = None
    ) -> _Answer:
        try:
            return self._ask_once(method, path, fields)
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            if method != "GET" or not isinstance(error, ConnectionError):
                raise
            # The server closes a connection that was not used for a while; browsers ask anew.
            return self._ask_once(method, path, fields)

    def _ask_once(
        self, method: str, path: str, fields: Mapping[str, str | list[str]] | None
    ) -> _Answer:
        body = urlencode(fields, doseq=True) if fields is not None else None
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        headers = {"Cookie": cookies} | (_FORM if body is not None else {})
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        for given in answer.headers.get_all("Set-Cookie") or ():
            self._cookies |= {name: one.value for name, one in SimpleCookie(given).items()}
        return _Answer(answer.status, answer.headers, answer.read().decode())

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
