"""What becomes of a funded campaign when too many cards fail."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from civicfund.audit.models import ActRequest
from civicfund.audit.services import approve_act
from civicfund.ledger.selectors import balance_minor, collected_for, still_promised_to
from civicfund.notices.models import Message
from civicfund.payouts.enums import Method, PayoutState, Source
from civicfund.payouts.models import Payout
from civicfund.payouts.services.accounts import approve_account, open_account, read_account
from civicfund.payouts.services.deciding import approve_payout, request_payout
from civicfund.payouts.services.errors import RefusedError as PayoutRefusedError
from civicfund.pledges.domain import is_below_floor
from civicfund.pledges.enums import (
    CampaignState,
    PledgeState,
    RefundReason,
    RefundState,
    ShortPolicy,
)
from civicfund.pledges.models import Campaign, Refund
from civicfund.pledges.services.closing import decide_if_time
from civicfund.pledges.services.refunds import (
    left_to_refund,
    refund_by_rule,
    refund_pledge,
    reject_refund,
)
from tests.factories.payouts import new_treasurer
from tests.factories.pledges import CampaignFactory, PledgeFactory, soon
from tests.pledges.promises import FAILS, WORKS, end, let_pass, promise, work_until_done
from tests.pledges.test_refunds import all_holds, given_back


def collect_short(floor_percent, *cards):
    """A funded campaign with a floor, its recovery week over."""
    campaign = funded_with_floor(floor_percent, *cards)
    let_pass(days=8)
    work_until_done()
    campaign.refresh_from_db()
    return campaign


def funded_with_floor(floor_percent, *cards):
    """A funded campaign with a floor, every card tried once."""
    campaign = CampaignFactory(
        goal_minor=2500 * len(cards),
        deadline_at=soon(days=1),
        short_policy=ShortPolicy.FLOOR,
        floor_percent=floor_percent,
    )
    for card in cards:
        promise(campaign, card=card)
    end(campaign)
    assert decide_if_time(campaign) is not None
    work_until_done()
    campaign.refresh_from_db()
    return campaign


@pytest.mark.parametrize(
    ("collected", "pledged", "floor", "expected"),
    [(79, 100, 80, True), (80, 100, 80, False), (1, 3, 33, False), (1, 3, 34, True)],
)
def test_a_floor_is_reached_exactly(collected, pledged, floor, expected):
    assert is_below_floor(collected, pledged, floor) is expected


def test_without_a_floor_nothing_is_below_it():
    assert not is_below_floor(0, 100, None)


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_below_the_floor_everybody_gets_their_money_back(provider):
    campaign = collect_short(80, WORKS, FAILS)
    assert campaign.state == CampaignState.FAILED_SHORT
    work_until_done()
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.REFUNDED
    assert given_back(provider) == [2500]
    refund = Refund.objects.get()
    assert (refund.reason, refund.requested_by) == (RefundReason.TOO_LITTLE, None)
    assert collected_for(campaign.project_id) == 0
    assert still_promised_to(campaign.project_id) == 0
    assert balance_minor("refunds_payable") == 0
    kinds = Message.objects.values_list("kind", flat=True)
    assert {"campaign_failed_short", "own_campaign_failed_short", "own_campaign_refunded"} <= set(
        kinds
    )
    all_holds()


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_nothing_is_paid_out_while_backers_may_get_it_back(provider, settings):
    """Paid out before, there would be too little left to give everybody all of it."""
    settings.PAYOUT_RESERVE_PERCENT = 0
    campaign = funded_with_floor(60, WORKS, FAILS)
    owner, (first, second) = campaign.project.proposer, (new_treasurer(), new_treasurer())
    account = open_account(owner)
    provider.control("account", account=account.account_id, status="active")
    approve_account(read_account(account), by=first)
    wanted = {"source": Source.PLEDGES, "method": Method.TRANSFER, "amount_minor": 2500}
    assert campaign.state == CampaignState.RECOVERING
    with pytest.raises(PayoutRefusedError, match="nothing is paid out before"):
        request_payout(campaign.project, by=first, **wanted)
    Campaign.objects.filter(pk=campaign.pk).update(state=CampaignState.SETTLED_SHORT)
    payout = request_payout(campaign.project, by=first, **wanted)
    Campaign.objects.filter(pk=campaign.pk).update(state=CampaignState.RECOVERING)
    with pytest.raises(PayoutRefusedError, match="nothing is paid out before"):
        approve_payout(payout, by=second)
    approve_act(ActRequest.objects.get(act="pay_out"), approved_by=second)
    with pytest.raises(IntegrityError, match="may still get this money back"), transaction.atomic():
        Payout.objects.filter(pk=payout.pk).update(state=PayoutState.APPROVED)
    payout.refresh_from_db()
    assert payout.state == PayoutState.WAITING
    assert balance_minor("payouts_payable") == 0


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_at_the_floor_the_project_receives_what_was_collected(provider):
    campaign = collect_short(50, WORKS, FAILS)
    assert campaign.state == CampaignState.SETTLED_SHORT
    work_until_done()
    assert Refund.objects.count() == 0
    assert collected_for(campaign.project_id) == 2500


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_a_refund_that_fails_leaves_the_campaign_to_a_treasurer(provider):
    campaign = collect_short(80, "pm_card_refundFail", FAILS)
    refund = Refund.objects.get()
    provider.control("clock", advance=120)
    let_pass(hours=2)
    work_until_done()
    campaign.refresh_from_db()
    assert Refund.objects.get().pk == refund.pk
    assert campaign.pledges.filter(state=PledgeState.COLLECTED).count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("policy", "floor"),
    [("floor", None), ("floor", 0), ("floor", 101), ("pay_anyway", 50), ("other", None)],
)
def test_the_database_refuses_a_policy_that_makes_no_sense(policy, floor):
    with pytest.raises(IntegrityError), transaction.atomic():
        CampaignFactory(short_policy=policy, floor_percent=floor)
    assert Campaign.objects.count() == 0


@pytest.mark.django_db
def test_the_floor_is_frozen_by_the_first_pledge():
    campaign = CampaignFactory(short_policy=ShortPolicy.FLOOR, floor_percent=50)
    PledgeFactory(campaign=campaign)
    with pytest.raises(DatabaseError, match="frozen"), transaction.atomic():
        Campaign.objects.filter(pk=campaign.pk).update(floor_percent=10)
    campaign.refresh_from_db()
    assert campaign.floor_percent == 50


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_what_was_given_back_in_part_before_the_decision_goes_back_whole(provider):
    campaign = funded_with_floor(80, WORKS, WORKS, FAILS, FAILS)
    partly, other = campaign.pledges.filter(state=PledgeState.COLLECTED).order_by("pk")
    refund_pledge(partly, by=new_treasurer(), amount_minor=1000, reason=RefundReason.ASKED)
    let_pass(days=8)
    work_until_done()
    work_until_done()
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.REFUNDED
    assert [left_to_refund(pledge) for pledge in (partly, other)] == [0, 0]
    assert sorted(given_back(provider)) == [1000, 1500, 2500]
    assert collected_for(campaign.project_id) == 0
    all_holds()


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_a_refund_that_was_not_approved_in_the_end_goes_back_by_the_policy(provider, settings):
    settings.REFUND_ALONE_MINOR = 0
    campaign = funded_with_floor(80, WORKS, FAILS)
    paid = campaign.pledges.get(state=PledgeState.COLLECTED)
    treasurer = new_treasurer()
    waiting = refund_pledge(paid, by=treasurer, amount_minor=1000, reason=RefundReason.ASKED)
    let_pass(days=8)
    work_until_done()
    campaign.refresh_from_db()
    assert (waiting.state, campaign.state) == (RefundState.WAITING, CampaignState.FAILED_SHORT)
    reject_refund(waiting, by=treasurer)
    for _ in range(3):
        work_until_done()
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.REFUNDED
    assert sum(given_back(provider)) == 2500
    all_holds()


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_a_second_worker_finds_nothing_left_to_give_back(provider):
    campaign = funded_with_floor(80, WORKS, FAILS)
    let_pass(days=8)
    work_until_done()
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.FAILED_SHORT
    (pledge,) = campaign.pledges.filter(state=PledgeState.COLLECTED)
    assert refund_by_rule(pledge, RefundReason.TOO_LITTLE) is None
    assert Refund.objects.count() == 1
