"""One's own page: what one did, what came of it, and one next step."""

from __future__ import annotations

import pytest
from django.urls import reverse

from civicfund.people.selectors import residency_of
from civicfund.pledges.enums import PledgeState
from civicfund.projects.enums import ProjectState
from civicfund.projects.models import Support
from civicfund.talk.services import follow
from civicfund.town.selectors import next_step
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
