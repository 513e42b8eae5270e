"""A project that people vote or pledge on stays what they decided on."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from budgeting.models import Option
from budgeting.services.counting import count_cycle
from budgeting.services.results import certify, publish
from civicfund.people.enums import Role
from civicfund.people.services import grant_role
from civicfund.pledges.enums import CampaignState
from civicfund.pledges.services.campaigns import approve_campaign
from civicfund.pledges.services.errors import RefusedError
from civicfund.projects.models import CostLine, Project
from civicfund.projects.services import Cost, ProjectError, edit_project, withdraw_project
from tests.budgeting.test_counting import unsealed
from tests.factories.budgeting import (
    certifier,
    draft_cycle,
)
from tests.factories.people import UserFactory
from tests.factories.places import NeighborhoodFactory
from tests.factories.pledges import CampaignFactory
from tests.factories.projects import ProjectFactory

pytestmark = pytest.mark.django_db

HOLDING = ["approved", "live", "suspended", "closing", "funded", "collecting", "recovering"]
FREE = sorted({*CampaignState.values} - {*HOLDING})


@pytest.fixture
def reviewer():
    user = UserFactory()
    grant_role(user, Role.REVIEWER, by=None)
    return user


def on_ballot():
    draft_cycle()
    return Project.objects.get(pk=Option.objects.first().code)


def in_campaign():
    return CampaignFactory().project


def in_suspended_campaign():
    return CampaignFactory(state=CampaignState.SUSPENDED).project


def as_stored(project):
    row = Project.objects.values().get(pk=project.pk)
    return row | {"lines": list(CostLine.objects.filter(project=project).values())}


@pytest.mark.parametrize("held", [on_ballot, in_campaign, in_suspended_campaign])
@pytest.mark.parametrize(
    "change",
    [
        {"title": "A palace"},
        {"summary": "Nothing of what was said."},
        {"neighborhood": "elsewhere"},
        {"latitude": 1.0, "longitude": 1.0},
        {"cost_lines": [Cost("Everything", 1)]},
        {"cost_lines": []},
    ],
)
def test_what_was_decided_on_stays(held, change):
    project = held()
    if "neighborhood" in change:
        change = {"neighborhood": NeighborhoodFactory()}
    before = as_stored(project)
    with pytest.raises(ProjectError, match="the story can grow"):
        edit_project(project, by=project.proposer, story="More.", **change)
    assert as_stored(project) == before


@pytest.mark.parametrize("held", [on_ballot, in_campaign, in_suspended_campaign])
def test_the_database_refuses_it_from_anywhere(held):
    project = held()
    before = as_stored(project)
    acts = [
        lambda: Project.objects.filter(pk=project.pk).update(title="A palace"),
        lambda: Project.objects.filter(pk=project.pk).update(state="withdrawn"),
        lambda: project.cost_lines.update(amount_minor=1),
        lambda: project.cost_lines.all().delete(),
        lambda: CostLine.objects.create(project=project, position=9, label="X", amount_minor=1),
    ]
    for act in acts:
        with pytest.raises(IntegrityError, match="stays as it is"), transaction.atomic():
            act()
    assert as_stored(project) == before


@pytest.mark.parametrize("held", [on_ballot, in_campaign, in_suspended_campaign])
def test_the_story_can_grow_while_the_rest_is_sent_along_unchanged(held):
    project = held()
    lines = [Cost(line.label, line.amount_minor) for line in project.cost_lines.all()]
    edit_project(
        project,
        by=project.proposer,
        title=project.title,
        neighborhood=project.neighborhood,
        cost_lines=lines,
        story="What we have learnt since.",
    )
    project.refresh_from_db()
    assert project.story == "What we have learnt since."


@pytest.mark.parametrize("held", [on_ballot, in_campaign, in_suspended_campaign])
def test_it_cannot_be_withdrawn(held):
    project = held()
    before = as_stored(project)
    with pytest.raises(ProjectError, match=r"[Tt]his project"):
        withdraw_project(project, by=project.proposer)
    assert as_stored(project) == before


@pytest.mark.parametrize("state", FREE)
def test_a_campaign_that_is_not_running_holds_nothing(state):
    project = CampaignFactory(state=state).project
    edit_project(project, by=project.proposer, title="Another title")
    assert Project.objects.get(pk=project.pk).title == "Another title"


def test_once_the_results_are_out_it_may_change_again():
    cycle = unsealed([[0]])
    project = Project.objects.get(pk=Option.objects.filter(cycle=cycle).first().code)
    with pytest.raises(ProjectError):
        edit_project(project, by=project.proposer, title="Another title")
    count_cycle(cycle)
    certify(cycle, by=certifier())
    publish(cycle, by=certifier())
    edit_project(project, by=project.proposer, title="Another title")
    assert Project.objects.get(pk=project.pk).title == "Another title"


def test_the_form_says_why_and_keeps_what_was_typed(client):
    project = in_campaign()
    client.force_login(project.proposer)
    edit = reverse("project_edit", args=[project.pk])
    assert "People pledge money for this project" in client.get(edit).content.decode()
    typed = {
        "title": "A palace",
        "summary": project.summary,
        "story": "Better.",
        "category": project.category,
        "neighborhood": project.neighborhood.slug,
        "latitude": "0.5",
        "longitude": "0.5",
        "form-TOTAL_FORMS": "1",
        "form-INITIAL_FORMS": "1",
        "form-0-label": "Everything",
        "form-0-amount": "1000.00",
    }
    answer = client.post(edit, typed)
    assert answer.status_code == 400
    page = answer.content.decode()
    assert "A palace" in page
    assert "the story can grow" in page
    assert client.post(edit, typed | {"title": project.title}).status_code == 302
    project.refresh_from_db()
    assert project.story == "Better."


def test_a_campaign_of_a_project_that_is_gone_is_not_approved(reviewer):
    campaign = CampaignFactory(state=CampaignState.SUBMITTED)
    withdraw_project(campaign.project, by=campaign.project.proposer)
    with pytest.raises(RefusedError, match="no longer ready"):
        approve_campaign(campaign, by=reviewer)
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.SUBMITTED


def test_a_new_project_starts_in_the_neighborhood_that_was_looked_at(client):
    place = NeighborhoodFactory()
    client.force_login(ProjectFactory().proposer)
    page = client.get(reverse("project_new"), {"neighborhood": place.slug}).content.decode()
    assert f'<option value="{place.slug}" selected>' in page
