"""Charges that payers dispute with their banks, against the real sandbox."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from civicfund.ledger import domain as books
from civicfund.ledger.selectors import (
    balance_minor,
    collected_for,
    free_of_pledges_minor,
)
from civicfund.ledger.services import post
from civicfund.payments.gateways import gateway
from civicfund.payments.models import Orphan
from civicfund.pledges.enums import (
    CampaignState,
    DisputeState,
    PledgeState,
    RefundReason,
    RefundState,
    ShortPolicy,
)
from civicfund.pledges.models import Dispute, Pledge, Refund
from civicfund.pledges.selectors.laws import invariants
from civicfund.pledges.selectors.treasury import paid_back
from civicfund.pledges.services.disputes import apply_dispute
from civicfund.pledges.services.errors import RefusedError
from civicfund.pledges.services.refunds import left_to_refund, refund_pledge
from tests.factories.pledges import CampaignFactory, PledgeFactory
from tests.pledges.promises import WORKS, work_until_done
from tests.pledges.test_refunds import all_holds, collect, new_treasurer, refused

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
FEE = 1500


@pytest.fixture
def disputed(provider):
    """A pledge of 25.00 whose payer told the bank that the charge was wrong."""
    (pledge,) = collect(WORKS)
    opened = provider.control(
        "dispute", charge=pledge.attempts.get().charge_id, reason="fraudulent"
    )
    hear(opened["id"])
    pledge.refresh_from_db()
    return pledge


def hear(dispute_id):
    """What a webhook about it does."""
    return apply_dispute(gateway().retrieve_dispute(dispute_id))


def decide(provider, outcome):
    dispute = Dispute.objects.get()
    provider.control("dispute", dispute=dispute.pk, outcome=outcome)
    hear(dispute.pk)
    dispute.refresh_from_db()
    return dispute


def test_a_dispute_freezes_the_money(disputed):
    project = disputed.campaign.project_id
    assert disputed.state == PledgeState.DISPUTED
    assert balance_minor(books.dispute_hold(project)) == 2500
    assert balance_minor("dispute_fee") == FEE
    assert balance_minor("stripe_available") == -2500 - FEE
    assert (collected_for(project), free_of_pledges_minor(project)) == (2500, 0)
    with pytest.raises(RefusedError, match="bank decides"):
        refund_pledge(disputed, by=new_treasurer(), reason=RefundReason.ASKED)
    with refused("pledges_refund_undisputed"):
        Refund.objects.create(
            pledge=disputed, amount_minor=1, currency="EUR", reason=RefundReason.ASKED,
            requested_by=disputed.backer, alone_limit_minor=100,
        )  # fmt: skip
    all_holds()


def test_a_dispute_that_is_won_gives_all_of_it_back(provider, disputed):
    assert decide(provider, "won").state == DisputeState.WON
    disputed.refresh_from_db()
    project = disputed.campaign.project_id
    assert disputed.state == PledgeState.COLLECTED
    assert [balance_minor(code) for code in (books.dispute_hold(project), "dispute_fee")] == [0, 0]
    assert free_of_pledges_minor(project) == 2500
    assert balance_minor("stripe_available") == 0
    all_holds()


def test_a_dispute_that_is_lost_is_borne_by_what_the_project_still_has(provider, disputed):
    assert decide(provider, "lost").state == DisputeState.LOST
    disputed.refresh_from_db()
    project = disputed.campaign.project_id
    assert disputed.state == PledgeState.CHARGED_BACK
    assert (collected_for(project), balance_minor("chargeback_loss")) == (0, 0)
    assert balance_minor(books.dispute_hold(project)) == 0
    assert balance_minor("dispute_fee") == FEE
    all_holds()


def test_the_town_bears_what_the_project_was_paid_already(provider, disputed):
    project = disputed.campaign.project_id
    paid = books.balanced(
        books.Leg(books.project_pledges(project), 2000), books.Leg(books.STRIPE_AVAILABLE, -2000)
    )
    post("paid_out", source_type="test", source_id="1", legs=paid, currency="EUR")
    decide(provider, "lost")
    assert (collected_for(project), balance_minor("chargeback_loss")) == (0, 2000)
    all_holds()


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("outcome", ["won", "lost"])
def test_news_of_a_dispute_may_come_twice_and_in_any_order(provider, disputed, outcome, seed):
    dispute_id = Dispute.objects.get().pk
    early = gateway().retrieve_dispute(dispute_id)
    provider.control("dispute", dispute=dispute_id, outcome=outcome)
    news = [early, early, *[gateway().retrieve_dispute(dispute_id)] * 2]
    random.Random(seed).shuffle(news)  # noqa: S311 -- repeatable
    for told in news:
        apply_dispute(told)
    disputed.refresh_from_db()
    expected = PledgeState.COLLECTED if outcome == "won" else PledgeState.CHARGED_BACK
    assert disputed.state == expected
    assert balance_minor(books.dispute_hold(disputed.campaign.project_id)) == 0
    all_holds()


def test_a_dispute_heard_of_only_once_it_is_lost_is_booked_whole(provider):
    (pledge,) = collect(WORKS)
    opened = provider.control(
        "dispute", charge=pledge.attempts.get().charge_id, reason="fraudulent"
    )
    provider.control("dispute", dispute=opened["id"], outcome="lost")
    hear(opened["id"])
    assert Pledge.objects.get().state == PledgeState.CHARGED_BACK
    assert collected_for(pledge.campaign.project_id) == 0
    assert balance_minor("dispute_fee") == FEE
    all_holds()


def test_a_dispute_of_nothing_of_ours_is_noted(provider, disputed):
    told = gateway().retrieve_dispute(Dispute.objects.get().pk)
    Pledge.objects.update(state=PledgeState.DISPUTED)
    stranger = type(told)(**{**vars(told), "id": "du_other", "payment_intent_id": "pi_other"})
    assert apply_dispute(stranger) is None
    assert Orphan.objects.get().reason == "dispute_of_no_pledge"
    assert Dispute.objects.count() == 1


def dispute_part(provider, pledge, amount_minor):
    opened = provider.control(
        "dispute", charge=pledge.attempts.get().charge_id, reason="general", amount=amount_minor
    )
    hear(opened["id"])
    pledge.refresh_from_db()


@pytest.mark.parametrize("outcome", ["won", "lost"])
def test_a_charge_that_is_disputed_in_part_keeps_every_law(provider, outcome):
    (pledge,) = collect(WORKS)
    dispute_part(provider, pledge, 1000)
    project = pledge.campaign.project_id
    assert pledge.state == PledgeState.DISPUTED
    assert balance_minor(books.dispute_hold(project)) == 1000
    assert free_of_pledges_minor(project) == 1500
    all_holds()
    decide(provider, outcome)
    pledge.refresh_from_db()
    assert pledge.state == PledgeState.COLLECTED
    assert balance_minor(books.dispute_hold(project)) == 0
    all_holds()


def test_the_rest_of_a_charge_that_was_lost_in_part_can_be_given_back(provider):
    (pledge,) = collect(WORKS)
    dispute_part(provider, pledge, 1000)
    decide(provider, "lost")
    assert left_to_refund(Pledge.objects.get()) == 1500
    assert paid_back(pledge) == 1000
    with pytest.raises(RefusedError, match="between"):
        refund_pledge(pledge, by=new_treasurer(), amount_minor=1501, reason=RefundReason.ASKED)
    with refused("pledges_refund_within_reach"):
        Refund.objects.create(
            pledge=pledge, amount_minor=1501, currency="EUR", reason=RefundReason.ASKED,
            requested_by=pledge.backer, alone_limit_minor=5000,
        )  # fmt: skip
    refund_pledge(pledge, by=new_treasurer(), reason=RefundReason.ASKED)
    work_until_done()
    assert Refund.objects.get().state == RefundState.SUCCEEDED
    assert paid_back(pledge) == 2500
    assert collected_for(pledge.campaign.project_id) == 0
    all_holds()


def test_a_charge_of_which_nothing_is_left_is_taken_back_whole(provider):
    (pledge,) = collect(WORKS)
    refund_pledge(pledge, by=new_treasurer(), amount_minor=1500, reason=RefundReason.ASKED)
    work_until_done()
    dispute_part(provider, pledge, 1000)
    decide(provider, "lost")
    assert Pledge.objects.get().state == PledgeState.CHARGED_BACK
    all_holds()


def test_the_laws_notice_a_dispute_of_which_the_bank_holds_nothing(provider, disputed):
    taken = books.Leg(books.dispute_hold(disputed.campaign.project_id), -2500)
    legs = books.balanced(taken, books.Leg(books.STRIPE_AVAILABLE, 2500))
    dispute = Dispute.objects.get()
    post("dispute_lost", source_type="dispute", source_id=dispute.pk, legs=legs, currency="EUR")
    broken = {law.name: law.broken_by for law in invariants() if law.broken_by}
    assert broken == {"what banks hold is what is disputed": [dispute.pk]}


def test_what_a_later_campaigns_backers_may_get_back_pays_for_no_dispute_of_an_earlier(disputed):
    """The project has been paid what its first campaign brought: the town bears what is lost."""
    project = disputed.campaign.project
    paid = books.balanced(
        books.Leg(books.project_pledges(project.pk), 2500),
        books.Leg(books.STRIPE_AVAILABLE, -2500),
    )
    post("paid_out", source_type="test", source_id="1", legs=paid, currency="EUR")
    collected_with_a_floor(project)
    told = gateway().retrieve_dispute(Dispute.objects.get().pk)
    apply_dispute(replace(told, won=False))
    assert (collected_for(project.pk), balance_minor("chargeback_loss")) == (3000, 2500)


def collected_with_a_floor(project, state=CampaignState.RECOVERING):
    """A later campaign of the project, whose backers may still get their 30.00 back."""
    campaign = CampaignFactory(
        project=project, state=state, short_policy=ShortPolicy.FLOOR, floor_percent=80
    )
    pledge = PledgeFactory(campaign=campaign, state=PledgeState.COLLECTED, amount_minor=3000)
    post(
        "charge", source_type="pledge", source_id=str(pledge.pk),
        legs=books.charge(project.pk, 3000), currency="EUR",
    )  # fmt: skip
    return pledge
