"""How people read the main pages: letters twice as large, nothing moving, over a slow line, and
without anybody else being asked.
"""

from __future__ import annotations

from gzip import compress

import pytest
from playwright.sync_api import Error

from tests.browser.test_pages import _addresses, town  # noqa: F401 -- a fixture

pytestmark = pytest.mark.django_db(transaction=True)

MOST_TRANSFERRED = 150_000  # bytes of a page with all that it brings, by a browser that knows none
LARGER = "document.documentElement.style.fontSize = '200%'"
TOO_WIDE = "document.documentElement.scrollWidth - window.innerWidth"
MOVING = """
document.getAnimations().filter(each => each.effect.getComputedTiming().duration > 1).length
"""


def test_main_pages_are_light_and_still_and_take_large_letters(open_page, sign_in, town):  # noqa: F811
    """Weighed as the site serves them: files packed once and for all, pages as they are."""
    page = open_page(reduced_motion="reduce")
    page.context.new_cdp_session(page).send("Network.setCacheDisabled", {"cacheDisabled": True})
    sign_in(page, town["resident"])
    asked: set[str] = set()
    page.on("request", lambda each: asked.add(each.url))
    weighed = {}
    for name, address in _addresses(town).items():
        asked.clear()
        page.goto(address, wait_until="networkidle")
        weighed[name] = sum(weight(url, page.request.get(url).body()) for url in asked)
        assert page.evaluate(MOVING) == 0, name
        page.evaluate(LARGER)
        assert page.evaluate(TOO_WIDE) <= 0, name
    assert min(weighed.values()) > 30_000, weighed  # the letters alone weigh nearly as much
    assert {name: size for name, size in weighed.items() if size > MOST_TRANSFERRED} == {}


def weight(url, body):
    return len(compress(body)) if "/static/" in url and not url.endswith("woff2") else len(body)


def test_whoever_asks_somebody_else_is_found(open_page, complaints):
    page = open_page(bypass_csp=True)  # which refuses it before it is asked
    page.goto("/")
    with pytest.raises(Error):
        page.evaluate("fetch('http://127.0.0.2:9/counted.gif')")
    assert any("asked elsewhere: http://127.0.0.2:9/counted.gif" in each for each in complaints)
    complaints.clear()
