"""Many refunds at once: each by itself, whatever becomes of one of them."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

import pytest

from civicfund.ledger import domain as books
from civicfund.ledger.selectors import booked_minor, collected_for
from civicfund.ledger.services import post
from civicfund.payments.domain import RefundStatus
from civicfund.payments.gateways import gateway
from civicfund.pledges.domain import CONSENT_VERSION
from civicfund.pledges.enums import BatchState, RefundReason, RefundState
from civicfund.pledges.models import Refund
from civicfund.pledges.selectors.treasury import refunds_to_look_at
from civicfund.pledges.services.closing import decide_if_time
from civicfund.pledges.services.errors import RefusedError
from civicfund.pledges.services.pledging import change_pledge
from civicfund.pledges.services.refund_batches import (
    approve_batch,
    follow_batches,
    refund_campaign,
)
from civicfund.pledges.services.refunding import apply_refund
from civicfund.pledges.services.refunds import left_to_refund, refund_pledge
from tests.factories.payouts import new_treasurer
from tests.factories.pledges import CampaignFactory, soon
from tests.pledges.promises import WORKS, end, let_pass, promise, work_until_done
from tests.pledges.test_refunds import ASKED, all_holds, collect, given_back
from tests.stripe.helpers import sandbox_client

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def collect_one_large(*, large_minor, small_minor, smalls):
    """Collected pledges of one campaign: the first in turn is large, the others are small."""
    campaign = CampaignFactory(goal_minor=100, deadline_at=soon(days=1))
    promised = [promise(campaign, small_minor) for _ in range(smalls + 1)]
    first, *others = sorted(promised, key=lambda pledge: pledge.pk)
    change_pledge(first, by=first.backer, amount_minor=large_minor, consent_version=CONSENT_VERSION)
    end(campaign)
    assert decide_if_time(campaign) is not None
    work_until_done()
    for pledge in promised:
        pledge.refresh_from_db()
    return first, others


def paid_without_asking(project_id, amount_minor):
    """As if a project had been paid so much of what its backers gave."""
    legs = books.balanced(
        books.Leg(books.project_pledges(project_id), amount_minor),
        books.Leg(books.STRIPE_AVAILABLE, -amount_minor),
    )
    post("paid_out", source_type="test", source_id=str(amount_minor), legs=legs, currency="EUR")


def test_one_refund_that_cannot_be_planned_holds_up_no_other_of_its_campaign(provider):
    """What cannot be given back now keeps the campaign's refund running, and is made later."""
    large, smalls = collect_one_large(large_minor=5000, small_minor=1000, smalls=2)
    batch = refund_campaign(large.campaign, by=new_treasurer(), reason=RefundReason.NOT_DELIVERED)
    approve_batch(batch, by=new_treasurer())
    paid_without_asking(large.campaign.project_id, 3000)
    work_until_done()
    follow_batches()
    batch.refresh_from_db()
    assert [left_to_refund(pledge) for pledge in (large, *smalls)] == [5000, 0, 0]
    assert sorted(given_back(provider)) == [1000, 1000]
    assert batch.state == BatchState.RUNNING
    paid_without_asking(large.campaign.project_id, -3000)
    work_until_done()
    follow_batches()
    batch.refresh_from_db()
    assert batch.state == BatchState.DONE
    assert sorted(given_back(provider)) == [1000, 1000, 5000]


def refunded(card, amount_minor=None):
    """A collected pledge, and a refund of it that was paid."""
    (pledge,) = collect(card)
    treasurer = new_treasurer()
    refund = refund_pledge(pledge, by=treasurer, amount_minor=amount_minor, reason=ASKED)
    work_until_done()
    refund.refresh_from_db()
    assert refund.state == RefundState.SUCCEEDED
    return pledge, refund


def on_its_way_back(refund):
    """What the provider says before the money has reached it again."""
    told = gateway().retrieve_refund(refund.refund_id)
    return replace(told, status=RefundStatus.FAILED, came_back=False)


def test_money_on_its_way_back_is_looked_for_until_it_is_there(provider):
    pledge, refund = refunded("pm_card_refundFail")
    apply_refund(on_its_way_back(refund))
    refund.refresh_from_db()
    assert refund.state == RefundState.SUCCEEDED
    assert left_to_refund(pledge) == 0  # nobody gives it back a second time meanwhile
    provider.control("clock", advance=120)
    let_pass(hours=2)
    work_until_done()
    refund.refresh_from_db()
    assert (refund.state, refund.next_step_at) == (RefundState.FAILED, None)
    assert collected_for(pledge.campaign.project_id) == 2500
    assert left_to_refund(pledge) == 2500
    all_holds()


def test_a_part_that_came_back_is_seen_though_the_rest_was_paid_after_it(provider):
    """What was decided before it came back makes it good no more than what was decided earlier."""
    pledge, part = refunded("pm_card_refundFail", 1000)
    rest = refund_pledge(pledge, by=new_treasurer(), reason=ASKED)
    work_until_done()
    provider.control("clock", advance=120)
    apply_refund(gateway().retrieve_refund(part.refund_id))
    assert [row.pk for row in refunds_to_look_at()] == [part.pk]
    again = refund_pledge(pledge, by=new_treasurer(), reason=ASKED)
    assert (rest.amount_minor, again.amount_minor) == (1500, 1000)
    assert list(refunds_to_look_at()) == []


def test_one_by_hand_that_came_back_before_we_heard_of_it_is_in_the_books(provider):
    (pledge,) = collect("pm_card_refundFail")
    made = sandbox_client(provider).v1.refunds.create(
        {"payment_intent": pledge.payment_intent_id, "amount": 700}
    )
    provider.control("clock", advance=120)
    for _ in range(2):
        apply_refund(gateway().retrieve_refund(made.id))
    refund = Refund.objects.get()
    assert (refund.amount_minor, refund.state) == (700, RefundState.FAILED)
    assert booked_minor("refund_paid", "refund", [str(refund.pk)]) == {str(refund.pk): 700}
    assert collected_for(pledge.campaign.project_id) == 2500
    assert left_to_refund(pledge) == 2500
    all_holds()


def test_two_refunds_of_the_same_amount_are_two_and_one_that_is_sent_again_is_one(provider):
    (pledge,) = collect(WORKS)
    treasurer, first, second = new_treasurer(), uuid4(), uuid4()
    for number in (first, first, second, second, first):
        given = refund_pledge(pledge, by=treasurer, amount_minor=1000, reason=ASKED, number=number)
        assert given.pk == number
    work_until_done()
    assert given_back(provider) == [1000, 1000]
    assert left_to_refund(pledge) == 500
    all_holds()


def test_a_number_of_another_refund_is_refused(provider):
    first, second = collect(WORKS, WORKS)
    treasurer, number = new_treasurer(), uuid4()
    refund_pledge(first, by=treasurer, amount_minor=1000, reason=ASKED, number=number)
    for pledge, amount in ((second, 1000), (first, 900)):
        with pytest.raises(RefusedError, match="another refund"):
            refund_pledge(pledge, by=treasurer, amount_minor=amount, reason=ASKED, number=number)
    assert Refund.objects.count() == 1
