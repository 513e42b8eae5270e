"""Fees as configured, on collected money only: kept, borne, given back, against the sandbox."""

from __future__ import annotations

import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from civicfund.audit.models import ActRequest
from civicfund.audit.services import approve_act
from civicfund.ledger import domain as books
from civicfund.ledger.models import Entry
from civicfund.ledger.selectors import balance_minor, collected_for
from civicfund.ledger.services import post
from civicfund.payments.gateways import gateway
from civicfund.payouts.enums import Method, Source
from civicfund.payouts.selectors import purse_of
from civicfund.payouts.services.deciding import approve_payout, request_payout
from civicfund.payouts.services.errors import RefusedError as PayoutRefusedError
from civicfund.pledges.domain import fee_going_back, town_fee
from civicfund.pledges.enums import (
    CampaignState,
    FeeBearer,
    PledgeState,
    RefundReason,
    RunBy,
    ShortPolicy,
)
from civicfund.pledges.models import Campaign, Dispute, Pledge, Refund
from civicfund.pledges.selectors.fees import fees_so_far
from civicfund.pledges.selectors.laws import invariants
from civicfund.pledges.services.campaigns import submit_campaign
from civicfund.pledges.services.closing import decide_if_time
from civicfund.pledges.services.disputes import apply_dispute
from civicfund.pledges.services.refund_batches import approve_batch, refund_campaign
from civicfund.pledges.services.refunding import apply_refund
from civicfund.pledges.services.refunds import refund_pledge
from tests.factories.payouts import new_treasurer
from tests.factories.people import UserFactory
from tests.factories.pledges import CampaignFactory, PledgeFactory, soon
from tests.factories.projects import ProjectFactory
from tests.pledges.promises import FAILS, WORKS, end, let_pass, promise, work_until_done
from tests.pledges.test_campaigns import create
from tests.pledges.test_refunds import all_holds, refused
from tests.reconciliation.defects import fee_of
from tests.stripe.helpers import sandbox_client

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
AMOUNT = 2500
FEES = {"town_fee_thousandths": 50, "provider_fee_by": FeeBearer.PROJECT}
TOWN, PROVIDER = 125, fee_of(AMOUNT)  # of 25.00
GOT = AMOUNT - TOWN - PROVIDER


def collect(*cards, **given):
    """A funded campaign with fees, whose cards were charged."""
    terms = FEES | {"goal_minor": AMOUNT * len(cards), "deadline_at": soon(days=1)} | given
    campaign = CampaignFactory(**terms)
    for card in cards:
        promise(campaign, AMOUNT, card=card)
    end(campaign)
    decide_if_time(campaign)
    work_until_done()
    campaign.refresh_from_db()
    return campaign, list(Pledge.objects.filter(campaign=campaign).order_by("created_at"))


def refund(pledge, amount=None):
    made = refund_pledge(pledge, by=new_treasurer(), amount_minor=amount, reason=RefundReason.ASKED)
    work_until_done()
    made.refresh_from_db()
    return made


def stands(campaign):
    """What the project, the town and the provider have of it: income is below zero."""
    return (
        collected_for(campaign.project_id),
        -balance_minor(books.TOWN_FEE),
        balance_minor(books.PROCESSOR_FEE),
    )


def dispute(provider, pledge, **how):
    charged = pledge.attempts.get(state="succeeded").charge_id
    provider.control("dispute", charge=charged, reason="fraudulent")
    [opened] = sandbox_client(provider).v1.disputes.list({"charge": charged}).data
    apply_dispute(gateway().retrieve_dispute(opened.id))
    return opened.id


def decided(provider, opened, outcome):
    provider.control("dispute", dispute=opened, outcome=outcome)
    apply_dispute(gateway().retrieve_dispute(opened))


def test_both_fees_come_off_what_was_collected(provider):
    campaign, [pledge] = collect(WORKS)
    assert stands(campaign) == (GOT, TOWN, 0)
    assert (pledge.fee_minor, pledge.project_fee_minor) == (PROVIDER, PROVIDER)
    all_holds()


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ({"town_fee_thousandths": 0, "provider_fee_by": "town"}, (AMOUNT, 0, PROVIDER)),
        ({"town_fee_thousandths": 50, "provider_fee_by": "town"}, (AMOUNT - TOWN, TOWN, PROVIDER)),
        ({"town_fee_thousandths": 0, "provider_fee_by": "project"}, (AMOUNT - PROVIDER, 0, 0)),
    ],
)
def test_each_fee_is_borne_by_whom_the_campaign_says(provider, terms, expected):
    campaign, _pledges = collect(WORKS, **terms)
    assert stands(campaign) == expected
    all_holds()


def test_without_fees_the_entries_are_what_they_always_were(provider):
    campaign, [pledge] = collect(WORKS, town_fee_thousandths=0, provider_fee_by="town")
    refund(pledge)
    payable = books.project_pledges(campaign.project_id)
    legs = {
        entry.kind: dict(entry.postings.values_list("account__code", "amount_minor"))
        for entry in Entry.objects.filter(kind__in=["charge", "fee", "refund_owed"])
    }
    assert legs == {
        "charge": {"stripe_pending": AMOUNT, payable: -AMOUNT},
        "fee": {"processor_fee": PROVIDER, "stripe_pending": -PROVIDER},
        "refund_owed": {payable: AMOUNT, "refunds_payable": -AMOUNT},
    }


def test_nothing_is_kept_of_what_is_not_collected(provider):
    campaign, _pledges = collect(WORKS, FAILS)
    let_pass(days=8)
    work_until_done()
    assert stands(campaign) == (GOT, TOWN, 0)
    all_holds()


def test_a_backer_gets_all_of_it_back_and_the_project_gives_what_it_got(provider):
    campaign, [pledge] = collect(WORKS)
    made = refund(pledge)
    assert made.amount_minor == AMOUNT
    assert (made.town_fee_minor, made.provider_fee_minor) == (TOWN, PROVIDER)
    assert stands(campaign) == (0, 0, PROVIDER)  # the provider keeps its fee, the town bears it
    all_holds()


def test_parts_that_go_back_lose_no_unit(provider):
    campaign, [pledge] = collect(WORKS)
    for amount in (333, 777, 1390):
        refund(pledge, amount)
    assert stands(campaign) == (0, 0, PROVIDER)
    first = Refund.objects.order_by("created_at").first()
    assert (first.town_fee_minor, first.provider_fee_minor) == (16, PROVIDER * 333 // AMOUNT)
    all_holds()


def test_a_refund_that_comes_back_keeps_the_fees_again(provider):
    campaign, [pledge] = collect("pm_card_refundFail")
    made = refund(pledge, 1000)
    assert stands(campaign)[1] == TOWN - 50
    provider.control("clock", advance=120)
    apply_refund(gateway().retrieve_refund(made.refund_id))
    made.refresh_from_db()
    assert made.state == "failed"
    assert stands(campaign) == (GOT, TOWN, 0)
    all_holds()


def test_a_whole_campaign_can_be_given_back(provider):
    campaign, pledges = collect(WORKS, WORKS)
    refund(pledges[0], 700)
    batch = refund_campaign(campaign, by=new_treasurer(), reason=RefundReason.ASKED)
    approve_batch(batch, by=new_treasurer())
    work_until_done()
    assert stands(campaign) == (0, 0, 2 * PROVIDER)
    assert sum(Refund.objects.values_list("amount_minor", flat=True)) == 2 * AMOUNT
    all_holds()


def test_too_little_collected_gives_everybody_everything_back(provider):
    campaign, _pledges = collect(WORKS, FAILS, floor_percent=90, short_policy=ShortPolicy.FLOOR)
    let_pass(days=8)
    work_until_done()
    work_until_done()
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.REFUNDED
    assert stands(campaign) == (0, 0, PROVIDER)
    all_holds()


def test_a_disputed_charge_holds_no_more_than_the_project_got(provider):
    campaign, [first, second] = collect(WORKS, WORKS)
    opened = dispute(provider, first)
    assert purse_free(campaign) == GOT
    refund(second)  # the other one is not held up
    decided(provider, opened, "won")
    assert stands(campaign) == (GOT, TOWN, PROVIDER)
    all_holds()


def test_a_lost_dispute_takes_what_the_project_got_and_the_towns_fee(provider):
    campaign, [pledge, _other] = collect(WORKS, WORKS)
    decided(provider, dispute(provider, pledge), "lost")
    assert stands(campaign) == (GOT, TOWN, PROVIDER)
    assert balance_minor(books.CHARGEBACK_LOSS) == 0
    all_holds()


def purse_free(campaign):
    purse = purse_of(campaign.project_id, Source.PLEDGES)
    return purse.owed_minor - purse.disputed_minor


def ask_for(campaign, amount_minor):
    return request_payout(
        campaign.project, by=new_treasurer(), amount_minor=amount_minor,
        source=Source.PLEDGES, method=Method.KEPT,
    )  # fmt: skip


def test_a_payout_is_never_more_than_is_left_after_fees(provider, settings):
    settings.PAYOUT_RESERVE_PERCENT = 0
    campaign, _pledges = collect(WORKS)
    with pytest.raises(PayoutRefusedError):
        ask_for(campaign, GOT + 1)
    approve_payout(ask_for(campaign, GOT), by=new_treasurer())
    assert (collected_for(campaign.project_id), balance_minor(books.OWN_PROJECTS)) == (0, -GOT)
    all_holds()


def test_nothing_is_paid_out_before_a_projects_fees_are_known(provider, settings):
    settings.PAYOUT_RESERVE_PERCENT = 0
    campaign, _pledges = collect(WORKS)
    payout = ask_for(campaign, GOT)
    PledgeFactory(campaign=campaign, state=PledgeState.COLLECTED)
    with pytest.raises(PayoutRefusedError, match="one of them is not known yet"):
        ask_for(campaign, 1)
    approve_act(ActRequest.objects.get(target_id=str(payout.pk)), approved_by=new_treasurer())
    with refused("pledges_payout_fees_known"):
        type(payout).objects.filter(pk=payout.pk).update(state="approved")


def test_a_fee_that_is_not_in_the_books_breaks_the_law(provider):
    campaign, [pledge] = collect(WORKS)
    law = "every fee is in the books as it was agreed to"
    post(
        "charge", source_type="pledge", source_id="stray", currency="EUR",
        legs=books.charge(campaign.project_id, 1000, town_fee_minor=3),
    )  # fmt: skip
    assert [each.broken_by for each in invariants() if each.name == law] == [["stray"]]
    silent = PledgeFactory(campaign=campaign, state=PledgeState.COLLECTED)
    [broken] = [each.broken_by for each in invariants() if each.name == law]
    assert broken == sorted(["stray", str(silent.pk)])
    assert str(pledge.pk) not in broken


def test_a_campaign_has_the_fees_of_the_day_it_was_submitted(settings):
    campaign = create(ProjectFactory())
    settings.TOWN_FEE_THOUSANDTHS, settings.PROVIDER_FEE_BORNE_BY = 25, "project"
    submit_campaign(campaign, by=campaign.creator)
    settings.TOWN_FEE_THOUSANDTHS, settings.PROVIDER_FEE_BORNE_BY = 90, "town"
    campaign.refresh_from_db()
    assert (campaign.town_fee_thousandths, campaign.provider_fee_by) == (25, "project")
    rows = Campaign.objects.filter(pk=campaign.pk)
    for change in ({"town_fee_thousandths": 0}, {"provider_fee_by": "town"}):
        with refused("pledges_campaign_fees_kept"):
            rows.update(**change)
    for change, name in (
        ({"town_fee_thousandths": 1000}, "campaign_town_fee_is_a_part"),
        ({"provider_fee_by": "nobody"}, "campaign_provider_fee_by_known"),
    ):
        with refused(name):
            Campaign.objects.filter(pk=create(ProjectFactory()).pk).update(**change)


def test_who_bore_which_fee_stays(provider):
    campaign, [pledge, other] = collect(WORKS, WORKS)
    made, opened = refund(pledge, 1000), dispute(provider, other)
    for rows, change in (
        (Pledge.objects.filter(pk=pledge.pk), {"project_fee_minor": 0}),
        (Pledge.objects.filter(pk=pledge.pk), {"fee_minor": 1000}),
        (Refund.objects.filter(pk=made.pk), {"town_fee_minor": 0}),
        (Dispute.objects.filter(pk=opened), {"provider_fee_minor": 0}),
    ):
        with refused("pledges_fees_noted"):
            rows.update(**change)
    fresh = PledgeFactory(campaign=campaign, state=PledgeState.COLLECTED)
    with refused("pledge_project_bears_no_more_than_the_fee"):
        Pledge.objects.filter(pk=fresh.pk).update(fee_minor=10, project_fee_minor=11)
    with refused("refund_fees_within_it"):
        Refund.objects.create(
            pledge=fresh, amount_minor=10, currency="EUR", reason="asked",
            requested_by=UserFactory(), alone_limit_minor=10, town_fee_minor=6,
            provider_fee_minor=5,
        )  # fmt: skip
    stands(campaign)


def test_backers_creators_and_everybody_read_the_fees(client, provider, settings):
    settings.TOWN_FEE_THOUSANDTHS, settings.PROVIDER_FEE_BORNE_BY = 25, "project"
    draft = CampaignFactory(state=CampaignState.DRAFT, run_by=RunBy.TOWN)
    client.force_login(draft.creator)
    told = client.get(draft.get_absolute_url()).content.decode()
    assert "the town keeps 2.5 percent" in told
    assert "once you send it for review" in told
    live = CampaignFactory(**FEES)
    client.force_login(UserFactory())
    told = client.get(live.get_absolute_url()).content.decode()
    assert "the town keeps 5 percent" in told
    address = reverse("pledge", args=[live.pk])
    told = client.post(address, {"amount": "25", "step": "agree"}).content.decode()
    for words in ("nothing on top", "€1.25", "(5 percent)", "taken from it as well", "€23.12"):
        assert words in told


def test_the_settlement_shows_what_fees_came_to(client, provider):
    campaign, [pledge, _other] = collect(WORKS, WORKS)
    refund(pledge)
    so_far = fees_so_far(campaign)
    assert (so_far.town_minor, so_far.project_bears_minor) == (TOWN, PROVIDER)
    told = client.get(reverse("settlement", args=[campaign.pk])).content.decode()
    assert "s fee</" in told
    assert "€1.25" in told


@given(
    amount=st.integers(1, 99_999_999),
    thousandths=st.integers(0, 999),
    parts=st.lists(st.integers(1, 10_000), min_size=1, max_size=6),
)
def test_what_goes_back_in_parts_is_the_whole_fee_in_the_end(amount, thousandths, parts):
    fee, gone, back = town_fee(amount, thousandths), 0, 0
    for part in parts:
        gone = min(amount, gone + part)
        share = fee_going_back(fee, amount, gone, back)
        assert share >= 0
        back += share
        assert back <= fee
    assert back + fee_going_back(fee, amount, amount, back) == fee
