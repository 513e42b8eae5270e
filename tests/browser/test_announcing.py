"""An administrator writes to residents: draft, preview, sending and the log, on both widths."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from budgeting.models import Announcement
from budgeting.services.announcements import send_batch
from civicfund.people.enums import Role
from tests.browser.test_desks import holding, ready
from tests.browser.test_treasury import come_in
from tests.budgeting.test_announcements import resident
from tests.factories.budgeting import draft_cycle
from tests.factories.places import NeighborhoodFactory

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def test_an_administrator_writes_looks_sends_and_sees_the_log(page, phone, check_axe, screenshot):
    cycle, home = draft_cycle(costs_minor=()), NeighborhoodFactory(name="Mill Lane")
    for _ in range(3):
        resident(home)
    desk = f"/budget/{cycle.slug}/announcements/"
    come_in(phone, *ready(holding(Role.BUDGET_ADMINISTRATOR)), desk)
    phone.get_by_label("Subject").fill("Voting begins on Monday")
    phone.get_by_label("Words").fill("Dear neighbors,\n\nfrom Monday on you can vote.")
    phone.get_by_label("Mill Lane").check()
    check_axe(phone)
    screenshot(phone, "announcements-390")
    phone.get_by_role("button", name="Save the draft").click()
    expect(phone.get_by_text("3 people would get it now.")).to_be_visible()
    frame = phone.frame_locator("iframe.mail-frame")
    expect(frame.get_by_text("from Monday on you can vote.")).to_be_visible()
    check_axe(phone)
    phone.locator("iframe.mail-frame").scroll_into_view_if_needed()
    screenshot(phone, "announcement-draft-390")
    come_in(page, *ready(holding(Role.BUDGET_ADMINISTRATOR)), phone.url)
    screenshot(page, "announcement-draft-1280")
    page.get_by_role("button", name="Send it to 3 people").click()
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    send_batch(Announcement.objects.get(), 2)
    page.reload()
    expect(page.get_by_role("row", name="Remaining 1")).to_be_visible()
    check_axe(page)
    screenshot(page, "announcement-log-1280")
