"""A campaign from its draft to going live, and who may do what with it."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from civicfund.audit.models import Event
from civicfund.audit.services import StaleStateError
from civicfund.notices.models import Message
from civicfund.people.enums import Role
from civicfund.people.services import grant_role
from civicfund.pledges.access import subject_of_campaign
from civicfund.pledges.enums import SENT_CAMPAIGN, CampaignState, PledgeState, RunBy
from civicfund.pledges.models import Campaign, GoalLine, Reward, ShippingZone
from civicfund.pledges.services.campaigns import (
    approve_campaign,
    cancel_campaign,
    create_campaign,
    edit_campaign,
    request_changes,
    start_if_time,
    submit_campaign,
    take_back_campaign,
    throw_away_campaign,
)
from civicfund.pledges.services.errors import RefusedError
from civicfund.pledges.services.terms import RewardTerms, ZoneTerms
from civicfund.projects.enums import ProjectState
from civicfund.projects.services import Cost
from civicfund.states import IllegalMoveError
from civicfund.talk.selectors import follows, news_of
from civicfund.talk.services import unfollow, write_comment
from civicfund.talk.services.news import gather_comments
from tests.factories.people import UserFactory
from tests.factories.pledges import CampaignFactory, PledgeFactory, soon
from tests.factories.projects import ProjectFactory

pytestmark = pytest.mark.django_db


def create(project, **given):
    terms = {"creator": project.proposer, "goal_minor": 50_000, "deadline_at": soon(days=30)}
    terms |= {"run_by": RunBy.TOWN} | given
    return create_campaign(project, **{"goal_lines": [Cost("All", terms["goal_minor"])]} | terms)


@pytest.fixture
def reviewer():
    user = UserFactory()
    grant_role(user, Role.REVIEWER, by=None)
    return user


def test_a_campaign_goes_from_draft_to_live(reviewer):
    project = ProjectFactory()
    campaign = create(project, rewards=[RewardTerms("A cup", 2000, limit=5)])
    submit_campaign(campaign, by=project.proposer)
    request_changes(campaign, by=reviewer, reason=" Say when it is built. ")
    assert campaign.review_note == "Say when it is built."
    edit_campaign(
        campaign,
        by=project.proposer,
        goal_minor=60_000,
        deadline_at=soon(days=20),
        goal_lines=[Cost("Wood", 50_000), Cost("Nails", 10_000)],
        rewards=[],
        run_by=RunBy.TOWN,
    )
    campaign.refresh_from_db()
    submit_campaign(campaign, by=project.proposer)
    approve_campaign(campaign, by=reviewer)
    assert start_if_time(campaign) is True
    campaign.refresh_from_db()
    assert (campaign.state, campaign.goal_minor) == (CampaignState.LIVE, 60_000)
    assert campaign.live_at is not None
    assert campaign.rewards.count() == 0
    assert list(Event.objects.order_by("id").values_list("verb", flat=True))[-8:] == [
        "campaign.submitted",
        "campaign.changes_requested",
        "campaign.reviewed",
        "campaign.edited",
        "campaign.submitted",
        "campaign.approved",
        "campaign.reviewed",
        "campaign.live",
    ]


def test_its_creator_hears_of_every_review(reviewer):
    campaign = create(ProjectFactory())
    submit_campaign(campaign, by=campaign.creator)
    for reason in ("Say when.", "Say where."):
        request_changes(campaign, by=reviewer, reason=reason)
        submit_campaign(campaign, by=campaign.creator)
    approve_campaign(campaign, by=reviewer)
    told = Message.objects.filter(recipient=campaign.creator).order_by("pk")
    assert [(one.kind, one.context.get("reason")) for one in told] == [
        ("own_campaign_changes_requested", "Say when."),
        ("own_campaign_changes_requested", "Say where."),
        ("own_campaign_approved", None),
    ]


def test_its_creator_hears_of_comments_from_when_it_is_public(reviewer):
    campaign = create(ProjectFactory())
    creator = campaign.creator
    submit_campaign(campaign, by=creator)
    request_changes(campaign, by=reviewer, reason="Say when.")
    submit_campaign(campaign, by=creator)
    assert not follows(creator, "campaign", campaign.pk)
    approve_campaign(campaign, by=reviewer)
    assert follows(creator, "campaign", campaign.pk)
    subject = subject_of_campaign(campaign)
    said = write_comment(subject, by=UserFactory(), body="Who waters them?")
    asked = write_comment(subject, by=UserFactory(), body="When?", asks_creator=True)
    write_comment(subject, by=creator, body="We do.")
    gather_comments()
    told = {(news.comment_id, news.kind) for news in news_of(creator)}
    assert told == {(said.pk, "comment"), (asked.pk, "question")}
    unfollow(subject, by=creator)
    write_comment(subject, by=UserFactory(), body="Good.")
    gather_comments()
    assert len(news_of(creator)) == 2


def test_a_campaign_waits_for_its_start():
    campaign = CampaignFactory(state=CampaignState.APPROVED, starts_at=soon(days=1))
    assert start_if_time(campaign) is False
    Campaign.objects.update(starts_at=soon(seconds=-1))
    assert start_if_time(campaign) is True
    assert start_if_time(campaign) is False


def test_a_campaign_whose_end_has_passed_does_not_start():
    campaign = CampaignFactory(state=CampaignState.APPROVED, deadline_at=soon(seconds=-1))
    assert start_if_time(campaign) is False


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"goal_minor": 0}, "goal"),
        ({"goal_minor": -1}, "goal"),
        ({"deadline_at": soon(seconds=-1)}, "deadline_at"),
        ({"deadline_at": soon(days=91)}, "deadline_at"),
        ({"starts_at": soon(days=31)}, "deadline_at"),
        ({"deadline_tz": "Mars/Olympus"}, "deadline_tz"),
        ({"rewards": [RewardTerms("A cup", 0)]}, "rewards"),
        ({"rewards": [RewardTerms("A house", 1_000_001)]}, "rewards"),
        ({"optimum_minor": 50_000}, "optimum"),
        ({"zones": [ZoneTerms("In town", -1)]}, "zones"),
    ],
)
def test_terms_that_cannot_be_are_refused_and_nothing_is_kept(given, field):
    with pytest.raises(RefusedError) as refusal:
        create(ProjectFactory(), **given)
    assert refusal.value.field == field
    assert Campaign.objects.count() == 0


@pytest.mark.parametrize(
    ("lines", "said"), [([], "lack"), ([49_999], "lack"), ([40_000, 10_001], "more than the goal")]
)
def test_the_parts_of_a_goal_add_up_to_it_before_anybody_reviews_it(lines, said):
    parts = [Cost(f"Part {n}", amount) for n, amount in enumerate(lines)]
    campaign = create(ProjectFactory(), goal_lines=parts)
    with pytest.raises(RefusedError, match=said):
        submit_campaign(campaign, by=campaign.creator)
    with pytest.raises(IntegrityError, match="are not the goal"), transaction.atomic():
        Campaign.objects.update(state=CampaignState.SUBMITTED)
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.DRAFT


def test_the_parts_of_a_goal_stay_as_they_were_reviewed():
    campaign = create(ProjectFactory())
    submit_campaign(campaign, by=campaign.creator)
    acts = [
        lambda: campaign.goal_lines.update(amount_minor=1),
        lambda: campaign.goal_lines.all().delete(),
        lambda: campaign.goal_lines.create(position=9, label="More", amount_minor=1),
    ]
    for act in acts:
        with pytest.raises(IntegrityError, match="stay as they were"), transaction.atomic():
            act()
    assert [line.amount_minor for line in campaign.goal_lines.all()] == [50_000]


def test_only_a_ready_project_of_ones_own_gets_a_campaign():
    with pytest.raises(RefusedError, match="has to be ready"):
        create(ProjectFactory(state=ProjectState.STUB))
    with pytest.raises(RefusedError, match="Only the person who proposed"):
        create(ProjectFactory(), creator=UserFactory())
    assert Campaign.objects.count() == 0


def test_a_project_has_one_campaign_at_a_time_and_another_after_it():
    project = ProjectFactory()
    first = create(project)
    with pytest.raises(RefusedError, match="already has a campaign"):
        create(project)
    Campaign.objects.update(state=CampaignState.UNFUNDED, live_at=soon(days=-30))
    assert create(project) != first


def test_nobody_reviews_their_own_campaign(reviewer):
    campaign = CampaignFactory(
        state=CampaignState.SUBMITTED, project=ProjectFactory(proposer=reviewer)
    )
    with pytest.raises(RefusedError, match="their own"):
        approve_campaign(campaign, by=reviewer)
    with pytest.raises(RefusedError, match="Only a reviewer"):
        approve_campaign(campaign, by=UserFactory())
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.SUBMITTED


def test_changes_are_asked_for_with_a_reason(reviewer):
    campaign = CampaignFactory(state=CampaignState.SUBMITTED)
    with pytest.raises(RefusedError, match="Say what has to change"):
        request_changes(campaign, by=reviewer, reason="  ")
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.SUBMITTED


def test_a_campaign_under_review_is_not_edited():
    campaign = CampaignFactory(state=CampaignState.SUBMITTED)
    with pytest.raises(RefusedError, match="before it is sent for review"):
        edit_campaign(campaign, by=campaign.creator, goal_minor=1, deadline_at=soon(days=3))
    campaign.refresh_from_db()
    assert campaign.goal_minor == 100_000


def test_a_campaign_is_not_approved_twice(reviewer):
    first = CampaignFactory(state=CampaignState.SUBMITTED)
    second = Campaign.objects.get()
    approve_campaign(first, by=reviewer)
    with pytest.raises(StaleStateError):
        approve_campaign(second, by=reviewer)
    with pytest.raises(IllegalMoveError):
        approve_campaign(first, by=reviewer)


@pytest.mark.parametrize("state", [CampaignState.SUBMITTED, CampaignState.APPROVED])
def test_what_was_sent_in_is_taken_back_until_it_starts(client, reviewer, state):
    campaign = CampaignFactory(state=state)
    creator = campaign.creator
    page = reverse("campaign_take_back", args=[campaign.pk])
    client.force_login(creator)
    assert page in client.get(campaign.get_absolute_url()).content.decode()
    assert client.get(page).status_code == 200
    assert client.post(page).url == campaign.get_absolute_url()
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.DRAFT
    assert page not in client.get(campaign.get_absolute_url()).content.decode()
    assert not start_if_time(campaign)
    with pytest.raises(IllegalMoveError):
        approve_campaign(campaign, by=reviewer)
    edit_campaign(campaign, by=creator, deadline_at=soon(days=40))
    client.force_login(UserFactory())
    assert client.get(campaign.get_absolute_url()).status_code == 404


@pytest.mark.parametrize("state", [state for state in CampaignState if state not in SENT_CAMPAIGN])
def test_what_has_started_or_was_not_sent_in_is_not_taken_back(state):
    campaign = CampaignFactory(state=state)
    with pytest.raises(RefusedError, match="until it starts"):
        take_back_campaign(campaign, by=campaign.creator)
    campaign.refresh_from_db()
    assert campaign.state == state
    assert not Event.objects.filter(verb="campaign.draft").exists()


def test_nobody_takes_back_somebody_else_s_campaign():
    campaign = CampaignFactory(state=CampaignState.SUBMITTED)
    with pytest.raises(RefusedError, match="Only the campaign's creator"):
        take_back_campaign(campaign, by=UserFactory())
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.SUBMITTED


def test_a_draft_that_was_never_sent_in_is_thrown_away_with_all_of_it(client):
    project = ProjectFactory()
    campaign = create(project, rewards=[RewardTerms("A cup", 2000)], zones=[ZoneTerms("Here", 0)])
    page = reverse("campaign_throw_away", args=[campaign.pk])
    client.force_login(project.proposer)
    assert page in client.get(campaign.get_absolute_url()).content.decode()
    assert client.get(page).status_code == 200
    assert Campaign.objects.count() == 1
    assert client.post(page).url == project.get_absolute_url()
    assert [rows.objects.count() for rows in (Campaign, Reward, GoalLine, ShippingZone)] == [0] * 4
    gone = Event.objects.get(verb="campaign.thrown_away")
    assert (gone.actor, gone.target_id) == (project.proposer, str(campaign.pk))
    assert client.post(page).status_code == 404
    with pytest.raises(RefusedError, match="thrown away"):
        edit_campaign(campaign, by=project.proposer, goal_minor=1)
    assert create(project).state == CampaignState.DRAFT


def test_what_was_sent_in_once_stays_and_nobody_throws_away_somebody_else_s_draft(client):
    campaign = create(ProjectFactory())
    with pytest.raises(RefusedError, match="Only the campaign's creator"):
        throw_away_campaign(campaign, by=UserFactory())
    sent = submit_campaign(campaign, by=campaign.creator)
    for said in ("Only a draft", "sent in once"):
        with pytest.raises(RefusedError, match=said):
            throw_away_campaign(campaign, by=campaign.creator)
        client.force_login(campaign.creator)
        asked = client.get(reverse("campaign_throw_away", args=[campaign.pk]))
        assert (asked.status_code, asked.url) == (302, campaign.get_absolute_url())
        with pytest.raises(IntegrityError, match="never sent in"), transaction.atomic():
            Campaign.objects.filter(pk=campaign.pk)._raw_delete("default")
        if sent.state == CampaignState.SUBMITTED:
            sent = take_back_campaign(sent, by=campaign.creator)
    assert campaign.goal_lines.count() == 1
    assert not Event.objects.filter(verb="campaign.thrown_away").exists()


def test_cancelling_releases_every_pledge_and_tells_every_backer():
    campaign = CampaignFactory()
    active = PledgeFactory(campaign=campaign)
    started = PledgeFactory(campaign=campaign, state=PledgeState.DRAFT)
    cancel_campaign(campaign, by=campaign.creator)
    states = dict(campaign.pledges.values_list("pk", "state"))
    assert states == {active.pk: PledgeState.RELEASED, started.pk: PledgeState.CANCELLED}
    assert list(Message.objects.values_list("kind", "recipient")) == [
        ("campaign_cancelled", active.backer_id)
    ]
    assert Event.objects.filter(verb="pledge.released", target_id=str(active.pk)).count() == 1


def test_nobody_cancels_somebody_elses_campaign_or_one_that_is_over():
    campaign = CampaignFactory()
    with pytest.raises(RefusedError, match="Only the campaign's creator"):
        cancel_campaign(campaign, by=UserFactory())
    Campaign.objects.update(deadline_at=soon(seconds=-1))
    with pytest.raises(RefusedError, match="deadline has passed"):
        cancel_campaign(campaign, by=campaign.creator)
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.LIVE


def test_a_second_approval_is_told_as_well(reviewer):
    campaign = create(ProjectFactory())
    for last in (False, True):
        campaign = submit_campaign(campaign, by=campaign.creator)
        approve_campaign(campaign, by=reviewer)
        if not last:
            campaign = take_back_campaign(campaign, by=campaign.creator)
    told = Message.objects.filter(kind="own_campaign_approved", recipient=campaign.creator)
    assert told.count() == 2
