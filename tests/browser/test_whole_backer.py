"""One backer from finding a campaign to answering its creator, on a phone throughout.

What a sweep does is done here as the sweep does.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from civicfund.pledges.enums import CampaignState, Handover, PledgeState
from civicfund.pledges.models import Pledge, ShippingZone
from civicfund.pledges.services.news import tell_of_surveys
from civicfund.talk.models import Follow
from tests.browser.test_campaign_desk import answers_large, asks_which_size
from tests.browser.test_pledging import choose_card, press
from tests.browser.test_whole_campaign import changed, ends_and_is_charged
from tests.browser.walking import Walk
from tests.factories.people import ResidencyFactory
from tests.factories.places import NeighborhoodFactory, square
from tests.factories.pledges import CampaignFactory, RewardFactory
from tests.factories.projects import ProjectFactory
from tests.pledges.promises import promise

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "owner"]),
    pytest.mark.timeout(600),
    pytest.mark.journey,
]
TITLE = "A cider press for Northbank"


class Backing(Walk):
    """A campaign among others, and somebody who lives near it."""

    name = "whole-backer"

    def __init__(self, *given) -> None:
        super().__init__(*given)
        place = NeighborhoodFactory(name="Northbank", boundary=square(-8, 53, 0.02))
        self.ida = ResidencyFactory(user__display_name="Ida", neighborhood=place).user
        project = ProjectFactory(
            title=TITLE, neighborhood=place, latitude=53.01, longitude=-7.99, cost_minor=6000,
            summary="Sixty years old, and it works: for the apples that rot each autumn.",
        )  # fmt: skip
        self.campaign = CampaignFactory(project=project, goal_minor=6000)
        RewardFactory(
            campaign=self.campaign, title="A shirt", amount_minor=2000,
            handover=Handover.SHIPPING, limit=20,
        )  # fmt: skip
        ShippingZone.objects.create(
            campaign=self.campaign, position=0, name="This county", amount_minor=300
        )
        for title in ("A bench at the mill", "Trees for the school"):
            CampaignFactory(project=ProjectFactory(title=title, neighborhood=place))
        promise(self.campaign, 3000)

    @property
    def pledge(self) -> Pledge:
        return Pledge.objects.get(backer=self.ida)


def ida_finds_it(walk):
    """By the home page, by the list, and by searching for a word with a mistake in it."""
    tab = walk.phone(None, "/")
    expect(tab.get_by_role("link", name=TITLE).first).to_be_visible()
    walk.seen(tab, "home")
    tab.get_by_role("link", name="All campaigns").click()
    expect(tab.get_by_role("link", name=TITLE)).to_be_visible()
    walk.seen(tab, "list")
    tab.goto("/projects/?q=cidre+press")
    expect(tab.get_by_text("1 project", exact=True)).to_be_visible()
    walk.seen(tab, "search")
    tab.get_by_role("link", name=TITLE).click()
    walk.seen(tab, "project")
    return tab


def she_follows_and_pledges(walk, tab):
    walk.sign_in(tab, walk.ida)
    tab.goto(walk.campaign.get_absolute_url())
    walk.seen(tab, "campaign")
    tab.get_by_role("button", name="Follow this").click()
    assert Follow.objects.filter(user=walk.ida).count() == 1
    tab.get_by_role("link", name="Choose “A shirt”").click()
    tab.get_by_label("This county").check()
    tab.get_by_label("How much do you pledge?").fill("25")
    walk.seen(tab, "choosing")
    tab.get_by_role("button", name="See what it comes to").click()
    tab.get_by_label("I agree to be charged").check()
    walk.seen(tab, "agreeing")
    tab.get_by_role("button", name="Go on to the card").click()
    expect(tab.get_by_role("button", name="Save the card and pledge")).to_be_enabled()
    choose_card(tab, "4242")
    walk.seen(tab, "card")
    press(tab, "Save the card and pledge")
    expect(tab.get_by_text("your pledge counts")).to_be_visible()
    walk.seen(tab, "pledged")


def she_gives_more(walk, tab):
    changed(tab, walk.pledge, "40")
    walk.seen(tab, "changed")
    assert walk.pledge.amount_minor == 4300  # with sending


def it_is_funded_and_her_card_charged(walk, tab):
    ends_and_is_charged(walk.campaign)
    walk.campaign.refresh_from_db()
    assert walk.campaign.state == CampaignState.SETTLED
    assert walk.pledge.state == PledgeState.COLLECTED
    tab.goto(walk.pledge.get_absolute_url())
    expect(tab.get_by_text("Thank you: €43 is collected.")).to_be_visible()
    walk.seen(tab, "charged")
    receipt = tab.get_by_role("link", name="Receipt as PDF").get_attribute("href")
    fetched = tab.request.get(tab.url.partition("/pledges/")[0] + receipt)
    assert (fetched.status, fetched.body()[:5]) == (200, b"%PDF-")


def she_answers_what_the_creator_asks(walk, tab):
    creator = walk.phone(walk.campaign.creator, f"/campaigns/{walk.campaign.pk}/surveys/")
    asks_which_size(creator, "A shirt")
    walk.seen(creator, "asking")
    creator.get_by_role("button", name="Send it to the backers").click()
    assert tell_of_surveys() == 1
    tab.reload()
    walk.seen(tab, "asked")
    answers_large(tab)
    tab.get_by_label("Your name and address").fill("Ida Example\nMill Lane 1")
    walk.seen(tab, "answering")
    tab.get_by_role("button", name="Send").click()
    expect(tab.get_by_text("You have answered")).to_be_visible()
    creator.reload()
    expect(creator.get_by_text("Mill Lane 1")).to_be_visible()
    walk.seen(creator, "answers")
    tab.goto("/me/")
    expect(tab.get_by_role("link", name=TITLE).first).to_be_visible()
    walk.seen(tab, "my-page")


def test_a_backer_from_discovery_to_survey(provider, open_page, sign_in, check_axe, screenshot):
    walk = Backing(open_page, sign_in, check_axe, screenshot)
    tab = ida_finds_it(walk)
    she_follows_and_pledges(walk, tab)
    she_gives_more(walk, tab)
    it_is_funded_and_her_card_charged(walk, tab)
    she_answers_what_the_creator_asks(walk, tab)
