"""A milestone that is confirmed is told to who follows or backs its project, once to each."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from civicfund.audit.models import ActRequest, Approval
from civicfund.audit.services import db_now
from civicfund.delivery.models import MilestoneVerdict
from civicfund.delivery.services.reaching import (
    ACT,
    confirm_reached,
    find_not_reached,
    say_reached,
)
from civicfund.notices.enums import Topic
from civicfund.notices.models import Message
from civicfund.notices.services import StopLink, send_next, stop_mail
from civicfund.people.models import User
from civicfund.pledges.enums import CampaignState, PledgeState
from civicfund.pledges.services.news import tell_of_milestones
from civicfund.pledges.tasks import tell_followers
from civicfund.talk.access import visible_subject
from civicfund.talk.enums import NewsKind, Pace, SubjectKind
from civicfund.talk.models import Fact, News
from civicfund.talk.services import follow, set_pace
from civicfund.talk.services.news import mail_news
from tests.factories.delivery import planned, reach
from tests.factories.payouts import new_treasurer
from tests.factories.people import UserFactory
from tests.factories.pledges import CampaignFactory, OutcomeFactory, PledgeFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign():
    """One whose project is paid in two steps."""
    campaign = OutcomeFactory(campaign__project__title="Cider press").campaign
    planned(campaign.project, 40, 60)
    return campaign


def first_of(campaign):
    return campaign.project.milestones.get(position=1)


def said(campaign):
    return say_reached(first_of(campaign), by=campaign.creator, words="Come and see.")


def follows(person, kind, pk):
    follow(visible_subject(person, kind, pk), by=person)
    return person


def backer_of(campaign, state=PledgeState.COLLECTED, **more):
    if state in (PledgeState.DISPUTED, PledgeState.CHARGED_BACK):
        more["payment_intent_id"] = f"pi_that_was_{state}"
    return PledgeFactory(campaign=campaign, state=state, **more).backer


def told():
    """Whom the notices are for, sorted, so that somebody who is told twice is there twice."""
    return sorted(News.objects.filter(kind=NewsKind.MILESTONE).values_list("recipient", flat=True))


def pks(*people):
    return sorted(person.pk for person in people)


def sent_mails():
    while send_next():
        pass
    words = "milestone is reached"
    return [each for each in mail.outbox if words in f"{each.subject} {each.body}"]


def test_followers_and_backers_are_told_once_each(campaign):
    of_project, of_both, of_campaign = UserFactory.create_batch(3)
    follows(of_project, SubjectKind.PROJECT, campaign.project_id)
    follows(of_campaign, SubjectKind.CAMPAIGN, campaign.pk)
    backer = backer_of(campaign)
    for person in (of_both, backer):
        follows(person, SubjectKind.PROJECT, campaign.project_id)
        follows(person, SubjectKind.CAMPAIGN, campaign.pk)
    only_backs = backer_of(campaign, PledgeState.DISPUTED)
    reach(first_of(campaign))
    assert [tell_of_milestones(), tell_of_milestones()] == [1, 0]
    assert told() == pks(of_project, of_both, of_campaign, backer, only_backs)
    assert {news.thread.subject_id for news in News.objects.all()} == {campaign.project_id}


def test_each_milestone_is_told_by_the_sweep_when_it_is_reached(campaign):
    backer = backer_of(campaign)
    for milestone in campaign.project.milestones.order_by("position"):
        reach(milestone)
        tell_followers()
    assert told() == pks(backer, backer)


def test_who_does_not_stand_by_it_is_not_told(campaign):
    for state in (PledgeState.CANCELLED, PledgeState.DROPPED, PledgeState.CHARGED_BACK):
        backer_of(campaign, state)
    backer_of(OutcomeFactory().campaign)
    returned = OutcomeFactory(
        campaign__state=CampaignState.REFUNDED, campaign__project=campaign.project
    )
    backer_of(returned.campaign)
    gone = backer_of(campaign)
    User.objects.filter(pk=gone.pk).update(is_active=False)
    stays = backer_of(campaign)
    reach(first_of(campaign))
    assert tell_of_milestones() == 1
    assert told() == pks(stays)


def test_neither_who_reported_it_nor_who_confirmed_it_is_told(campaign):
    treasurer, backer = new_treasurer(), backer_of(campaign)
    for person in (campaign.creator, treasurer):
        follows(person, SubjectKind.PROJECT, campaign.project_id)
        follows(person, SubjectKind.CAMPAIGN, campaign.pk)
        backer_of(campaign, backer=person)
    confirm_reached(said(campaign), by=treasurer)
    assert tell_of_milestones() == 1
    assert told() == pks(backer)


def test_of_a_report_and_of_a_no_nobody_hears(campaign):
    backer_of(campaign)
    report = said(campaign)
    assert tell_of_milestones() == 0
    find_not_reached(report, by=new_treasurer(), words="No water.")
    assert tell_of_milestones() == 0
    assert told() == []


def confirmed_ago(report, **ago):
    """Confirmed by somebody at an instant that has passed."""
    asked, by = ActRequest.objects.get(act=ACT, target_id=str(report.pk)), new_treasurer()
    Approval.objects.create(request=asked, requested_by=report.by, approved_by=by)
    at = db_now() - timedelta(**ago)
    MilestoneVerdict.objects.create(report=report, by=by, confirmed=True, at=at)


@pytest.mark.parametrize(("days", "facts"), [(6, 1), (8, 0)])
def test_what_was_reached_long_ago_is_no_news(campaign, days, facts):
    backer_of(campaign)
    confirmed_ago(said(campaign), days=days)
    assert tell_of_milestones() == facts
    assert (Fact.objects.count(), len(told())) == (facts, facts)


def test_a_project_that_never_had_a_campaign_tells_its_followers():
    (only,) = planned(CampaignFactory(state=CampaignState.DRAFT).project, 100)
    follower = follows(UserFactory(), SubjectKind.PROJECT, only.project_id)
    reach(only)
    assert tell_of_milestones() == 1
    assert told() == pks(follower)


def test_mail_comes_as_often_as_each_backer_wants(campaign):
    people = {pace: backer_of(campaign) for pace in Pace}
    for pace, person in people.items():
        set_pace(pace, by=person)
    default = backer_of(campaign)
    reach(first_of(campaign))
    tell_of_milestones()
    assert mail_news(Pace.INSTANT) == 1
    assert {each.to[0] for each in sent_mails()} == {people[Pace.INSTANT].email}
    mail_news(Pace.DAILY)
    daily = {each.to[0] for each in sent_mails()[1:]}
    assert daily == {people[Pace.DAILY].email, default.email}
    assert mail_news(Pace.INSTANT, Pace.DAILY) == 0
    assert "Cider press: A milestone is reached" in sent_mails()[0].body


def test_whoever_wants_no_mail_of_what_they_back_reads_it_in_the_site(client, campaign):
    unwilling, follower = backer_of(campaign), backer_of(campaign)
    for person in (unwilling, follower):
        stop_mail(StopLink(person, Topic.BACKING))
    follows(follower, SubjectKind.PROJECT, campaign.project_id)
    reach(first_of(campaign))
    tell_of_milestones()
    assert mail_news(Pace.DAILY) == 1
    message = Message.objects.get(kind="news")
    assert message.recipient == follower
    client.force_login(unwilling)
    notices = client.get(reverse("my_notices")).content.decode()
    assert "A milestone is reached: Cider press" in notices


def test_a_guest_is_written_to_once_until_they_want_no_more(campaign):
    guest = User.objects.create_guest("guest@example.org")
    backer_of(campaign, backer=guest)
    reach(first_of(campaign))
    assert [tell_of_milestones(), tell_of_milestones()] == [1, 0]
    assert told() == []
    [sent] = sent_mails()
    assert (sent.to, sent.subject) == (
        ["guest@example.org"], "Cider press: a milestone is reached",
    )  # fmt: skip
    assert "“Step 1” of “Cider press”, which you back, is reached" in sent.body
    assert f"{campaign.get_absolute_url()}#plan" in sent.body
    assert sent.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    stop_mail(StopLink(guest, Topic.BACKING))
    reach(campaign.project.milestones.get(position=2))
    tell_of_milestones()
    assert len(sent_mails()) == 1


def test_one_address_is_written_to_once_whatever_it_has_pledged_for(campaign):
    other = OutcomeFactory(campaign__project=campaign.project, campaign__state="settled").campaign
    for each in (campaign, other):
        backer_of(each, backer=User.objects.create_guest("guest@example.org"))
    reach(first_of(campaign))
    tell_of_milestones()
    assert Message.objects.filter(kind="milestone_reached").count() == 1


def test_telling_asks_as_much_for_thirty_backers_as_for_one(campaign):
    counts = []
    for milestone, backers in zip(campaign.project.milestones.order_by("pk"), (1, 29), strict=True):
        for _ in range(backers):
            backer_of(campaign)
            backer_of(campaign, backer=User.objects.create_guest("guest@example.org"))
        reach(milestone)
        with CaptureQueriesContext(connection) as asked:
            assert tell_of_milestones() == 1
        counts.append(len(asked))
    assert len(told()) == 1 + 30
    # The first time, the thread of the project is made as well.
    assert counts[1] <= counts[0]
