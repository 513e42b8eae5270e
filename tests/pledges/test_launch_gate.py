"""A campaign whose owner has to be paid starts once they can be, and says what is missing."""

from __future__ import annotations

import pytest
from django.urls import reverse

from civicfund.notices.models import Message
from civicfund.payouts.models import PayoutAccount
from civicfund.payouts.services.accounts import approve_account, open_account, read_account
from civicfund.people.enums import Role
from civicfund.people.services import grant_role
from civicfund.pledges.enums import CampaignState, RunBy
from civicfund.pledges.models import Campaign
from civicfund.pledges.services import steps
from civicfund.pledges.services.campaigns import (
    approve_campaign,
    edit_campaign,
    request_changes,
    send_back_if_too_late,
    start_if_time,
    submit_campaign,
)
from civicfund.pledges.services.errors import RefusedError
from civicfund.pledges.services.moderating import resume_campaign, suspend_campaign
from tests.factories.payouts import approved_account, new_treasurer
from tests.factories.people import UserFactory
from tests.factories.pledges import CampaignFactory, PledgeFactory, soon
from tests.factories.projects import ProjectFactory
from tests.pledges.test_campaigns import create, reviewer  # noqa: F401 -- a fixture
from tests.pledges.test_refunds import refused

pytestmark = pytest.mark.django_db


def with_role(role):
    user = UserFactory()
    grant_role(user, role, by=None)
    return user


def approved(**given):
    return CampaignFactory(state=CampaignState.APPROVED, run_by=RunBy.PROPOSER, **given)


def waits(campaign):
    started = start_if_time(campaign)
    campaign.refresh_from_db()
    return not started and campaign.state == CampaignState.APPROVED


def test_without_an_account_it_stays_approved_and_says_so_once(reviewer):  # noqa: F811
    moderator = with_role(Role.MODERATOR)
    campaign = create(ProjectFactory(), run_by=RunBy.PROPOSER)
    submit_campaign(campaign, by=campaign.creator)
    approve_campaign(campaign, by=reviewer)
    assert waits(campaign)
    assert waits(campaign)
    told = Message.objects.filter(kind__contains="waits").order_by("kind")
    assert [(one.kind, one.recipient) for one in told] == [
        ("campaign_waits", moderator),
        ("own_campaign_waits", campaign.creator),
    ]
    assert {one.context["reason"] for one in told} == {
        "The owner has not set up an account for receiving money yet."
    }


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_it_starts_by_itself_once_its_account_is_ready(provider):
    campaign = approved()
    account = open_account(campaign.creator)
    assert waits(campaign)
    provider.control("account", account=account.account_id, status="active")
    read_account(account)
    assert waits(campaign)  # no treasurer has approved it yet
    approve_account(account, by=new_treasurer())
    assert campaign.pk in steps.campaigns_to_move()
    steps.move_campaign(campaign.pk)
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.LIVE


@pytest.mark.parametrize("status", ["pending", "restricted", "unsupported"])
def test_an_account_that_the_provider_does_not_pay_is_not_enough(status):
    campaign = approved()
    account = approved_account(campaign.creator, status=status)
    assert waits(campaign)
    PayoutAccount.objects.filter(pk=account.pk).update(status="active")
    assert not waits(campaign)


def test_the_account_that_was_approved_last_decides():
    campaign = approved()
    approved_account(campaign.creator, "acct_old")
    approved_account(campaign.creator, "acct_new", status="restricted")
    assert waits(campaign)


def test_somebody_elses_account_is_not_enough():
    approved_account(UserFactory())
    assert waits(approved())


def test_the_town_needs_no_account():
    campaign = CampaignFactory(state=CampaignState.APPROVED, run_by=RunBy.TOWN)
    assert start_if_time(campaign)


def test_the_database_starts_none_whose_owner_cannot_be_paid():
    campaign = approved()
    mine = Campaign.objects.filter(pk=campaign.pk)
    with refused("pledges_campaign_owner_can_be_paid"):
        mine.update(state="live", live_at=soon())
    with refused("pledges_campaign_owner_can_be_paid"):
        CampaignFactory(run_by=RunBy.PROPOSER)
    approved_account(campaign.creator)
    mine.update(state="live", live_at=soon())  # the control
    assert mine.get().state == CampaignState.LIVE


def test_what_goes_on_after_a_suspension_is_not_asked_again():
    campaign = approved()
    account = approved_account(campaign.creator)
    assert not waits(campaign)
    moderator = UserFactory()
    grant_role(moderator, Role.MODERATOR, by=None)
    suspend_campaign(campaign, by=moderator, reason="Looked into.")
    PayoutAccount.objects.filter(pk=account.pk).update(status="restricted")
    assert resume_campaign(campaign, by=moderator, reason="In order.").state == CampaignState.LIVE


def test_who_runs_it_stays_from_its_review_on():
    campaign = CampaignFactory(state=CampaignState.SUBMITTED)
    live = CampaignFactory()
    PledgeFactory(campaign=live)
    for row in (campaign, live):
        with refused("pledges_campaign_run_by_kept"):
            Campaign.objects.filter(pk=row.pk).update(run_by="proposer")
    draft = CampaignFactory(state=CampaignState.DRAFT)
    edit_campaign(draft, by=draft.creator, run_by=RunBy.PROPOSER)
    draft.refresh_from_db()
    assert draft.run_by == RunBy.PROPOSER
    with refused("campaign_run_by_known"):
        Campaign.objects.filter(pk=draft.pk).update(run_by="nobody")


def test_whose_end_comes_first_gives_it_other_dates():
    campaign = approved(deadline_at=soon(seconds=-1))
    steps.move_campaign(campaign.pk)
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.CHANGES_REQUESTED
    assert "Give it other dates" in campaign.review_note
    assert Message.objects.get().kind == "own_campaign_too_late"
    later = approved()
    assert send_back_if_too_late(later) is False


def test_a_reviewer_takes_no_approval_back(reviewer):  # noqa: F811
    campaign = approved()
    with pytest.raises(RefusedError, match="approved already"):
        request_changes(campaign, by=reviewer, reason="After all.")
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.APPROVED


def test_the_page_tells_its_creator_and_staff_what_is_missing(client):
    campaign = approved()
    page = campaign.get_absolute_url()
    assert "cannot start yet" not in client.get(page).content.decode()
    client.force_login(UserFactory())
    assert "cannot start yet" not in client.get(page).content.decode()
    for reader in (campaign.creator, with_role(Role.MODERATOR), with_role(Role.REVIEWER)):
        client.force_login(reader)
        told = client.get(page).content.decode()
        assert "It cannot start yet" in told
        assert "has not set up an account" in told
    client.force_login(campaign.creator)
    assert reverse("payout_account") in client.get(page).content.decode()
    approved_account(campaign.creator)
    assert "cannot start yet" not in client.get(page).content.decode()


def test_backers_read_who_has_the_money(client):
    for run_by, words in (("town", "The town runs the project itself"), ("proposer", "transfer")):
        campaign = CampaignFactory(state=CampaignState.APPROVED, run_by=run_by)
        assert words in client.get(campaign.get_absolute_url()).content.decode()
