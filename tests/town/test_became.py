"""The list of projects is narrowed by what came of them, on its page and over the API."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from budgeting.models import Proposal
from budgeting.services.counting import count_cycle
from budgeting.services.cycles import cancel_cycle, request_cancelling
from budgeting.services.proposals import submit_proposal
from budgeting.services.results import certify, publish
from budgeting.services.reviews import give_review
from civicfund.audit.services import db_now
from civicfund.pledges.enums import CampaignState
from civicfund.projects.selectors.became import ways_of_becoming
from tests.budgeting.test_counting import unsealed
from tests.factories.budgeting import (
    administrator,
    certifier,
    draft_cycle,
    publish_now,
    running_cycle,
)
from tests.factories.delivery import planned, reach
from tests.factories.places import NeighborhoodFactory
from tests.factories.pledges import CampaignFactory
from tests.factories.projects import ProjectFactory
from tests.factories.reviews import NO, reviewing_cycle
from tests.town.test_places import funded

pytestmark = pytest.mark.django_db
WAYS = ["in_cycle", "won", "raising", "funded", "being_built", "built"]


def found(client, became, **query):
    asked = {"became": became} | query
    page = client.get(reverse("projects"), asked)
    assert page.status_code == 200
    titles = [each.title for each in page.context["page"]]
    said = client.get(reverse("api_projects"), asked).json()
    assert sorted(each["title"] for each in said["results"]) == sorted(titles)
    return titles


def titles_of(cycle):
    rows = Proposal.objects.filter(cycle=cycle).order_by("-pk")
    return [each.project.title for each in rows.select_related("project")]


def test_there_is_as_much_to_choose_as_can_become_of_a_project(client):
    ProjectFactory()
    assert [name for name, _label in ways_of_becoming()] == WAYS
    page = client.get(reverse("projects")).content.decode()
    assert "It won a vote" in page
    for way in WAYS:
        assert found(client, way) == []


def test_what_is_in_a_cycle_is_found_until_that_is_over(client):
    cycle, _ = running_cycle()
    ProjectFactory(title="In no cycle")
    assert sorted(found(client, "in_cycle")) == sorted(titles_of(cycle))
    request_cancelling(cycle, by=administrator(), reason="The flood took the money.")
    cancel_cycle(cycle, by=administrator())
    assert found(client, "in_cycle") == []


def test_a_draft_of_a_cycle_tells_nobody_what_is_in_it(client):
    draft_cycle()
    assert found(client, "in_cycle") == []


def test_a_verdict_that_is_not_public_changes_nothing(client):
    cycle, [proposal] = reviewing_cycle()
    for reviewer in (administrator(), administrator()):
        give_review(proposal, **NO, by=reviewer)
    assert found(client, "in_cycle") == titles_of(cycle)
    publish_now(cycle, by=administrator())
    assert found(client, "in_cycle") == []


def test_what_won_is_in_the_cycle_until_the_outcome_is_published(client):
    cycle = unsealed([[0]])
    count_cycle(cycle)
    cycle = certify(cycle, by=certifier())
    assert found(client, "won") == []
    assert len(found(client, "in_cycle")) == 3
    publish(cycle, by=certifier())
    assert cycle.options.get(position=0).name in found(client, "won")
    assert found(client, "in_cycle") == []


def test_campaigns_that_raise_money_and_those_that_have_it(client):
    CampaignFactory(project__title="Raises")
    CampaignFactory(project__title="Is reviewed", state=CampaignState.SUBMITTED)
    over = db_now() - timedelta(minutes=1)
    CampaignFactory(project__title="Is over", deadline_at=over)
    assert found(client, "raising") == ["Raises"]
    assert found(client, "funded") == []


def test_filters_narrow_together(client):
    cycle, [proposal] = reviewing_cycle(title="A pond")
    other = ProjectFactory(title="A bench")
    submit_proposal(other, cycle.pots.get(), by=administrator())
    assert found(client, "in_cycle", q="pond") == ["A pond"]
    assert found(client, "in_cycle", neighborhood=other.neighborhood.slug) == ["A bench"]
    assert found(client, "raising", q="pond") == []
    assert proposal.project.title == "A pond"


@pytest.mark.parametrize("way", WAYS)
def test_the_list_asks_as_much_for_three_as_for_one(client, way):
    asked = []
    for _ in range(2):
        for _ in range(1 + len(asked)):
            reviewing_cycle()
            CampaignFactory()
        with CaptureQueriesContext(connection) as queries:
            found_now = client.get(reverse("projects"), {"became": way}).context["page"]
        asked.append(len(queries))
        if way in ("in_cycle", "raising"):
            assert len(found_now) == (1, 3)[len(asked) - 1]
    assert asked[0] == asked[1]


def test_what_has_money_and_a_plan_is_being_built_until_all_of_it_is_reached(client):
    project = funded(NeighborhoodFactory(), 40, 60)
    planned(ProjectFactory(title="A plan without money"), 100)
    first, second = project.milestones.order_by("position")
    assert found(client, "funded") == [project.title]
    assert (found(client, "being_built"), found(client, "built")) == ([project.title], [])
    reach(first)
    assert (found(client, "being_built"), found(client, "built")) == ([project.title], [])
    reach(second)
    assert (found(client, "being_built"), found(client, "built")) == ([], [project.title])
