"""A plan over the API: of its project, and beside a campaign."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from civicfund.delivery.services.reaching import confirm_reached, find_not_reached, say_reached
from tests.factories.delivery import NEXT_YEAR, planned, reach
from tests.factories.payouts import new_treasurer
from tests.factories.pledges import CampaignFactory
from tests.factories.projects import ProjectFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign():
    return CampaignFactory()


def addresses(campaign):
    return (
        reverse("api_plan", args=[campaign.project_id]),
        reverse("api_campaign", args=[campaign.pk]),
    )


def plan(client, campaign):
    """What both say, which is the same."""
    own, beside = (client.get(address).json() for address in addresses(campaign))
    assert beside["plan"] == own
    return own


def test_a_plan_is_read_with_its_shares_and_days(client, campaign):
    planned(campaign.project, 30, 70)
    first, second = plan(client, campaign)
    assert first == {
        "position": 1, "title": "Step 1", "shows": "What step 1 shows",
        "due_on": f"{NEXT_YEAR}-01-01", "share_percent": 30, "reach": "planned",
        "words": "", "reached_at": None, "not_yet": "",
    }  # fmt: skip
    assert (second["position"], second["share_percent"]) == (2, 70)


def test_without_a_plan_the_list_is_empty(client, campaign):
    assert plan(client, campaign) == []


def test_what_an_owner_said_is_read_once_it_is_confirmed_and_a_no_with_its_reason(client, campaign):
    treasurer, owner = new_treasurer(), campaign.project.proposer
    (only,) = planned(campaign.project, 100)

    def shown():
        (milestone,) = plan(client, campaign)
        return milestone["reach"], milestone["words"], milestone["not_yet"]

    first = say_reached(only, by=owner, words="Anything.")
    assert shown() == ("reported", "", "")
    find_not_reached(first, by=treasurer, words="No water.")
    assert shown() == ("planned", "", "No water.")
    second = say_reached(only, by=owner, words="With water.")
    assert shown() == ("reported", "", "")
    verdict = confirm_reached(second, by=treasurer)
    assert shown() == ("reached", "With water.", "")
    verdict.refresh_from_db()
    (told,) = plan(client, campaign)
    assert datetime.fromisoformat(told["reached_at"]) == verdict.at


def test_a_plan_of_what_is_not_public_is_not_found(client):
    draft = ProjectFactory(state="draft")
    planned(draft, 100)
    address = reverse("api_plan", args=[draft.pk])
    assert client.get(address).status_code == 404
    client.force_login(draft.proposer)
    assert len(client.get(address).json()) == 1


@pytest.mark.parametrize("which", [0, 1])
def test_both_ask_as_much_for_three_milestones_as_for_one(client, which):
    counts = []
    for shares in ((100,), (20, 30, 50)):
        campaign = CampaignFactory()
        for milestone in planned(campaign.project, *shares):
            reach(milestone)
        with CaptureQueriesContext(connection) as asked:
            assert client.get(addresses(campaign)[which]).status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1]
