"""How people read the main pages: letters twice as large, nothing moving, over a slow line, and
without anybody else being asked.
"""

from __future__ import annotations

from gzip import compress

import pytest
from django.urls import reverse
from playwright.sync_api import Error

from tests.browser.conftest import NARROW
from tests.browser.test_budget import a_cycle
from tests.browser.test_desks import ready
from tests.browser.test_pages import _addresses, town  # noqa: F401 -- a fixture
from tests.browser.test_treasury import come_in
from tests.factories.budgeting import administrator
from tests.factories.pledges import CampaignFactory

pytestmark = pytest.mark.django_db(transaction=True)

MOST_TRANSFERRED = 150_000  # bytes of a page with all that it brings, by a browser that knows none
LARGER = "document.documentElement.style.fontSize = '200%'"
TOO_WIDE = "document.documentElement.scrollWidth - window.innerWidth"
# Tables and maps move sideways in boxes of their own; the rest is named that sticks out.
STICKING_OUT = """
[...document.querySelectorAll("body *")]
  .filter(each => each.getBoundingClientRect().right > window.innerWidth + 1)
  .filter(each => !each.closest(".table-box, .map-canvas, .skip-link, .sr-only"))
  .map(each => `${each.tagName} ${each.className}: ${each.textContent.trim().slice(0, 40)}`)
"""
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


def _as_a_resident(town, cycle):  # noqa: F811
    campaign = town["campaign"]
    return _addresses(town) | {
        "pledging": reverse("pledge", args=[CampaignFactory().pk]),
        "backers": f"{campaign.get_absolute_url()}backers/",
        "cycles": reverse("cycles"),
        "cycle": cycle.get_absolute_url(),
        "board": reverse("board", args=[cycle.slug]),
        "archive": reverse("archive"),
        "help-wanted": reverse("help_wanted"),
        "notices": "/me/notices/",
    }


def _as_an_administrator(cycle):
    desk = cycle.get_absolute_url()
    names = ("desk", "reviews", "roll/desk", "announcements", "trail", "participation")
    return {"desks": "/desk/"} | {f"desk-{name}": f"{desk}{name}/" for name in names}


def test_every_main_page_fits_a_phone_with_letters_twice_as_large(
    open_page,
    sign_in,
    screenshot,
    town,  # noqa: F811
):
    cycle, [voter, *_] = a_cycle()
    phone, desk, found = open_page(NARROW), open_page(NARROW), {}

    def look(phone, pages):
        for name, address in pages.items():
            assert phone.goto(address).status == 200, address
            phone.evaluate(LARGER)
            screenshot(phone, f"large-{name}-390")
            if (wide := phone.evaluate(TOO_WIDE)) > 0:
                found[name] = (wide, phone.evaluate(STICKING_OUT)[:6])

    sign_in(phone, town["resident"])
    look(phone, _as_a_resident(town, cycle))
    sign_in(phone, voter)
    look(phone, {"ballot": reverse("ballot", args=[cycle.slug])})
    come_in(desk, *ready(administrator()), "/desk/")
    look(desk, _as_an_administrator(cycle))
    assert found == {}


def weight(url, body):
    return len(compress(body)) if "/static/" in url and not url.endswith("woff2") else len(body)


def test_whoever_asks_somebody_else_is_found(open_page, complaints):
    page = open_page(bypass_csp=True)  # which refuses it before it is asked
    page.goto("/")
    with pytest.raises(Error):
        page.evaluate("fetch('http://127.0.0.2:9/counted.gif')")
    assert any("asked elsewhere: http://127.0.0.2:9/counted.gif" in each for each in complaints)
    complaints.clear()
