"""A real Chromium on the live server; `page` is 1280 px wide, `phone` 390 px."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.base import AXE_SCRIPT, AxeResults
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.cached_db import SessionStore
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect, sync_playwright

# Playwright's loop runs in this thread, and Django takes that for asynchronous code.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--in-process-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Once no color changes any more. What passed is thousands of lines, and is not handed over.
FIND_VIOLATIONS = """
Promise.allSettled(
  document.getAnimations()
    .filter(each => each.effect.getComputedTiming().endTime < Infinity)
    .map(each => each.finished)
)
  .then(() => axe.run({resultTypes: ["violations"]}))
  .then(found => ({violations: found.violations}))
"""
WIDE = {"width": 1280, "height": 900}
NARROW = {"width": 390, "height": 844}
# So long a page is waited for, in milliseconds: other processes of the tests keep a machine busy.
PATIENCE = 30_000

expect.set_options(timeout=PATIENCE)


# Ballots of every kind, pledges, seals and verifying, and that nothing typed is lost: each run of
# `make test` tries it in a browser, by all of a file or by some of its tests. What else is done and
# looked at there takes turns.
ALWAYS = {
    "test_ballot_kinds.py",
    "test_budget.py::test_a_ballot_is_cast_without_scripts",
    "test_budget.py::test_a_ballot_is_filled_in_with_a_running_budget_and_cast",
    "test_budget.py::test_the_outcome_is_told_at_both_widths",
    "test_drafts.py::test_a_ballot_that_was_refused_stays_as_it_was_filled_in",
    "test_drafts.py::test_a_reload_brings_back_what_was_filled_in",
    "test_drafts.py::test_another_voter_at_the_same_browser_reads_nothing_of_it",
    "test_drafts.py::test_signing_out_forgets_it_in_every_tab",
    "test_pledging.py",
    "test_refused_desks.py",
    "test_sealing.py",
    "test_sending_once.py",
    "test_verifying.py::test_a_published_vote_is_verified_in_the_browser",
    "test_verifying.py::test_both_programs_count_alike_by_every_rule",
    "test_verifying.py::test_the_browsers_verifier_finds_what_a_forger_recomputes",
    "test_whole_site.py",
}


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            always = {item.path.name, f"{item.path.name}::{item.originalname}"} & ALWAYS
            if not always and not item.get_closest_marker("journey"):
                item.add_marker(pytest.mark.turns)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = os.environ.get("CHROMIUM_PATH", "/usr/bin/chromium")
    if not shutil.which(path):
        pytest.fail(f"No Chromium at {path}: install one, or set CHROMIUM_PATH.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def complaints() -> list[str]:
    """What the browser's console and the content security policy complained of."""
    return []


@pytest.fixture
def refusals_are_expected(complaints) -> Iterator[None]:
    """The browser calls an answer of 400 an error, and here it is what should come.

    A test names it after the pages, so that it ends before they do.
    """
    yield
    complaints[:] = [words for words in complaints if "status of 400" not in words]


@pytest.fixture
def open_page(browser, live_server, complaints) -> Iterator[Callable[..., Page]]:
    """``open_page(size)``: a tab of its own; a complaint of the browser fails the test, and so does
    a request to anybody but this machine, where the provider's stand-in is, too.
    """
    contexts: list[BrowserContext] = []

    def foreign(request: Request) -> str:
        own = urlsplit(request.url).hostname in (None, "localhost", "127.0.0.1")
        return "" if own else f"asked elsewhere: {request.url}"

    def open_one(viewport=WIDE, **options) -> Page:
        context = browser.new_context(viewport=viewport, base_url=live_server.url, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))
        page.on("request", lambda request: foreign(request) and complaints.append(foreign(request)))
        page.on(
            "console",
            lambda message: (
                complaints.append(f"{page.url}: {message.text}")
                if message.type == "error"
                else None
            ),
        )
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def page(open_page) -> Page:
    return open_page(WIDE)


@pytest.fixture
def phone(open_page) -> Page:
    return open_page(NARROW)


@pytest.fixture
def sign_in(live_server) -> Callable[..., None]:
    """``sign_in(page, user)`` without the sign-in pages, which have tests of their own."""

    def act(page: Page, user) -> None:
        session = SessionStore()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.save()
        page.context.add_cookies(
            [
                {
                    "name": settings.SESSION_COOKIE_NAME,
                    "value": session.session_key,
                    "url": live_server.url,
                }
            ]
        )

    return act


@pytest.fixture
def check_axe() -> Callable[[Page], None]:
    """``check_axe(page)``: no violation of any rule of axe, and nothing wider than the screen."""

    def check(page: Page) -> None:
        if not page.evaluate("'axe' in window"):
            page.evaluate(AXE_SCRIPT)
        found = AxeResults(page.evaluate(FIND_VIOLATIONS))
        assert found.violations_count == 0, found.generate_report()
        wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0, f"{page.url} is {wide} px wider than the screen"

    return check


@pytest.fixture
def screenshot() -> Callable[[Page, str], None]:
    """``screenshot(page, name)``: the whole page as a picture under SCREENSHOTS, if that is set."""
    folder = os.environ.get("SCREENSHOTS")

    def take(page: Page, name: str) -> None:
        if folder:
            path = Path(folder) / f"{name}.png"
            page.screenshot(path=path, full_page=True, animations="disabled")

    return take


@pytest.fixture
def complaints_of_failed_pages(complaints):
    """A browser notes the status of a failed page; that is no complaint about the page."""
    yield
    complaints[:] = [words for words in complaints if "Failed to load resource" not in words]
