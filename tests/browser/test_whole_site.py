"""Every page of the site, opened by somebody who may read it: by axe, on a phone and on a wide
screen, what it brings weighed, and nobody else asked.

The pages are those of ``tests/town/routes.py``, where none is missing, in its small town. All of
them take minutes and are for ``make journeys``; ``make test`` opens those that no other test in a
browser does, and each day another part of the rest, since those tests take turns.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from django.conf import settings
from playwright.sync_api import Page

from tests.browser.conftest import FIND_VIOLATIONS, NARROW, WIDE
from tests.browser.test_reading import MOST_TRANSFERRED, TOO_WIDE, weight
from tests.town.routes import ROUTES
from tests.town.small_town import SmallTown
from tests.town.test_matrix import quiet, town  # noqa: F401 -- fixtures
from tests.town.test_typed import addresses

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]

# What no other test in a browser opens.
NOWHERE_ELSE = {
    "projects/merges/",
    "budget/<slug:slug>/rules/",
    "me/all/<slug:name>/",
    "talk/<slug:kind>/<int:pk>/",
    "campaigns/<int:pk>/cancel/",
    "campaigns/<int:pk>/take-back/",
    "campaigns/<int:pk>/throw-away/",
    "campaigns/<int:pk>/report/",
    "campaigns/<int:pk>/rewards/new/",
}
# In so many days ``make test`` has opened all.
DAYS = 12
PARTS = 3
BROUGHT = "performance.getEntriesByType('resource').map(each => each.name)"
WRONG = "each => each.id + ': ' + each.nodes.slice(0, 2).map(node => node.html.slice(0, 160))"


class Eyes:
    """Looks at pages, each with the session of whoever reads it, and keeps what is wrong."""

    def __init__(self, town: SmallTown, site: str, open_page, screenshot) -> None:  # noqa: F811
        self.site, self.open_page, self.screenshot = site, open_page, screenshot
        self.pages = {name: each for name, each in addresses(town).items() if name in ROUTES}
        self.tabs: dict[int, Page] = {}
        self.weights: dict[str, int] = {}
        self.wrong: list[str] = []
        self.seen = 0

    def look(self, route: str) -> None:
        """At one page; at what is none only whether it is there."""
        client, address = self.pages[route]
        answer = client.get(address, follow=True)
        if answer.status_code != 200 or not answer["Content-Type"].startswith("text/html"):
            return
        if "sandbox" in answer.headers.get("Content-Security-Policy", ""):
            return  # a mail, in a frame of a page that is looked at: nothing can run there
        tab = self._tab(client)
        tab.set_viewport_size(NARROW)
        shown = tab.goto(address)
        self.seen += 1
        led = shown.url.removeprefix(self.site).partition("?")[0]
        if (shown.status, led) != (200, answer.request["PATH_INFO"]):
            self._find(route, "led to", [f"{shown.status} {led}"])
        brought = self._weigh(tab, shown)
        self._find(route, "bytes", [str(brought)] if brought > MOST_TRANSFERRED else [])
        tab.evaluate(AXE_SCRIPT)
        for size in (NARROW, WIDE):
            tab.set_viewport_size(size)
            name = f"at {size['width']}"
            violations = f"{FIND_VIOLATIONS.strip()}.then(found => found.violations.map({WRONG}))"
            self._find(route, name, tab.evaluate(violations))
            wide = tab.evaluate(TOO_WIDE)
            self._find(route, name, [f"{wide} px too wide"] if wide > 0 else [])
            self.screenshot(tab, f"{route.translate(_PLAIN)}-{size['width']}")

    def _tab(self, client) -> Page:
        """One for each reader, which keeps what it has loaded."""
        if id(client) not in self.tabs:
            tab = self.tabs[id(client)] = self.open_page(NARROW)
            session = client.cookies.get(settings.SESSION_COOKIE_NAME)
            if session:
                own = {"name": session.key, "value": session.value, "url": self.site}
                tab.context.add_cookies([own])
        return self.tabs[id(client)]

    def _weigh(self, tab: Page, shown) -> int:
        """As the site serves it to a browser that knows nothing of it."""
        own = shown.url.split("/", 3)[:3]
        brought = [url for url in tab.evaluate(BROUGHT) if url.split("/", 3)[:3] == own]
        for url in brought:
            if url not in self.weights:
                self.weights[url] = weight(url, tab.request.get(url).body())
        return len(shown.body()) + sum(self.weights[url] for url in set(brought))

    def _find(self, route: str, what: str, faults: list[str]) -> None:
        self.wrong += [f"{route} {what}: {each}" for each in faults]


_PLAIN = str.maketrans(dict.fromkeys("/<>:", "-"))


@pytest.fixture
def eyes(town, live_server, open_page, screenshot) -> Iterator[Eyes]:  # noqa: F811
    found = Eyes(town, live_server.url, open_page, screenshot)
    yield found
    if found.wrong:
        pytest.fail("\n".join(found.wrong))


def test_pages_that_no_other_test_opens_and_a_part_of_the_rest(eyes):
    others = sorted(set(eyes.pages) - NOWHERE_ELSE)
    for route in [*sorted(NOWHERE_ELSE), *others[datetime.now(UTC).toordinal() % DAYS :: DAYS]]:
        eyes.look(route)
    assert eyes.seen >= len(NOWHERE_ELSE)
    assert eyes.wrong == []
    _finds_what_is_wrong(eyes)


def _finds_what_is_wrong(eyes):
    """The control, in the same town."""
    for tab in eyes.tabs.values():
        tab.context.add_init_script(
            "addEventListener('load', () => { const wide = document.createElement('p');"
            " wide.append('wide', new Image()); wide.style.width = '2000px';"
            " document.body.append(wide); })"
        )
    eyes.look("projects/")
    assert any("image-alt" in each for each in eyes.wrong)
    assert any("px too wide" in each for each in eyes.wrong)
    eyes.wrong.clear()


@pytest.mark.journey
@pytest.mark.parametrize("part", range(PARTS))
def test_every_page_is_whole_for_everybody_on_every_screen(eyes, part):
    for route in sorted(eyes.pages)[part::PARTS]:
        eyes.look(route)
    assert eyes.seen > 30
