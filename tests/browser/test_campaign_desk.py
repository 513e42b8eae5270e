"""A campaign is written, previewed and looked at by staff, in a browser on both widths."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from civicfund.people.enums import Role
from civicfund.pledges.enums import ReportReason
from civicfund.pledges.models import Campaign
from civicfund.pledges.services.moderating import report_campaign
from tests.browser.test_desks import holding, ready
from tests.browser.test_treasury import come_in
from tests.factories.pledges import soon
from tests.factories.projects import ProjectFactory

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def test_a_creator_previews_and_sends_a_campaign_that_staff_look_at(
    page, phone, sign_in, check_axe, screenshot
):
    project = ProjectFactory(title="A bench on Mill Lane")
    sign_in(phone, project.proposer)
    phone.goto(f"/projects/{project.pk}/campaign/")
    phone.get_by_label("Last day").fill(soon(days=20).date().isoformat())
    phone.get_by_label("What backers get").first.fill("A tile with your name")
    phone.get_by_label("For at least, or the price of one").first.fill("20")
    with phone.context.expect_page() as opened:
        phone.get_by_role("button", name="Preview").click()
    preview = opened.value
    expect(preview.get_by_text("This is a preview")).to_be_visible()
    expect(preview.get_by_text("A tile with your name")).to_be_visible()
    check_axe(preview)
    screenshot(preview, "campaign-preview-390")
    preview.close()
    assert Campaign.objects.count() == 0
    phone.get_by_role("button", name="Save").click()
    expect(phone.get_by_text("Nothing is missing")).to_be_visible()
    check_axe(phone)
    screenshot(phone, "campaign-checklist-390")
    phone.get_by_role("button", name="Send for review").click()
    expect(phone.get_by_text("A reviewer is looking at it")).to_be_visible()
    campaign = Campaign.objects.get()
    report_campaign(campaign, reason=ReportReason.OTHER, words="Who owns the place?", by=None)
    come_in(page, *ready(holding(Role.MODERATOR)), "/desk/campaigns/")
    check_axe(page)
    screenshot(page, "campaigns-desk-1280")
    page.get_by_role("link", name="A bench on Mill Lane").click()
    expect(page.get_by_text("Who owns the place?")).to_be_visible()
    check_axe(page)
    screenshot(page, "campaign-judging-1280")
