"""The checklist of a campaign that is being written, and how it would look."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from civicfund.audit.models import Event
from civicfund.pledges.enums import CampaignState
from civicfund.pledges.models import Campaign, GoalLine
from civicfund.pledges.selectors.checklist import Checklist, Written, check
from civicfund.pledges.services.campaigns import submit_campaign
from civicfund.pledges.services.errors import RefusedError
from civicfund.projects.enums import ProjectState
from tests.factories.people import UserFactory
from tests.factories.pledges import CampaignFactory, soon
from tests.factories.projects import ProjectFactory
from tests.pledges.test_pages import campaign_form

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
WHOLE = Written(
    project_is_ready=True,
    goal_minor=3000,
    goal_lines_minor=(1000, 2000),
    starts_at=NOON,
    deadline_at=NOON + timedelta(days=30),
    story="We have sat on the ground for years. " * 20,
    has_picture=True,
    rewards=((True, True),),
    unpayable="",
)
LACKS = [
    ({"project_is_ready": False}, "no longer ready", ""),
    ({"deadline_at": NOON}, "in the past", "deadline_at"),
    ({"is_sent_nowhere": True}, "where rewards are sent to", "zones"),
    ({"goal_lines_minor": (1000,)}, "lack €20", "goal"),
    ({"goal_lines_minor": (1000, 2500)}, "are €5 more", "goal"),
]
BETTER = [
    ({"story": "A bench."}, "Tell more of the story"),
    ({"has_picture": False}, "Add a picture"),
    ({"goal_lines_minor": (3000,)}, "in more than one line"),
    ({"deadline_at": NOON + timedelta(days=61)}, "end sooner"),
    ({"deadline_at": NOON + timedelta(days=6)}, "a week or more"),
    ({"rewards": ()}, "Think of a reward"),
    ({"rewards": ((True, True), (False, True))}, "likely to have it"),
    ({"rewards": ((True, False),)}, "more of every reward"),
    ({"unpayable": "There is no account yet."}, "no account yet"),
]


def test_a_whole_campaign_lacks_nothing_and_needs_no_advice():
    assert check(WHOLE, now=NOON) == Checklist((), ())


@pytest.mark.parametrize(("given", "words", "field"), LACKS)
def test_what_a_campaign_lacks_is_said_with_its_field(given, words, field):
    ((said, at_fault),) = check(replace(WHOLE, **given), now=NOON).lacks
    assert words in said
    assert at_fault == field


@pytest.mark.parametrize(("given", "words"), BETTER)
def test_what_would_be_better_is_advice_alone(given, words):
    found = check(replace(WHOLE, **given), now=NOON)
    assert found.lacks == ()
    (said,) = found.better
    assert words in said


def draft(**more):
    campaign = CampaignFactory(state=CampaignState.DRAFT, **more)
    GoalLine.objects.create(
        campaign=campaign, position=1, label="Wood", amount_minor=campaign.goal_minor
    )
    return campaign


def spoil_lines(campaign):
    campaign.goal_lines.update(amount_minor=1)


def spoil_deadline(campaign):
    Campaign.objects.filter(pk=campaign.pk).update(deadline_at=soon(days=-1))
    campaign.refresh_from_db()


def spoil_project(campaign):
    campaign.project.state = ProjectState.WITHDRAWN
    campaign.project.save()


@pytest.mark.django_db
@pytest.mark.parametrize("spoil", [spoil_lines, spoil_deadline, spoil_project])
def test_what_is_lacking_keeps_a_campaign_from_its_review(client, spoil):
    campaign = draft()
    spoil(campaign)
    with pytest.raises(RefusedError):
        submit_campaign(campaign, by=campaign.creator)
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.DRAFT
    client.force_login(campaign.creator)
    page = client.get(campaign.get_absolute_url())
    assert len(page.context["checklist"].lacks) == 1
    assert reverse("campaign_submit", args=[campaign.pk]) not in page.content.decode()


@pytest.mark.django_db
def test_a_creator_reads_the_checklist_and_nobody_else_does(client):
    campaign = draft()
    client.force_login(campaign.creator)
    page = client.get(campaign.get_absolute_url()).content.decode()
    assert "Nothing is missing" in page
    assert "Add a picture" in page
    assert reverse("campaign_submit", args=[campaign.pk]) in page
    submit_campaign(campaign, by=campaign.creator)
    assert "Add a picture" not in client.get(campaign.get_absolute_url()).content.decode()


@pytest.mark.django_db
def test_a_preview_shows_the_page_and_keeps_nothing_of_it(client):
    campaign = draft()
    client.force_login(campaign.creator)
    before = Event.objects.count()
    address = reverse("campaign_edit", args=[campaign.pk])
    answer = client.post(address, campaign_form(act="preview"))
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "pledges/campaign.html" in [each.name for each in answer.templates]
    assert "This is a preview" in page
    assert "A cup" in page
    assert "€1,200" in page
    campaign.refresh_from_db()
    assert (campaign.goal_minor, campaign.rewards.count()) == (100_000, 0)
    assert Event.objects.count() == before


@pytest.mark.django_db
def test_a_first_preview_makes_no_campaign(client):
    project = ProjectFactory()
    client.force_login(project.proposer)
    address = reverse("campaign_new", args=[project.pk])
    answer = client.post(address, campaign_form(act="preview"))
    assert "This is a preview" in answer.content.decode()
    assert Campaign.objects.count() == 0


@pytest.mark.django_db
@pytest.mark.parametrize("given", [{"goal": "0"}, {"optimum": "1200"}])
def test_a_preview_of_what_cannot_be_shows_the_form_with_all_that_was_typed(client, given):
    project = ProjectFactory()
    client.force_login(project.proposer)
    address = reverse("campaign_new", args=[project.pk])
    answer = client.post(address, campaign_form(act="preview", **given))
    assert answer.status_code == 400
    assert "A cup" in answer.content.decode()
    assert Campaign.objects.count() == 0


@pytest.mark.django_db
def test_nobody_else_previews_a_campaign(client):
    campaign = draft()
    client.force_login(UserFactory())
    address = reverse("campaign_edit", args=[campaign.pk])
    assert client.post(address, campaign_form(act="preview")).status_code == 404


@pytest.mark.django_db
def test_what_was_saved_meanwhile_in_another_tab_is_not_written_over_unseen(client):
    campaign = CampaignFactory(state=CampaignState.DRAFT)
    client.force_login(campaign.creator)
    address = reverse("campaign_edit", args=[campaign.pk])

    def send(goal, seen):
        return client.post(address, campaign_form(goal=goal, seen=seen))

    def goal_minor():
        campaign.refresh_from_db()
        return campaign.goal_minor

    begun = client.get(address).context["seen"]
    assert send("1300", begun).status_code == 302
    late = send("1400", begun)
    assert late.status_code == 400
    page = late.content.decode()
    assert "This was saved meanwhile, in another tab." in page
    assert 'value="1400"' in page
    assert goal_minor() == 1300_00
    assert send("1400", late.context["seen"]).status_code == 302
    assert goal_minor() == 1400_00


@pytest.mark.django_db
def test_after_a_part_was_kept_one_goes_on_from_there(client):
    campaign = CampaignFactory(state=CampaignState.DRAFT)
    client.force_login(campaign.creator)
    address = reverse("campaign_edit", args=[campaign.pk])
    form = campaign_form(goal="1300", seen=client.get(address).context["seen"])
    partly = client.post(address, form | {"lines-0-amount": "much"})
    assert partly.context["kept_some"]
    assert client.post(address, form | {"seen": partly.context["seen"]}).status_code == 302
