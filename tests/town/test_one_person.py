"""Nobody moves money alone: every grave act, tried by one person in every way there is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.db.models import Model
from django.urls import get_resolver, reverse

from civicfund.audit.models import ActRequest, Approval
from civicfund.ledger import domain as books
from civicfund.ledger.models import Entry
from civicfund.ledger.services import post
from civicfund.payouts.enums import Method, Source
from civicfund.payouts.models import Payout, PayoutAccount, Reversal
from civicfund.payouts.services import accounts, deciding, reversing
from civicfund.pledges.enums import PledgeState, RefundReason
from civicfund.pledges.models import Campaign, Refund, RefundBatch
from civicfund.pledges.services import refund_batches, refunds
from civicfund.pledges.services.campaigns import edit_campaign
from civicfund.pledges.services.errors import RefusedError
from tests.factories.payouts import new_treasurer
from tests.factories.pledges import PledgeFactory, soon
from tests.factories.projects import ProjectFactory
from tests.payouts.test_pages import transferred
from tests.signing_in import sign_in_with_second_factor

pytestmark = pytest.mark.django_db
REFUSALS = (RefusedError, accounts.RefusedError)
MONEY = (Payout, PayoutAccount, Reversal, Refund, RefundBatch, ActRequest, Approval, Entry)


@dataclass(frozen=True)
class Act:
    """What one person has asked for, and how it would be approved."""

    row: Model
    approve: Callable[..., object]
    page: str
    said: dict[str, Any]
    done: dict[str, Any]  # what the row would say had it been approved


def awarded():
    project = ProjectFactory()
    legs = books.award(project.pk, 50_000)
    post("award", source_type="test", source_id=str(project.pk), legs=legs, currency="EUR")
    return project


def collected():
    pledge = PledgeFactory(state=PledgeState.COLLECTED, amount_minor=50_000)
    legs = books.charge(pledge.campaign.project_id, 50_000)
    post("charge", source_type="pledge", source_id=str(pledge.pk), legs=legs, currency="EUR")
    return pledge


def a_payout(by):
    project = awarded()
    row = deciding.request_payout(
        project, by=by, source=Source.AWARD, method=Method.BANK, amount_minor=100
    )
    page = reverse("project_payouts", args=[project.pk])
    return Act(row, deciding.approve_payout, page, {"act": "approve"}, {"state": "approved"})


def a_reversal(by):
    payout = transferred(ProjectFactory())
    row = reversing.request_reversal(payout, by=by, amount_minor=100)
    page = reverse("project_payouts", args=[payout.project_id])
    said = {"act": "approve-reversal"}
    return Act(row, reversing.approve_reversal, page, said, {"state": "approved"})


def a_change_of_account(by):
    row = PayoutAccount.objects.create(user=by, account_id="acct_1", status="active")
    accounts.request_act(accounts.ACT, row, requested_by=by)
    page = reverse("payout_account_approve", args=[row.pk])
    return Act(row, accounts.approve_account, page, {}, {"approved_at": soon()})


def a_refund_above_the_limit(by):
    pledge = collected()
    row = refunds.refund_pledge(pledge, by=by, reason=RefundReason.ASKED)
    page = reverse("treasury_pledge", args=[pledge.pk])
    return Act(row, refunds.approve_refund, page, {"act": "approve"}, {"state": "planned"})


def a_refund_of_a_campaign(by):
    campaign = collected().campaign
    Campaign.objects.filter(pk=campaign.pk).update(state="collecting")
    campaign.refresh_from_db()
    row = refund_batches.refund_campaign(campaign, by=by, reason=RefundReason.NOT_DELIVERED)
    page = reverse("treasury_campaign", args=[campaign.pk])
    return Act(row, refund_batches.approve_batch, page, {"act": "approve"}, {"state": "running"})


ACTS = [
    a_payout, a_reversal, a_change_of_account, a_refund_above_the_limit, a_refund_of_a_campaign,
]  # fmt: skip


@pytest.fixture
def alone(client, settings):
    """The mightiest single person: treasurer and superuser, with a second factor just given."""
    settings.REFUND_ALONE_MINOR = 100
    settings.PAYOUT_RESERVE_PERCENT = 0
    user = new_treasurer()
    user.is_staff = user.is_superuser = True
    user.save()
    sign_in_with_second_factor(client, user)
    return user


def by_the_service(client, alone, act):
    with pytest.raises(REFUSALS):
        act.approve(act.row, by=alone)


def on_the_page(client, alone, act):
    assert client.post(act.page, act.said | {"row": act.row.pk}).status_code in (302, 400)


def in_the_database(client, alone, act):
    with pytest.raises(DatabaseError), transaction.atomic():
        type(act.row).objects.filter(pk=act.row.pk).update(**act.done)


def by_approving_oneself_in_the_database(client, alone, act):
    request = ActRequest.objects.get(
        target_type=act.row._meta.label_lower, target_id=str(act.row.pk)
    )
    with pytest.raises(DatabaseError, match="approval_by_another"), transaction.atomic():
        Approval.objects.create(request=request, requested_by=alone, approved_by=alone)


def by_naming_somebody_else_as_asking(client, alone, act):
    """An approval of another's name for one's own request."""
    request = ActRequest.objects.get(
        target_type=act.row._meta.label_lower, target_id=str(act.row.pk)
    )
    another = new_treasurer()
    with pytest.raises(DatabaseError), transaction.atomic():
        _forge(request, another, alone)


def _forge(request, asked, agreed):
    Approval.objects.create(request=request, requested_by=asked, approved_by=agreed)
    # The reference is checked at the transaction's end, which this brings forward.
    with transaction.get_connection().cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def in_the_admin(client, alone, act):
    meta = act.row._meta
    for model, address in ((meta, f"{act.row.pk}/change/"), (Approval._meta, "add/")):
        answer = client.post(f"/admin/{model.app_label}/{model.model_name}/{address}", act.done)
        assert answer.status_code in (403, 404)
        client.post(
            f"/admin/{model.app_label}/{model.model_name}/",
            {"action": "delete_selected", "_selected_action": act.row.pk, "post": "yes"},
        )


WAYS = [
    by_the_service, on_the_page, in_the_database, by_approving_oneself_in_the_database,
    by_naming_somebody_else_as_asking, in_the_admin,
]  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("prepare", ACTS)
def test_one_person_moves_nothing(client, alone, prepare, way):
    act = prepare(alone)
    before = [model.objects.count() for model in MONEY]
    was = type(act.row).objects.filter(pk=act.row.pk).values().get()
    way(client, alone, act)
    assert type(act.row).objects.filter(pk=act.row.pk).values().get() == was
    assert [model.objects.count() for model in MONEY] == before


@pytest.mark.parametrize("prepare", ACTS)
def test_control_a_second_person_moves_it(client, alone, prepare):
    act = prepare(alone)
    before = type(act.row).objects.filter(pk=act.row.pk).values().get()
    act.approve(act.row, by=new_treasurer())
    assert type(act.row).objects.filter(pk=act.row.pk).values().get() != before
    assert Approval.objects.filter(request__requested_by=alone).count() == 1


def test_no_address_of_the_api_reaches_payouts_refunds_or_the_books():
    addresses = [str(each.pattern) for each in all_patterns(get_resolver())]
    api = [each for each in addresses if "api/" in each]
    assert api
    for word in ("payout", "refund", "treasury", "ledger", "reversal", "approv", "account"):
        assert [each for each in api if word in each] == []


def all_patterns(resolver):
    for each in resolver.url_patterns:
        yield from all_patterns(each) if hasattr(each, "url_patterns") else [each]


@pytest.mark.parametrize("change", [{"goal_minor": 1}, {"deadline_at": soon(days=90)}])
def test_goal_and_deadline_stay_once_somebody_has_pledged(client, alone, change):
    campaign = PledgeFactory(campaign__project__proposer=alone).campaign
    was = Campaign.objects.filter(pk=campaign.pk).values(*change).get()
    with pytest.raises(RefusedError):
        edit_campaign(
            campaign, by=alone, goal_minor=1, goal_lines=[("All", 1)],
            deadline_at=soon(days=80), deadline_tz="Europe/Dublin",
        )  # fmt: skip
    with pytest.raises(DatabaseError, match="first pledge"), transaction.atomic():
        Campaign.objects.filter(pk=campaign.pk).update(**change)
    client.post(f"/admin/pledges/campaign/{campaign.pk}/change/", change)
    client.post(reverse("campaign_edit", args=[campaign.pk]), change)
    assert Campaign.objects.filter(pk=campaign.pk).values(*change).get() == was
