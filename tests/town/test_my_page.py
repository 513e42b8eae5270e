"""One's own page: what one did, what came of it, and one next step."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from civicfund.people.selectors import residency_of
from civicfund.pledges.enums import PledgeState
from civicfund.projects.enums import ProjectState
from civicfund.projects.models import Support
from civicfund.talk.services import follow
from civicfund.town.selectors import next_step
from civicfund.town.views import mine
from tests.factories.budgeting import cast_positions, running_cycle
from tests.factories.people import ResidencyFactory, UserFactory
from tests.factories.pledges import CampaignFactory, PledgeFactory
from tests.factories.projects import ProjectFactory
from tests.factories.talk import about

pytestmark = pytest.mark.django_db


def step_of(user):
    return next_step(user, residency_of(user)).words


def test_a_card_that_failed_comes_before_a_vote_and_a_vote_before_a_draft():
    _cycle, [voter] = running_cycle()
    ProjectFactory(proposer=voter, state=ProjectState.DRAFT)
    assert step_of(voter) == "Go to my ballot"
    PledgeFactory(backer=voter, state=PledgeState.DECLINED)
    assert step_of(voter) == "Go to my pledge"


def test_whoever_has_voted_goes_on_with_a_draft_and_then_helps_others():
    cycle, [voter] = running_cycle()
    cast_positions(cycle, voter, [0])
    draft = ProjectFactory(proposer=voter, state=ProjectState.DRAFT)
    assert step_of(voter) == "Go on with it"
    type(draft).objects.filter(pk=draft.pk).update(state=ProjectState.WITHDRAWN)
    assert step_of(voter) == "See which projects look for help"


def test_where_one_has_voted_says_so_and_where_not_leads_to_the_ballot(client):
    cycle, [voter] = running_cycle()
    client.force_login(voter)
    assert "You have voted here." not in client.get(reverse("my_page")).content.decode()
    cast_positions(cycle, voter, [0])
    page = client.get(reverse("my_page")).content.decode()
    assert "You have voted here." in page
    assert "You are on the roll of this cycle." not in page


def test_whoever_has_not_said_or_not_shown_where_they_live_does_that_next():
    assert step_of(UserFactory()) == "Say where I live"
    home = ResidencyFactory(proof="", proved_at=None)
    assert step_of(home.user) == "See how it is confirmed"


def test_it_shows_what_is_supported_and_followed_and_what_came_of_it(client):
    user = UserFactory()
    campaign = CampaignFactory()
    Support.objects.create(project=campaign.project, person=user)
    other = ProjectFactory(title="Followed only")
    follow(about(other), by=user)
    hidden = ProjectFactory(title="Gone again")
    follow(about(hidden), by=user)
    type(hidden).objects.filter(pk=hidden.pk).update(state=ProjectState.WITHDRAWN)
    client.force_login(user)
    page = client.get(reverse("my_page")).content.decode()
    assert campaign.project.title in page
    assert campaign.get_absolute_url() in page
    assert "Followed only" in page
    assert "Gone again" not in page


def test_my_page_shows_the_newest_and_a_list_of_its_own_shows_all(client, monkeypatch):
    monkeypatch.setattr(mine, "MOST_OF_EACH", 2)
    user = UserFactory()
    for number in range(3):
        project = ProjectFactory(title=f"Supported {number}")
        Support.objects.create(project=project, person=user)
        follow(about(ProjectFactory(title=f"Followed {number}")), by=user)
        ProjectFactory(title=f"Proposed {number}", proposer=user)
        PledgeFactory(backer=user, campaign__project__title=f"Pledged {number}")
    client.force_login(user)
    page = client.get(reverse("my_page")).content.decode()
    kinds = {
        "supports": "Supported", "follows": "Followed",
        "projects": "Proposed", "pledges": "Pledged",
    }  # fmt: skip
    for name, word in kinds.items():
        assert [f"{word} {n}" in page for n in range(3)] == [False, True, True]
        assert page.count(f"{word} 2") == 1  # said once, not in a card and a line
        everything = reverse("my_list", args=[name])
        assert everything in page
        shown = client.get(everything).content.decode()
        assert all(f"{word} {n}" in shown for n in range(3))
    assert client.get(reverse("my_list", args=["secrets"])).status_code == 404


@pytest.mark.parametrize("name", ["supports", "follows", "projects", "pledges"])
def test_nobody_sees_another_s_list_and_an_empty_one_says_so(client, name):
    ProjectFactory(title="Not mine")
    Support.objects.create(project=ProjectFactory(title="Not mine"), person=UserFactory())
    everything = reverse("my_list", args=[name])
    assert client.get(everything).status_code == 302
    client.force_login(UserFactory())
    page = client.get(everything)
    assert page.status_code == 200
    assert "Not mine" not in page.content.decode()


def test_a_list_of_mine_asks_as_much_for_three_as_for_a_hundred(client):
    user = UserFactory()
    client.force_login(user)
    counts = []
    for rows in (3, 97):
        for project in ProjectFactory.create_batch(rows, proposer=user):
            Support.objects.create(project=project, person=user)
            follow(about(project), by=user)
        asked = []
        for name in ("supports", "follows", "projects"):
            with CaptureQueriesContext(connection) as queries:
                client.get(reverse("my_list", args=[name]))
            asked.append(len(queries))
        counts.append(asked)
    assert counts[0] == counts[1]
