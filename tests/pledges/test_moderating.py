"""Campaigns that moderators suspend, and what people tell them."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from civicfund.notices.models import Message
from civicfund.people.enums import Role
from civicfund.people.services import grant_role
from civicfund.pledges.enums import CampaignState, PledgeState
from civicfund.pledges.models import Campaign, CampaignReport, Suspension
from civicfund.pledges.services import steps
from civicfund.pledges.services.errors import RefusedError
from civicfund.pledges.services.moderating import (
    cancel_if_suspended_too_long,
    handle_report,
    report_campaign,
    resume_campaign,
    suspend_campaign,
)
from civicfund.pledges.services.pledging import cancel_pledge
from tests.factories.people import UserFactory
from tests.factories.pledges import CampaignFactory, PledgeFactory, soon, suspend
from tests.pledges.promises import choose
from tests.signing_in import sign_in_with_second_factor

pytestmark = pytest.mark.django_db


@pytest.fixture
def moderator():
    user = UserFactory()
    grant_role(user, Role.MODERATOR, by=None)
    user.refresh_from_db()
    return user


def suspended(**more):
    return CampaignFactory(
        state=CampaignState.SUSPENDED, suspension_reason="We are looking into it.", **more
    )


def test_a_suspended_campaign_takes_no_pledges_and_says_why(client, moderator):
    campaign = CampaignFactory()
    suspend_campaign(campaign, by=moderator, reason="The pictures are not theirs.")
    with pytest.raises(RefusedError, match="takes no pledges now"):
        choose(campaign)
    page = client.get(campaign.get_absolute_url()).content.decode()
    assert "The pictures are not theirs." in page
    assert reverse("pledge", args=[campaign.pk]) not in page
    assert Message.objects.get().kind == "own_campaign_suspended"


def test_a_pledge_can_be_taken_back_while_the_campaign_is_suspended(client):
    pledge = PledgeFactory(campaign=suspended())
    client.force_login(pledge.backer)
    page = client.get(pledge.get_absolute_url()).content.decode()
    assert reverse("pledge_cancel", args=[pledge.pk]) in page
    assert reverse("pledge_change", args=[pledge.pk]) not in page
    assert cancel_pledge(pledge, by=pledge.backer).state == PledgeState.CANCELLED


def test_a_campaign_goes_on(moderator):
    campaign = resume_campaign(suspended(), by=moderator, reason="They are theirs.")
    assert (campaign.state, campaign.suspension_reason) == (CampaignState.LIVE, "")
    assert choose(campaign).state == PledgeState.DRAFT
    suspend_campaign(campaign, by=moderator, reason="Again.")
    resume_campaign(campaign, by=moderator, reason="Looked into.")
    assert Message.objects.filter(kind="own_campaign_resumed").count() == 2


def test_a_campaign_that_is_suspended_at_its_deadline_is_cancelled():
    campaign = suspended(deadline_at=soon(seconds=-1))
    pledge = PledgeFactory(campaign=campaign)
    assert campaign.pk in steps.campaigns_to_move()
    steps.move_campaign(campaign.pk)
    campaign.refresh_from_db()
    pledge.refresh_from_db()
    assert (campaign.state, pledge.state) == (CampaignState.CANCELLED, PledgeState.RELEASED)
    assert Message.objects.get(recipient=pledge.backer).kind == "campaign_cancelled"


def test_before_its_deadline_it_is_not(moderator):
    campaign = suspended()
    assert not cancel_if_suspended_too_long(campaign)
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.SUSPENDED


def test_after_its_deadline_it_cannot_go_on(moderator):
    campaign = suspended(deadline_at=soon(seconds=-1))
    with pytest.raises(RefusedError, match="deadline has passed"):
        resume_campaign(campaign, by=moderator, reason="Looked into.")
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.SUSPENDED


@pytest.mark.parametrize("act", [suspend_campaign, resume_campaign])
def test_only_moderators_do_this(act):
    campaign = CampaignFactory() if act is suspend_campaign else suspended()
    before = campaign.state
    with pytest.raises(RefusedError, match="moderator"):
        act(campaign, by=campaign.creator, reason="I do not like it.")
    campaign.refresh_from_db()
    assert campaign.state == before


def test_a_suspension_needs_a_reason(moderator):
    campaign = CampaignFactory()
    with pytest.raises(RefusedError, match="Say why"):
        suspend_campaign(campaign, by=moderator, reason="  ")
    with pytest.raises(IntegrityError, match="suspension_for_a_reason"), transaction.atomic():
        Suspension.objects.create(campaign=campaign, suspended_by=moderator)
    suspend(campaign, by=moderator)
    with pytest.raises(IntegrityError, match="campaign_suspended_for_a"), transaction.atomic():
        Campaign.objects.update(state=CampaignState.SUSPENDED)
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.LIVE


def test_a_moderator_suspends_in_the_administration(client, moderator):
    campaign = CampaignFactory()
    sign_in_with_second_factor(client, moderator)
    address = reverse("admin:pledges_campaign_changelist")
    chosen = {"action": "suspend", "_selected_action": campaign.pk, "index": "0"}
    assert "Everybody reads it" in client.post(address, chosen).content.decode()
    client.post(address, chosen | {"reason": "Look."})
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.SUSPENDED
    client.post(address, chosen | {"action": "resume", "reason": "Looked into."})
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.LIVE


def report_page(campaign):
    return reverse("campaign_report", args=[campaign.pk])


def test_anybody_reports_a_campaign(client):
    campaign = CampaignFactory()
    client.post(report_page(campaign), {"reason": "fraud", "words": "Look at the picture."})
    report = CampaignReport.objects.get()
    assert (report.reporter, report.reason, report.words) == (None, "fraud", "Look at the picture.")


def test_one_person_reports_once_until_somebody_has_looked(client, moderator):
    campaign, person = CampaignFactory(), UserFactory()
    client.force_login(person)
    for _ in range(2):
        page = client.post(report_page(campaign), {"reason": "other"}, follow=True)
    assert "told us already" in page.content.decode()
    assert CampaignReport.objects.count() == 1
    handle_report(CampaignReport.objects.get(), by=moderator)
    report_campaign(campaign, reason="other", by=person)
    assert CampaignReport.objects.count() == 2


def test_a_report_without_a_reason_is_asked_for_one(client):
    answer = client.post(report_page(CampaignFactory()), {"words": "It is bad."})
    assert answer.status_code == 400
    assert "It is bad." in answer.content.decode()
    assert CampaignReport.objects.count() == 0


def test_too_many_reports_from_one_place_are_refused_and_keep_their_words(client):
    campaign = CampaignFactory()
    said = {"reason": "other", "words": "They never planted one."}
    answers = [client.post(report_page(campaign), said) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [302] * 5 + [429]
    shown = answers[-1].content.decode()
    assert "That is a lot within an hour." in shown
    assert "They never planted one." in shown
    assert CampaignReport.objects.count() == 5


def test_a_draft_cannot_be_reported(client):
    campaign = CampaignFactory(state=CampaignState.DRAFT)
    assert client.post(report_page(campaign), {"reason": "other"}).status_code == 404


def test_moderators_see_reports_and_others_do_not(client, moderator):
    report = report_campaign(CampaignFactory(), reason="fraud", words="Look.", by=None)
    address = reverse("admin:pledges_campaignreport_changelist")
    sign_in_with_second_factor(client, moderator)
    assert "Look." in client.get(address).content.decode()
    client.post(address, {"action": "handled", "_selected_action": report.pk, "index": "0"})
    report.refresh_from_db()
    assert report.handled_at is not None
    treasurer = UserFactory()
    grant_role(treasurer, Role.TREASURER, by=None)
    treasurer.refresh_from_db()
    client.logout()
    sign_in_with_second_factor(client, treasurer)
    assert client.get(address).status_code == 403
