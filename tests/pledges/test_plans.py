"""By which milestones its money leaves stands on a campaign, and is said before anybody agrees."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from civicfund.delivery.services.reaching import say_reached
from civicfund.pledges.enums import CampaignState
from tests.factories.delivery import NEXT_YEAR, planned, reach
from tests.factories.people import UserFactory
from tests.factories.pledges import CampaignFactory, OutcomeFactory
from tests.pledges.test_pages import text_of

pytestmark = pytest.mark.django_db

SECTION = "What the money is for, and how far it is"
SENTENCE = "What is collected leaves step by step, as the project's 2 milestones are reached."
MAY_CHANGE = "Its owner may change the plan until a milestone is reported"
# Its owner's, on a draft without one.
OFFER = "Plan milestones, so that money leaves step by step"


def agree_page(client, campaign):
    """What a backer who has chosen reads before the consent."""
    client.force_login(UserFactory())
    choice = {"amount": "25"}
    return client.post(reverse("pledge", args=[campaign.pk]), choice)


@pytest.mark.parametrize("state", [CampaignState.APPROVED, CampaignState.LIVE, "funded"])
def test_a_campaign_shows_its_projects_plan_before_during_and_afterwards(client, state):
    campaign = OutcomeFactory().campaign if state == "funded" else CampaignFactory(state=state)
    first, second = planned(campaign.project, 30, 70)
    reach(first)
    say_reached(second, by=campaign.creator, words="Come and see.")
    page = text_of(client.get(campaign.get_absolute_url()))
    for shown in (
        SECTION, "Step 1", "What step 1 shows", "30 %", "Reached", "Step 2", "70 %",
        "Said to be reached, not confirmed yet", f"1 January {NEXT_YEAR}",
    ):  # fmt: skip
        assert shown in page
    assert "Done, go and see it." in page
    assert "Come and see." not in page
    assert SENTENCE in page
    assert MAY_CHANGE not in page
    assert reverse("project_plan", args=[campaign.project_id]) not in page


def test_a_backer_reads_before_agreeing_that_money_leaves_by_milestones(client):
    campaign = CampaignFactory()
    planned(campaign.project, 30, 70)
    page = text_of(agree_page(client, campaign))
    assert SENTENCE in page
    assert page.index(MAY_CHANGE) < page.index('name="consent"')
    assert MAY_CHANGE in text_of(client.get(campaign.get_absolute_url()))


def test_of_a_plan_of_one_milestone_it_says_so(client):
    campaign = CampaignFactory()
    planned(campaign.project, 100)
    assert "leaves only once the project's milestone is reached" in text_of(
        agree_page(client, campaign)
    )


def test_where_there_is_no_plan_nothing_is_said_of_one(client):
    campaign = CampaignFactory()
    for page in (client.get(campaign.get_absolute_url()), agree_page(client, campaign)):
        assert page.status_code == 200
        assert "milestone" not in page.content.decode()


def test_a_creator_is_offered_a_plan_while_the_campaign_is_a_draft_and_nobody_else(client):
    draft = CampaignFactory(state=CampaignState.DRAFT)
    live = CampaignFactory(project__proposer=draft.creator)
    client.force_login(draft.creator)
    assert OFFER in text_of(client.get(draft.get_absolute_url()))
    assert OFFER not in text_of(client.get(live.get_absolute_url()))
    planned(draft.project, 30, 70)
    page = text_of(client.get(draft.get_absolute_url()))
    assert OFFER not in page
    assert SECTION in page
    assert reverse("project_plan", args=[draft.project_id]) in page


def test_a_campaign_and_agreeing_ask_as_much_for_three_milestones_as_for_one(client):
    counts = []
    agree_page(client, CampaignFactory())  # from here on signed in
    for shares in ((100,), (20, 30, 50)):
        campaign = CampaignFactory()
        for milestone in planned(campaign.project, *shares):
            reach(milestone)
        with CaptureQueriesContext(connection) as shown:
            assert client.get(campaign.get_absolute_url()).status_code == 200
        with CaptureQueriesContext(connection) as agreed:
            assert agree_page(client, campaign).status_code == 200
        counts.append((len(shown), len(agreed)))
    assert counts[0] == counts[1]
