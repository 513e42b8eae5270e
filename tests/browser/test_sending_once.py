"""A second click on a button that acts sends nothing, and says so; without the script it does."""

from __future__ import annotations

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from tests.factories.people import UserFactory
from tests.factories.projects import ProjectFactory

pytestmark = pytest.mark.django_db(transaction=True)


class Slow:
    """A line so slow that a POST to an address is under way until it is let go."""

    def __init__(self, page, address) -> None:
        self.page, self.sent = page, []
        page.route(f"**{address}", self._hold)

    def _hold(self, route) -> None:
        if route.request.method == "POST":
            self.sent.append(route)
        else:
            route.continue_()

    def under_way(self, most) -> int:
        """How many are, once as many are as may be: of the last one is heard a little later."""
        for _ in range(200):
            if len(self.sent) >= most:
                break
            self.page.wait_for_timeout(50)
        return len(self.sent)

    def let_go(self) -> None:
        self.sent[-1].continue_()


@pytest.fixture
def project():
    return ProjectFactory()


def supporting(page, sign_in, project):
    """The button of support, on a slow line."""
    sign_in(page, UserFactory())
    page.goto(project.get_absolute_url())
    return support(page), Slow(page, reverse("project_support", args=[project.pk]))


def support(page):
    return page.get_by_role("button", name="Support it", exact=True)


# While a page is being left, Playwright touches nothing on it: hands of the page's own press.
PRESSED = """
async (button, [times, between]) => {
  const wait = () => new Promise((done) => setTimeout(done, 150));
  button.focus();
  button.click();
  const said = ["aria-busy", "aria-disabled"].map((name) => button.getAttribute(name));
  said.push(String(document.activeElement === button));
  for (let n = 1; n < times; n += 1) {
    await wait();
    if (between) window.dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }));
    button.click();
  }
  await wait();
  return said;
}
"""


def test_a_second_click_sends_nothing_and_the_button_says_that_it_is_busy(page, sign_in, project):
    button, slow = supporting(page, sign_in, project)
    assert button.evaluate(PRESSED, [4, False]) == ["true", "true", "true"]
    assert slow.under_way(1) == 1
    slow.let_go()
    expect(page.get_by_text("You are one of them.")).to_be_visible()
    assert project.supports.count() == 1


def test_without_the_script_each_click_is_sent(page, sign_in, project):
    """The control: what the test above counts is there to be counted."""
    nothing = {"content_type": "text/javascript", "body": ""}
    page.route("**/static/js/site*.js", lambda route: route.fulfill(**nothing))
    button, slow = supporting(page, sign_in, project)
    assert button.evaluate(PRESSED, [4, False]) == [None, None, "true"]
    assert slow.under_way(4) == 4
    slow.let_go()
    expect(page.get_by_text("You are one of them.")).to_be_visible()
    assert project.supports.count() == 1


def test_whoever_comes_back_by_the_browsers_button_may_send_again(page, sign_in, project):
    button, slow = supporting(page, sign_in, project)
    assert button.evaluate(PRESSED, [2, True]) == ["true", "true", "true"]
    assert slow.under_way(2) == 2
    slow.let_go()
    expect(page.get_by_text("You are one of them.")).to_be_visible()
