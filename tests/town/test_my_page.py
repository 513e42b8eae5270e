"""One's own page: what one did, what came of it, and one next step."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from budgeting.models import Proposal
from budgeting.services.reviews import appeal, give_back, give_review, request_changes
from civicfund.audit.services import db_now
from civicfund.moments import moment
from civicfund.people.selectors import residency_of
from civicfund.pledges.enums import CampaignState, PledgeState
from civicfund.pledges.models import Campaign
from civicfund.pledges.services.moderating import appeal_suspension
from civicfund.projects.enums import Part, ProjectState
from civicfund.projects.models import CoAuthor, Invitation, JoinWish, Merge, Offer, Project, Support
from civicfund.projects.services.authors import invite_co_author
from civicfund.projects.services.joining import ask_to_join, decline_wish
from civicfund.projects.services.merging import ask_to_merge, decline_to_merge
from civicfund.projects.services.offers import Help, decline_offer, offer_help
from civicfund.talk.access import visible_subject
from civicfund.talk.enums import SubjectKind
from civicfund.talk.services import follow, write_comment
from civicfund.town.selectors import next_step
from civicfund.town.views import mine
from tests.factories.budgeting import administrator, cast_positions, publish_now, running_cycle
from tests.factories.delivery import planned, reach
from tests.factories.people import ResidencyFactory, UserFactory
from tests.factories.pledges import CampaignFactory, PledgeFactory, RewardFactory
from tests.factories.projects import ProjectFactory
from tests.factories.reviews import NO, reviewer, reviewing_cycle
from tests.factories.talk import about
from tests.projects.test_moderating import hide

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
    step = next_step(voter, residency_of(voter))
    assert step.why == f"“{draft.title}” is a draft that only those who write it see."
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


# --- what runs out, and what others wait for


def asked_to_change(user, until=None, **project):
    """A project of theirs that a reviewer asked for changes in."""
    _cycle, [proposal] = reviewing_cycle(proposer=user, **project)
    return request_changes(proposal, words="Say how wide.", until=until, by=reviewer())


def refused(user):
    """A project of theirs whose no is public, with some hours to appeal."""
    _cycle, [proposal] = reviewing_cycle(proposer=user)
    for each in (reviewer(), reviewer()):
        give_review(proposal, **NO, by=each)
    publish_now(proposal.cycle, by=administrator())
    return Proposal.objects.select_related("published_with", "project").get(pk=proposal.pk)


def asked_to_merge(user):
    theirs, other = ProjectFactory(proposer=user), ProjectFactory()
    return ask_to_merge(other, theirs, reason="The same bench.", by=other.proposer)


def offered(user):
    project = ProjectFactory(proposer=user, wanted=["hands"])
    return offer_help(project, Part.HANDS, Help("I come on Saturday."), by=UserFactory())


def invited(user):
    project = ProjectFactory(state=ProjectState.DRAFT)
    return invite_co_author(project, user.email, by=project.proposer)


def wished(user):
    return ask_to_join(ProjectFactory(proposer=user), "I build benches.", by=UserFactory())


def sent_back(user):
    return CampaignFactory(project__proposer=user, state=CampaignState.CHANGES_REQUESTED)


def suspended(user):
    return CampaignFactory(project__proposer=user, state=CampaignState.SUSPENDED)


def asked_as_creator(user):
    campaign = CampaignFactory(project__proposer=user)
    subject = visible_subject(user, SubjectKind.CAMPAIGN, campaign.pk)
    return write_comment(subject, by=UserFactory(), body="What if it rains?", asks_creator=True)


def whole_step(user):
    return next_step(user, residency_of(user))


def test_an_appeal_is_the_next_step_until_its_time_is_over_or_it_is_made(client):
    user, co_author = ResidencyFactory().user, ResidencyFactory().user
    proposal = refused(user)
    CoAuthor.objects.create(project=proposal.project, user=co_author)
    until = proposal.published_with.appeals_until
    for author in (user, co_author):
        step = whole_step(author)
        assert step.words == "Read why, and appeal"
        assert moment(until) in step.why
    client.force_login(user)
    assert client.get(step.url).context["may_appeal"]
    appeal(proposal, reason="It is not listed.", by=user)
    assert step_of(user) == step_of(co_author) == "See which projects look for help"


def test_changes_that_a_reviewer_asks_for_are_the_next_step_with_their_day(client):
    user = ResidencyFactory().user
    asked = asked_to_change(user)
    step = whole_step(user)
    assert step.words == "See what they ask for"
    assert moment(asked.due_at) in step.why
    client.force_login(user)
    assert "Say how wide." in client.get(step.url).content.decode()
    give_back(asked.proposal, by=user)
    assert step_of(user) == "See which projects look for help"


def test_a_request_to_merge_is_the_next_step_of_who_has_to_answer_it(client):
    user = ResidencyFactory().user
    merge = asked_to_merge(user)
    step = whole_step(user)
    assert step.words == "Say yes or no"
    assert moment(Merge.objects.get().asked_at) in step.why
    client.force_login(user)
    page = client.get(step.url).content.decode()
    assert reverse("project_merge_answer", args=[merge.pk]) in page
    assert "The same bench." in page
    assert step_of(merge.asked_by) == "Say where I live"
    decline_to_merge(merge, by=user)
    assert step_of(user) == "See which projects look for help"
    mine, other = ProjectFactory(proposer=user), ProjectFactory()
    ask_to_merge(mine, other, reason="The same bench.", by=other.proposer)
    assert step_of(user) == "Say yes or no"
    hide(other)
    assert step_of(user) == "See which projects look for help"


def test_an_offer_of_help_is_the_next_step_of_its_authors():
    user, co_author = ResidencyFactory().user, ResidencyFactory().user
    offer = offered(user)
    CoAuthor.objects.create(project=offer.project, user=co_author)
    for author in (user, co_author):
        step = whole_step(author)
        assert step.words == "See what is offered"
        assert step.url == reverse("project_offers", args=[offer.project_id])
        assert moment(Offer.objects.get().offered_at) in step.why
    decline_offer(offer, by=user)
    assert step_of(user) == "See which projects look for help"


def test_a_wish_to_write_along_is_the_next_step_of_its_authors(client):
    user = ResidencyFactory().user
    wish = wished(user)
    step = whole_step(user)
    assert moment(JoinWish.objects.get().asked_at) in step.why
    client.force_login(user)
    assert "I build benches." in client.get(step.url).content.decode()
    decline_wish(wish, by=user)
    assert step_of(user) == "See which projects look for help"


def test_an_invitation_is_the_next_step_of_whoever_has_its_address(client):
    user = ResidencyFactory().user
    invitation = invited(user)
    step = whole_step(user)
    assert (step.words, step.url) == ("Say yes or no", invitation.get_absolute_url())
    assert moment(Invitation.objects.get().invited_at) in step.why
    client.force_login(user)
    assert client.get(step.url).status_code == 200
    assert step_of(ResidencyFactory().user) == "See which projects look for help"
    Project.objects.update(state=ProjectState.WITHDRAWN)
    assert step_of(user) == "See which projects look for help"


def test_a_campaign_that_was_sent_back_is_the_next_step_of_its_creator_alone():
    user, co_author = ResidencyFactory().user, ResidencyFactory().user
    campaign = sent_back(user)
    CoAuthor.objects.create(project=campaign.project, user=co_author)
    step = whole_step(user)
    assert (step.words, step.url) == ("See what they ask for", campaign.get_absolute_url())
    assert campaign.project.title in step.why
    assert step_of(co_author) == "See which projects look for help"
    other = ResidencyFactory().user
    CampaignFactory(project__proposer=other, state=CampaignState.SUBMITTED)
    assert step_of(other) == "See which projects look for help"


def test_a_suspended_campaign_is_the_next_step_until_its_deadline_or_the_appeal(client):
    user = ResidencyFactory().user
    campaign = suspended(user)
    step = whole_step(user)
    assert (step.words, step.until) == ("Read why, and appeal", campaign.deadline_at)
    assert moment(campaign.deadline_at) in step.why
    client.force_login(user)
    page = client.get(step.url).content.decode()
    assert reverse("campaign_appeal", args=[campaign.pk]) in page
    appeal_suspension(campaign, by=user, words="It is all there.")
    assert step_of(user) == "See which projects look for help"
    other = ResidencyFactory().user
    over = suspended(other)
    Campaign.objects.filter(pk=over.pk).update(deadline_at=db_now())
    assert step_of(other) == "See which projects look for help"


def test_a_question_to_a_creator_is_the_next_step_until_it_is_answered(client):
    user = ResidencyFactory().user
    question = asked_as_creator(user)
    step = whole_step(user)
    assert step.words == "Read it and answer"
    assert moment(question.created_at) in step.why
    client.force_login(user)
    assert "What if it rains?" in client.get(step.url).content.decode()
    assert step_of(question.author) == "Say where I live"
    subject = visible_subject(user, SubjectKind.CAMPAIGN, question.thread.subject_id)
    write_comment(subject, by=user, body="Then we wait.", parent=question)
    assert step_of(user) == "See which projects look for help"


@pytest.mark.parametrize("state", [CampaignState.UNFUNDED, CampaignState.SETTLED])
def test_a_question_about_a_campaign_that_is_over_hides_nothing_else(state):
    user = ResidencyFactory().user
    campaign = Campaign.objects.get(pk=asked_as_creator(user).thread.subject_id)
    Campaign.objects.filter(pk=campaign.pk).update(state=state)
    assert step_of(user) == "See which projects look for help"
    asked_to_merge(user)
    assert step_of(user) == "Say yes or no"


@pytest.mark.parametrize(
    ("days", "step"), [(0, "Read it and answer"), (-1, "See which projects look for help")]
)
def test_a_question_waits_as_long_as_rewards_are_to_come(days, step):
    user = ResidencyFactory().user
    campaign = Campaign.objects.get(pk=asked_as_creator(user).thread.subject_id)
    RewardFactory(campaign=campaign, delivered_from=timezone.localdate() + timedelta(days=days))
    Campaign.objects.filter(pk=campaign.pk).update(state=CampaignState.SETTLED)
    assert step_of(user) == step


def test_a_question_waits_as_long_as_the_plan_is_not_reached():
    user = ResidencyFactory().user
    campaign = Campaign.objects.get(pk=asked_as_creator(user).thread.subject_id)
    [milestone] = planned(campaign.project, 100)
    Campaign.objects.filter(pk=campaign.pk).update(state=CampaignState.SETTLED)
    assert step_of(user) == "Read it and answer"
    reach(milestone)
    assert step_of(user) == "See which projects look for help"


def test_what_runs_out_comes_before_what_others_wait_for_and_that_before_ones_own():
    user = UserFactory()
    ProjectFactory(proposer=user, state=ProjectState.DRAFT)
    before, found = step_of(user), []
    for make in (invited, wished, offered, asked_to_merge, refused, asked_to_change):
        made = make(user)
        found.append(whole_step(user).url)
        assert found[-1] not in found[:-1], make
    assert before == "Say where I live"
    assert whole_step(user).words == "See what they ask for"
    PledgeFactory(backer=user, state=PledgeState.DECLINED)
    assert step_of(user) == "Go to my pledge"
    assert made.due_at


def test_of_what_runs_out_the_soonest_comes_first():
    _cycle, [voter] = running_cycle()
    assert step_of(voter) == "Go to my ballot"
    asked_to_change(voter, db_now() + timedelta(hours=20), title="Later")
    assert step_of(voter) == "Go to my ballot"
    asked_to_change(voter, db_now() + timedelta(minutes=1), title="Sooner")
    step = whole_step(voter)
    assert step.words == "See what they ask for"
    assert "“Sooner”" in step.why
    appealable = refused(voter)
    assert "“Sooner”" in whole_step(voter).why
    assert appealable.published_with.appeals_until > step.until


@pytest.mark.parametrize(
    "make",
    [
        *(asked_to_change, refused, asked_to_merge, offered, wished, invited),
        *(sent_back, suspended, asked_as_creator),
    ],
)
def test_a_next_step_asks_as_much_for_three_as_for_one(client, make):
    user = ResidencyFactory().user
    client.force_login(user)
    counts = []
    for rows in (1, 2):
        for _ in range(rows):
            make(user)
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("my_page"))
        counts.append(len(queries))
    assert counts[0] == counts[1]


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


def test_a_campaign_is_shown_before_it_is_public_to_its_team_and_to_nobody_else(client):
    user, co_author, other = UserFactory(), UserFactory(), UserFactory()
    states = (CampaignState.DRAFT, CampaignState.SUBMITTED, CampaignState.CHANGES_REQUESTED)
    made = [CampaignFactory(project__proposer=user, state=state) for state in states]
    for campaign in made:
        CoAuthor.objects.create(project=campaign.project, user=co_author)
        Support.objects.create(project=campaign.project, person=other)
    for person, name in ((user, "projects"), (co_author, "projects"), (other, "supports")):
        client.force_login(person)
        for address in (reverse("my_page"), reverse("my_list", args=[name])):
            page = client.get(address).content.decode()
            for campaign in made:
                assert campaign.project.title in page
                link = f'<a href="{campaign.get_absolute_url()}">Campaign</a>'
                assert (link in page) == (person != other)


def test_it_says_how_many_milestones_are_reached(client):
    user = UserFactory()
    reach(planned(ProjectFactory(proposer=user), 40, 60)[0])
    planned(supported := ProjectFactory(), 100)
    Support.objects.create(project=supported, person=user)
    client.force_login(user)
    page = client.get(reverse("my_page")).content.decode()
    assert "1 of 2 milestones reached" in page
    assert "0 of 1 milestone reached" in page
    assert "milestone" not in client.get(reverse("my_list", args=["follows"])).content.decode()


def test_my_page_shows_the_newest_and_a_list_of_its_own_shows_all(client, monkeypatch):
    monkeypatch.setattr(mine, "MOST_OF_EACH", 2)
    fewer = {name: mine._prepared(name) for name in mine.TITLES}
    monkeypatch.setattr(mine, "_first_rows", fewer)
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
            CampaignFactory(project=project, state=CampaignState.DRAFT)
            planned(project, 100)
            Support.objects.create(project=project, person=user)
            follow(about(project), by=user)
        asked = []
        for name in ("supports", "follows", "projects"):
            with CaptureQueriesContext(connection) as queries:
                client.get(reverse("my_list", args=[name]))
            asked.append(len(queries))
        counts.append(asked)
    assert counts[0] == counts[1]
