"""A vote is extended in a browser by two people, and everybody reads why."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils.timezone import localtime
from playwright.sync_api import expect

from tests.browser.test_budget import a_cycle, both
from tests.browser.test_sealing import staff
from tests.browser.test_treasury import come_in
from tests.budgeting.test_bundle import altered, bundle_of, edited, published
from tests.factories.budgeting import extended

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

WHY = "The site could not be reached from 17:10 to 18:20."


def test_two_administrators_extend_a_vote(
    page, phone, check_axe, screenshot, refusals_are_expected
):
    cycle, _ = a_cycle()
    desk = f"/budget/{cycle.slug}/extending/"
    later = localtime(cycle.voting_ends_at + timedelta(hours=2))
    come_in(page, *staff(), desk)
    page.get_by_label("Voting shall end").fill(f"{later - timedelta(days=3):%Y-%m-%dT%H:%M}")
    page.get_by_label("Why, for everybody to read").fill(WHY)
    page.get_by_role("button", name="Ask to extend it").click()
    expect(page.get_by_role("alert")).to_contain_text("never shorter")
    check_axe(page)
    screenshot(page, "extending-refused-1280")
    page.get_by_label("Voting shall end").fill(f"{later:%Y-%m-%dT%H:%M}")
    page.get_by_role("button", name="Ask to extend it").click()
    expect(page.get_by_text("You asked for it.")).to_be_visible()
    check_axe(page)
    screenshot(page, "extending-asked-1280")
    come_in(phone, *staff(), desk)
    check_axe(phone)
    screenshot(phone, "extending-agree-390")
    phone.get_by_role("button", name="Agree").click()
    expect(phone.get_by_text("Voting was extended until")).to_be_visible()
    check_axe(phone)


def test_everybody_reads_why_a_vote_was_extended(page, phone, check_axe, screenshot):
    cycle, _ = a_cycle()
    extended(cycle, timedelta(hours=2), reason=WHY)
    for tab, width in both(page, phone):
        for name in ("", "ballot/", "board/"):
            tab.goto(f"/budget/{cycle.slug}/{name}")
            expect(tab.get_by_text(WHY)).to_be_visible()
            check_axe(tab)
            screenshot(tab, f"extended-{name.strip('/') or 'cycle'}-{width}")


def whole_with_another_reason(content):
    change = edited(("board", "extensions", 0, "reason"), "All was well.")
    return altered(content, "bundle.json", change)


def test_the_browser_verifies_an_extended_vote(page, tmp_path):
    cycle, receipts = published(
        extend=lambda running: extended(running, timedelta(hours=1), reason="Ä “3 h”\n\U0001f5f3")
    )
    whole = bundle_of(cycle)
    for name, content, told in (
        ("bundle.zip", whole, "things that were looked at hold."),
        ("altered.zip", whole_with_another_reason(whole), "things that were looked at are"),
    ):
        file = tmp_path / name
        file.write_bytes(content)
        page.goto("/budget/verify/")
        page.get_by_label("File of a vote").set_input_files(file)
        page.get_by_label("Your receipts").fill(receipts[-1])
        page.get_by_role("button", name="Verify it").click()
        expect(page.get_by_text(told)).to_be_visible()
