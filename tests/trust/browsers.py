"""Voters' browsers: what they send, what they are told, and what a reload of the page says."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import requests
from django.conf import settings
from django.core.signing import get_cookie_signer
from requests.adapters import HTTPAdapter

from budgeting.services.kiosks import register_kiosk, unlock_ballot
from budgeting.views.kiosks import COOKIE, SALT
from civicfund.people.enums import Role
from civicfund.people.services import grant_role
from civicfund.town.bench.visitors import session_of
from tests.factories.budgeting import administrator
from tests.trust.electorate import BORN, Vote, Voter

TIMEOUT_SECONDS = 60
_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')
_RECEIPT = re.compile(r"data-receipt>([A-Z2-7-]+)<")
_IN_JSON = re.compile(r'"receipt": ?"([A-Z2-7-]+)"')
_FOUND = re.compile(r'name="found" value="([^"]+)"')
# What the ballot page says of a voter while voting runs, and after.
_CAST = re.compile(r"Your ballot: (cast|changed) at|Your ballot was (last changed|cast) on")
_NOT_CAST = re.compile(r"Your ballot: not cast|You did not cast a ballot")
Form = Mapping[str, str | Sequence[str]]


@dataclass(frozen=True, slots=True)
class Told:
    """What came of one request, by the clock of whoever sent it (seconds since 1970)."""

    status: int
    receipt: str
    sent_at: float
    answered_at: float

    @property
    def cast(self) -> bool:
        """Whether the voter was told that the ballot is recorded."""
        return self.status in (requests.codes.ok, requests.codes.created) and bool(self.receipt)

    @property
    def closed(self) -> bool:
        """Whether the voter was told that voting is over, or that paper is their vote."""
        return self.status == requests.codes.conflict

    @property
    def done(self) -> bool:
        """Whether a desk did what it was asked to."""
        return self.status == requests.codes.found


class _From(HTTPAdapter):
    """Connects from an address of loopback that is this voter's own."""

    def __init__(self, address: str) -> None:
        self._address = address
        super().__init__(pool_maxsize=1)

    def init_poolmanager(self, *given: object, **named: object) -> None:
        super().init_poolmanager(*given, source_address=(self._address, 0), **named)


class Browser:
    """A voter's browser at the site; ``careless`` asks the site under test for a control."""

    def __init__(self, site: str, voter: Voter, *, account: bool, careless: str = "") -> None:
        self.site, self.http = site, requests.Session()
        if account:
            self.http.cookies.set(settings.SESSION_COOKIE_NAME, session_of(voter.user))
        self.path, self.act = "", ""
        self.http.mount("http://", _From(voter.address))
        # The site ends connections that wait; a browser would quietly ask again on another.
        self.http.headers["Connection"] = "close"
        if careless:
            self.http.headers["X-Trust-Careless"] = careless

    def read(self, path: str) -> str:
        """A page; an error status raises. Who is asked to come back in a rush does."""
        while True:
            try:
                answer = self.http.get(self.site + path, timeout=TIMEOUT_SECONDS)
            except requests.ConnectionError:
                answer = self.http.get(self.site + path, timeout=TIMEOUT_SECONDS)
            if "Retry-After" not in answer.headers:
                answer.raise_for_status()
                return answer.text
            time.sleep(0.2)

    def form(self, vote: Vote, choice: Sequence[int]) -> dict[str, str | list[str]]:
        """The ballot page, filled in."""
        return {
            "csrfmiddlewaretoken": self.token(self.page(vote)),
            "act": self.act,
            vote.field: [vote.named[place] for place in choice],
        }

    def page(self, vote: Vote) -> str:
        """Where this browser casts."""
        return self.path or vote.page

    def token(self, path: str) -> str:
        """What a form of the page needs."""
        found = _TOKEN.search(self.read(path))
        if found is None:
            raise RuntimeError(f"There is no form on {path}.")
        return found[1]

    def send(self, path: str, form: Form) -> Told:
        """Send a form once, and say what came back; no answer at all raises."""
        sent_at = time.time()
        answer = self.http.post(
            self.site + path, form, timeout=TIMEOUT_SECONDS, allow_redirects=False
        )
        found = _RECEIPT.search(answer.text)
        return Told(answer.status_code, found[1] if found else "", sent_at, time.time())

    def standing(self, path: str) -> str:
        """What the ballot page says of this voter: ``cast``, ``not cast`` or nothing of either."""
        page = self.read(path)
        if _CAST.search(page):
            return "cast"
        return "not cast" if _NOT_CAST.search(page) else ""


class Program(Browser):
    """Speaks to the API, with the session of whoever runs it."""

    def page(self, vote: Vote) -> str:
        """Where it casts."""
        return f"/api/v1/cycles/{vote.cycle.slug}/ballot/"

    def form(self, vote: Vote, choice: Sequence[int]) -> dict[str, str | list[str]]:
        """What a browser would fill in; a page of the site gives the token."""
        token = self.token(vote.page)
        return {
            "csrfmiddlewaretoken": token,
            vote.field: [vote.named[place] for place in choice],
        }

    def send(self, path: str, form: Form) -> Told:
        """The same ballot as JSON."""
        pots = [
            {"pot": int(name.removeprefix("pot-")), "options": list(named)}
            for name, named in form.items()
            if name.startswith("pot-")
        ]
        sent_at = time.time()
        answer = self.http.put(
            self.site + path,
            json={"pots": pots},
            headers={"X-CSRFToken": str(form["csrfmiddlewaretoken"])},
            timeout=TIMEOUT_SECONDS,
        )
        found = _IN_JSON.search(answer.text)
        return Told(answer.status_code, found[1] if found else "", sent_at, time.time())


class CheckInDesk(Browser):
    """A poll officer's browser that has found a voter by their papers, and checks them in."""

    found = ""

    def form(self, vote: Vote, choice: Sequence[int]) -> dict[str, str | list[str]]:
        """What the button sends: whoever was found; nothing is chosen here."""
        return {
            "csrfmiddlewaretoken": self.token(self.path), "act": self.act, "found": self.found,
        }  # fmt: skip


def by_account(site: str, vote: Vote, voter: Voter, careless: str = "") -> Browser:
    """Signed in."""
    return Browser(site, voter, account=True, careless=careless)


def by_code(site: str, vote: Vote, voter: Voter, careless: str = "") -> Browser:
    """With the code from a letter, typed on its page."""
    browser = Browser(site, voter, account=False, careless=careless)
    page = f"{vote.cycle.get_absolute_url()}code/"
    form = {
        "csrfmiddlewaretoken": browser.token(page),
        "code": voter.code,
        "born": str(BORN),
    }
    told = browser.send(page, form)
    if told.status != requests.codes.found:
        raise requests.RequestException(f"The code was not taken: {told.status}")
    return browser


def by_kiosk(site: str, vote: Vote, voter: Voter, careless: str = "") -> Browser:
    """At a kiosk of one's own, unlocked by an officer and opened with the code: for one cast."""
    by = administrator()
    grant_role(by, Role.POLL_OFFICER, by=None)
    kiosk, key = register_kiosk(vote.cycle, name=f"For {voter.number}", by=by)
    unlocked = unlock_ballot(kiosk, number=str(voter.number), by=by)
    browser = Browser(site, voter, account=False, careless=careless)
    browser.path, browser.act = f"{vote.cycle.get_absolute_url()}kiosk/", "cast"
    browser.http.cookies.set(COOKIE, get_cookie_signer(salt=COOKIE + SALT).sign(key))
    form = {
        "csrfmiddlewaretoken": browser.token(browser.path), "act": "code", "code": unlocked.code,
    }  # fmt: skip
    told = browser.send(browser.path, form)
    if told.status != requests.codes.found:
        raise requests.RequestException(f"The kiosk's code was not taken: {told.status}")
    return browser


def by_program(site: str, vote: Vote, voter: Voter, careless: str = "") -> Browser:
    """Over the API, signed in."""
    return Program(site, voter, account=True, careless=careless)


def by_officer(site: str, vote: Vote, voter: Voter, careless: str = "") -> Browser:
    """At a polling place, where an officer has the voter's papers and the button before them."""
    by = administrator()
    grant_role(by, Role.POLL_OFFICER, by=None)
    desk = CheckInDesk(site, voter, account=False, careless=careless)
    desk.path, desk.act = f"{vote.cycle.get_absolute_url()}paper/check-in/", "give"
    desk.http.cookies.set(settings.SESSION_COOKIE_NAME, session_of(by, second_factor=True))
    form = {
        "csrfmiddlewaretoken": desk.token(desk.path), "act": "find",
        "place": str(vote.cycle.polling_places.get().pk), "number": str(voter.number),
    }  # fmt: skip
    answer = desk.http.post(site + desk.path, form, timeout=TIMEOUT_SECONDS)
    found = _FOUND.search(answer.text)
    if found is None:
        raise requests.RequestException(f"The voter was not found: {answer.status_code}")
    desk.found = found[1]
    return desk


# Every way into the same vote by which one may cast again. A further one takes (site, vote, voter,
# careless), and gives a browser that may cast as the voter.
Channel = Callable[[str, Vote, Voter, str], Browser]
CHANNELS: list[Channel] = [by_account, by_code]
