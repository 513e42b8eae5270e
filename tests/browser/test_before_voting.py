"""Before voting begins and after: the desks that look ahead, and what becomes of the others."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from budgeting.services.reviews import give_review
from tests.browser.test_desks import ready
from tests.browser.test_treasury import come_in, look
from tests.factories.budgeting import administrator, begin_voting, publish_now
from tests.factories.reviews import reviewer, reviewing_cycle

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
WHY = "The bank belongs to the state."


def test_an_administrator_sees_what_is_open_and_says_why_something_stays_off(
    page, phone, sign_in, check_axe, screenshot
):
    cycle, (waits, left) = reviewing_cycle(2)
    give_review(left, feasible=True, by=reviewer())
    publish_now(cycle, by=administrator())
    come_in(page, *ready(administrator()), f"/budget/{cycle.slug}/desk/")
    expect(page.get_by_role("heading", name="Before voting begins")).to_be_visible()
    expect(page.get_by_text("1 feasible project is not on the ballot")).to_be_visible()
    look(page, "before-voting", check_axe, screenshot)
    page.get_by_role("link", name="Feasible projects").click()
    page.get_by_label("Project", exact=True).select_option(str(left.pk))
    page.get_by_label("Why, for everybody to read").fill(WHY)
    page.get_by_role("button", name="Say it to everybody").click()
    expect(page.get_by_text("Everybody reads now why")).to_be_visible()
    look(page, "left-off-the-ballot", check_axe, screenshot)
    begin_voting(cycle)
    page.goto(cycle.get_absolute_url())
    proposals = page.get_by_role("region", name="Proposals for")
    expect(proposals.get_by_text("Not decided in time")).to_be_visible()
    expect(proposals.get_by_text("Feasible, but not put on the ballot")).to_be_visible()
    look(page, "what-became-of-the-others", check_axe, screenshot)
    sign_in(phone, left.project.proposer)
    phone.goto(f"/budget/{cycle.slug}/proposals/{left.pk}/")
    expect(phone.get_by_text(WHY)).to_be_visible()
    look(phone, "my-proposal-left-off", check_axe, screenshot)
    assert waits.reviews.filter(given_at__isnull=True).exists()
