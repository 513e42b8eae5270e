"""One campaign as its creator lives it: from a draft that lacks something to funded.

On a phone throughout; staff sit at their desks. What a sweep does is done here as the sweep does.
"""

from __future__ import annotations

import re

import pytest
from django.core import mail
from playwright.sync_api import expect

from civicfund.notices.services import send_next
from civicfund.people.enums import Role
from civicfund.pledges.enums import CampaignState
from civicfund.pledges.models import Campaign
from civicfund.pledges.services.campaigns import start_if_time
from civicfund.pledges.services.news import tell_of_updates
from tests.browser.test_desks import holding, ready
from tests.browser.test_treasury import come_in
from tests.browser.test_whole_campaign import ends_and_is_charged, pledged
from tests.browser.walking import Walk
from tests.factories.people import UserFactory
from tests.factories.pledges import soon
from tests.factories.projects import ProjectFactory

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "owner"]),
    pytest.mark.timeout(600),
    pytest.mark.journey,
]
WHAT_IS_ASKED = "May everybody use it?"
STORY = (
    "The path up from the river is long, and there is **nowhere** to sit.\n\n"
    "Two of us measured it in spring; the joiner at the mill would build the bench."
)


class Making(Walk):
    """A creator, who writes with somebody, and the project that they raise money for."""

    name = "whole-creator"

    def __init__(self, *given) -> None:
        super().__init__(*given)
        self.nell, self.tom = (UserFactory(display_name=name) for name in ("Nell", "Tom"))
        self.project = ProjectFactory(
            title="A bench on Mill Lane", story=STORY, proposer=self.nell, cost_minor=8000
        )

    @property
    def campaign(self) -> Campaign:
        return Campaign.objects.get()


def nell_writes_a_draft_that_lacks_something(walk):
    tab = walk.phone(walk.nell, walk.project.get_absolute_url())
    tab.get_by_role("link", name="Raise money for it").click()
    tab.get_by_label("Goal", exact=True).fill("90")
    tab.get_by_label("Last day").fill(soon(days=20).date().isoformat())
    tab.get_by_label("The town does").check()
    tab.get_by_label("What backers get").first.fill("A tile with your name")
    tab.get_by_label("For at least, or the price of one").first.fill("20")
    walk.seen(tab, "writing")
    with tab.context.expect_page() as opened:
        tab.get_by_role("button", name="Preview").click()
    expect(opened.value.get_by_text("This is a preview")).to_be_visible()
    walk.seen(opened.value, "preview")
    opened.value.close()
    assert not Campaign.objects.exists()
    tab.get_by_role("button", name="Save").click()
    expect(tab.get_by_text("The parts of the goal lack €10.")).to_be_visible()
    expect(tab.get_by_role("button", name="Send for review")).to_have_count(0)
    walk.seen(tab, "lacking")
    return tab


def what_the_goal_pays_for_is_said(walk, nell):
    nell.get_by_role("link", name="Edit", exact=True).click()
    lines = nell.get_by_role("group", name="What the goal pays for")
    lines.get_by_label("What for").nth(1).fill("Somebody to set it")
    lines.get_by_label("Amount").nth(1).fill("10")
    nell.get_by_label("More about it").first.fill("Fired in town, set into the path.")
    nell.get_by_label("What backers get").nth(1).fill("A seat at the opening")
    walk.seen(nell, "editing")
    nell.get_by_role("button", name="Keep this and go on writing").nth(1).click()
    expect(nell.get_by_text("Saved, but for what is marked")).to_be_visible()
    assert walk.campaign.goal_lines.count() == 2
    walk.seen(nell, "saved-in-part")
    nell.get_by_label("For at least, or the price of one").nth(1).fill("40")
    nell.get_by_role("button", name="Keep this and go on writing").nth(1).click()
    expect(nell.get_by_text("Saved.", exact=True)).to_be_visible()
    assert nell.url.endswith("/edit/#rewards")
    nell.get_by_role("button", name="Save", exact=True).click()
    expect(nell.get_by_text("Nothing is missing.")).to_be_visible()


def tom_joins_and_says_what_he_does(walk, nell):
    nell.goto(f"/projects/{walk.project.pk}/authors/")
    nell.get_by_label("Their e-mail address").fill(walk.tom.email)
    nell.get_by_role("button", name="Invite").click()
    send_next()
    link = re.search(r"/projects/invitations/\S+", mail.outbox[-1].body)[0]
    tab = walk.phone(walk.tom, link)
    tab.get_by_role("button", name="Yes, I write with them").click()
    tab.goto(f"/projects/{walk.project.pk}/authors/")
    tab.get_by_label("What you do in this project").fill("I talk to the joiner.")
    walk.seen(tab, "team")
    tab.get_by_role("button", name="Save").click()
    nell.goto(walk.campaign.get_absolute_url())
    expect(nell.get_by_text("with Tom: I talk to the joiner.")).to_be_visible()
    walk.seen(nell, "whole-draft")
    nell.get_by_role("button", name="Send for review").click()
    expect(nell.get_by_text("A reviewer is looking at it")).to_be_visible()


def a_reviewer_asks_for_changes_first(walk, nell):
    desk = walk.open_page()
    come_in(desk, *ready(holding(Role.REVIEWER)), "/desk/campaigns/")
    desk.get_by_role("link", name="A bench on Mill Lane").click()
    desk.get_by_label("What has to change?").fill("Say who looks after the bench.")
    walk.seen(desk, "judging")
    desk.get_by_role("button", name="Ask for changes").click()
    expect(desk.get_by_text("Sent back. Its creator is told why.")).to_be_visible()
    nell.reload()
    expect(nell.get_by_text("Say who looks after the bench.")).to_be_visible()
    walk.seen(nell, "changes-asked-for")
    nell.get_by_role("link", name="Edit", exact=True).click()
    nell.get_by_label("More about it").first.fill("The school looks after bench and tiles.")
    nell.get_by_role("button", name="Save").click()
    nell.get_by_role("button", name="Send for review").click()
    expect(nell.get_by_text("A reviewer is looking at it")).to_be_visible()
    desk.goto("/desk/campaigns/")
    desk.get_by_role("link", name="A bench on Mill Lane").click()
    desk.get_by_role("button", name="Approve it").click()
    expect(desk.get_by_text("Approved. Its creator is told.")).to_be_visible()
    walk.seen(desk, "approved")
    assert start_if_time(walk.campaign)


def nell_tells_what_is_new(walk, nell):
    nell.reload()
    nell.get_by_role("link", name="Write an update").click()
    nell.get_by_label("Title").fill("The joiner says yes")
    nell.get_by_label("What is new").fill("He builds it in oak.")
    walk.seen(nell, "update")
    nell.get_by_role("button", name="Publish").click()
    expect(nell.get_by_role("heading", name="The joiner says yes")).to_be_visible()
    assert tell_of_updates() == 1


def somebody_asks_and_she_answers(walk, nell):
    asker = walk.phone(UserFactory(display_name="Ida"), walk.campaign.get_absolute_url())
    expect(asker.get_by_role("link", name="1. The joiner says yes")).to_be_visible()
    asker.get_by_label("Your comment").fill(WHAT_IS_ASKED)
    asker.get_by_label("This is a question to the campaign's creator").check()
    asker.get_by_role("button", name="Say it").click()
    nell.goto(walk.campaign.get_absolute_url())
    nell.get_by_role("link", name="Questions to you: 1 open").click()
    walk.seen(nell, "questions")
    nell.get_by_role("link", name=WHAT_IS_ASKED).click()
    nell.get_by_label("Your answer").fill("Yes, and dogs as well.")
    walk.seen(nell, "answering")
    nell.get_by_role("button", name="Say it").click()
    asker.reload()
    expect(asker.get_by_text("Yes, and dogs as well.")).to_be_visible()
    walk.seen(asker, "answered")


def backers_come_and_it_is_funded(walk, nell):
    pledged(walk.open_page, walk.sign_in, walk.campaign, "25", "4242", "A tile with your name")
    pledged(walk.open_page, walk.sign_in, walk.campaign, "70", "4242")
    nell.goto(walk.campaign.get_absolute_url())
    nell.get_by_role("link", name="Your backers: by day, by reward, as a file").click()
    expect(nell.get_by_text("€95").first).to_be_visible()
    walk.seen(nell, "dashboard")
    ends_and_is_charged(walk.campaign)
    nell.reload()
    expect(nell.get_by_text("still to be collected")).to_be_visible()
    walk.seen(nell, "collected")
    nell.goto(walk.campaign.get_absolute_url())
    walk.seen(nell, "funded")
    assert walk.campaign.state == CampaignState.SETTLED


def test_a_creator_from_draft_to_funded(
    provider, open_page, sign_in, check_axe, screenshot, refusals_are_expected
):
    walk = Making(open_page, sign_in, check_axe, screenshot)
    nell = nell_writes_a_draft_that_lacks_something(walk)
    what_the_goal_pays_for_is_said(walk, nell)
    tom_joins_and_says_what_he_does(walk, nell)
    a_reviewer_asks_for_changes_first(walk, nell)
    nell_tells_what_is_new(walk, nell)
    somebody_asks_and_she_answers(walk, nell)
    backers_come_and_it_is_funded(walk, nell)
