from __future__ import annotations

import pytest
from django.urls import reverse

from civicfund.ledger import domain as books
from civicfund.ledger.services import post
from civicfund.people.enums import Role
from civicfund.people.services import grant_role
from civicfund.pledges.enums import CampaignState, PledgeState
from civicfund.pledges.models import Campaign, Pledge
from tests.factories.people import UserFactory
from tests.factories.pledges import CampaignFactory, PledgeFactory
from tests.factories.projects import ProjectFactory
from tests.signing_in import sign_in_with_second_factor

pytestmark = pytest.mark.django_db

CAMPAIGNS = reverse("admin:pledges_campaign_changelist")


def staff_of(client, role):
    user = UserFactory()
    grant_role(user, role, by=None)
    user.refresh_from_db()
    sign_in_with_second_factor(client, user)
    return user


@pytest.fixture
def reviewer(client):
    return staff_of(client, Role.REVIEWER)


@pytest.fixture
def superuser(client):
    user = UserFactory(is_staff=True, is_superuser=True)
    sign_in_with_second_factor(client, user)
    return user


def act(client, name, row, **more):
    chosen = {"action": name, "_selected_action": row.pk, "index": "0"} | more
    return client.post(CAMPAIGNS, chosen, follow=True)


def test_a_reviewer_approves_a_campaign(client, reviewer):
    campaign = CampaignFactory(state=CampaignState.SUBMITTED)
    act(client, "approve", campaign)
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.APPROVED


def test_a_reviewer_asks_for_changes_with_a_reason(client, reviewer):
    campaign = CampaignFactory(state=CampaignState.SUBMITTED)
    page = act(client, "ask_for_changes", campaign).content.decode()
    assert "What has to change?" in page
    act(client, "ask_for_changes", campaign, reason="Say when.")
    campaign.refresh_from_db()
    assert (campaign.state, campaign.review_note) == (CampaignState.CHANGES_REQUESTED, "Say when.")


def test_a_reason_that_is_blank_is_refused_and_nothing_moves(client, reviewer):
    campaign = CampaignFactory(state=CampaignState.SUBMITTED)
    page = act(client, "ask_for_changes", campaign, reason=" ").content.decode()
    assert "Say what has to change." in page
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.SUBMITTED


def test_a_reviewer_is_told_why_not_their_own(client, reviewer):
    project = ProjectFactory(proposer=reviewer)
    campaign = CampaignFactory(state=CampaignState.SUBMITTED, project=project)
    page = act(client, "approve", campaign).content.decode()
    assert "Nobody reviews their own campaign." in page
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.SUBMITTED


def test_being_a_superuser_is_not_enough_to_review(client, superuser):
    campaign = CampaignFactory(state=CampaignState.SUBMITTED)
    act(client, "approve", campaign)
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.SUBMITTED


def test_a_superuser_changes_and_deletes_nothing(client, superuser):
    pledge = PledgeFactory()
    for name, row in (("campaign", pledge.campaign), ("pledge", pledge)):
        address = reverse(f"admin:pledges_{name}_change", args=[row.pk])
        assert client.get(address).status_code == 200
        assert client.post(address, {"state": "live", "goal_minor": 1}).status_code == 403
        gone = reverse(f"admin:pledges_{name}_delete", args=[row.pk])
        assert client.post(gone, {"post": "yes"}).status_code == 403
    assert (Pledge.objects.count(), Campaign.objects.get().goal_minor) == (1, 100_000)


def test_a_treasurer_sees_what_happened_to_a_pledge(client):
    staff_of(client, Role.TREASURER)
    pledge = PledgeFactory(state=PledgeState.DECLINED)
    pledge.attempts.create(
        n=1, kind="auto", state="declined", idempotency_key="cf:1", parameters={}, api_version="x",
        code="card_declined", decline_code="insufficient_funds", request_id="req_123",
    )  # fmt: skip
    page = client.get(reverse("admin:pledges_pledge_change", args=[pledge.pk])).content.decode()
    assert "insufficient_funds" in page
    assert "req_123" in page


def test_a_treasurer_sees_the_books_and_what_the_provider_told(client):
    staff_of(client, Role.TREASURER)
    legs = books.charge(7, 2500)
    post("charge", source_type="pledge", source_id="1", legs=legs, currency="EUR")
    page = client.get(reverse("admin:ledger_account_changelist")).content.decode()
    assert "project_payable/7/pledges" in page
    assert "-€25" in page
    for name in ("ledger_entry", "payments_providerevent", "payments_orphan", "payments_payer"):
        assert client.get(reverse(f"admin:{name}_changelist")).status_code == 200


@pytest.mark.parametrize(
    ("role", "name", "status"),
    [
        (Role.REVIEWER, "pledges_campaign", 200),
        (Role.REVIEWER, "pledges_pledge", 403),
        (Role.REVIEWER, "ledger_entry", 403),
        (Role.POLL_OFFICER, "pledges_campaign", 403),
        (Role.TREASURER, "pledges_pledge", 200),
        (Role.MODERATOR, "payments_orphan", 403),
    ],
)
def test_each_role_looks_at_what_it_needs(client, role, name, status):
    staff_of(client, role)
    assert client.get(reverse(f"admin:{name}_changelist")).status_code == status
