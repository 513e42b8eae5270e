"""An owner plans on a phone and reports a milestone; a treasurer confirms it on a wide screen.

A campaign of the project shows both.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from civicfund.delivery.enums import Reach
from civicfund.delivery.selectors import plan_of
from tests.browser.test_desks import ready
from tests.browser.test_treasury import come_in, look
from tests.factories.payouts import new_treasurer
from tests.factories.pledges import CampaignFactory
from tests.payouts.test_payouts import awarded

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

STEPS = (
    ("We begin", "The permit and the order", "2027-01-15", "30"),
    ("The beds are built", "Twelve beds, open to everybody", "2027-04-01", "70"),
)


def write(page, *steps):
    for number, (title, shows, due_on, share) in enumerate(steps, start=1):
        step = page.get_by_role("group", name=f"Milestone {number}")
        step.get_by_label("Title").fill(title)
        step.get_by_label("What will be shown").fill(shows)
        step.get_by_label("By", exact=True).fill(due_on)
        step.get_by_label("Share in percent").fill(share)
    page.get_by_role("button", name="Save the plan").click()


def test_a_plan_is_written_reported_and_confirmed(page, phone, sign_in, check_axe, screenshot):
    project = awarded()
    sign_in(phone, project.proposer)
    phone.goto(f"{project.get_absolute_url()}plan/")
    write(phone, *STEPS)
    expect(phone.get_by_text("The plan stands on the project's page.")).to_be_visible()
    phone.get_by_label("“We begin” is reached").fill("The permit is here: room 4, every morning.")
    look(phone, "plan", check_axe, screenshot)
    phone.get_by_role("button", name="It is reached").click()
    expect(phone.get_by_text("Said. Somebody of the town looks at it.")).to_be_visible()

    come_in(page, *ready(new_treasurer()), "/desk/milestones/")
    expect(page.get_by_text("The permit is here")).to_be_visible()
    look(page, "milestones_desk", check_axe, screenshot)
    page.get_by_role("button", name="Confirm: it is reached").click()
    expect(page.get_by_text("Noted. The owner is told.")).to_be_visible()
    assert [each.reach for each in plan_of(project)] == [Reach.REACHED, Reach.PLANNED]
    page.goto(f"/treasury/payouts/projects/{project.pk}/")
    expect(page.get_by_text("waits for milestones")).to_be_visible()
    page.get_by_label("For which milestone").select_option("We begin")
    look(page, "payouts_by_milestone", check_axe, screenshot)
    page.goto(project.get_absolute_url())
    expect(page.get_by_role("region", name="Milestones, a table")).to_be_visible()
    look(page, "project_plan", check_axe, screenshot)

    campaign = CampaignFactory(project=project)
    page.goto(campaign.get_absolute_url())
    expect(page.get_by_role("region", name="Milestones, a table")).to_be_visible()
    look(page, "campaign_plan", check_axe, screenshot)
