"""An administrator tries rules on a published election, in a browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from budgeting.tasks import count_trials
from tests.budgeting.test_trials import as_file
from tests.factories.budgeting import administrator
from tests.signing_in import PASSWORD, code_now, verified, with_totp

pytestmark = pytest.mark.django_db(transaction=True)


def test_rules_are_tried_and_compared_while_the_page_renews_itself(
    page, check_axe, screenshot, tmp_path
):
    person = verified(administrator())
    secret = with_totp(person)
    page.goto("/budget/what-if/")
    page.get_by_label("E-mail address").fill(person.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.locator("input[name=code]").fill(code_now(secret))
    page.keyboard.press("Enter")
    page.wait_for_url("**/budget/what-if/")
    check_axe(page)
    screenshot(page, "trials-1280")

    page.get_by_label("Or a published election").set_input_files(as_file(tmp_path))
    page.get_by_role("button", name="Count").click()
    expect(page.get_by_text("This page renews itself.")).to_be_visible()
    check_axe(page)
    count_trials()
    expect(page.get_by_role("heading", name="Who would have won")).to_be_visible()
    expect(page.get_by_text("This page renews itself.")).to_have_count(0)
    check_axe(page)
    screenshot(page, "trial-1280")
    page.set_viewport_size({"width": 390, "height": 844})
    check_axe(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    screenshot(page, "trial-390")
