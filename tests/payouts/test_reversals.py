"""A transfer taken back, against the real sandbox: two people, once, never more than was sent."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import F

from civicfund.audit.services import wake
from civicfund.ledger.selectors import balance_minor
from civicfund.ledger.selectors import invariants as laws_of_the_books
from civicfund.notices.models import Message
from civicfund.payments.models import Orphan
from civicfund.payouts.enums import Method, ReversalState, Source
from civicfund.payouts.models import Reversal, Withdrawal
from civicfund.payouts.selectors import invariants, purse_of
from civicfund.payouts.services.deciding import approve_payout, request_payout
from civicfund.payouts.services.errors import RefusedError
from civicfund.payouts.services.reversing import (
    approve_reversal,
    reject_reversal,
    request_reversal,
    take_reversal_step,
)
from civicfund.pledges.enums import RefundReason, RefundState
from civicfund.pledges.models import Pledge, Refund
from civicfund.pledges.services.errors import RefusedError as RefundRefusedError
from civicfund.pledges.services.refunds import refund_pledge
from civicfund.reconciliation.models import Difference
from tests.factories.delivery import planned, reach
from tests.factories.payouts import new_treasurer
from tests.payouts.test_payouts import approved, project, send_all  # noqa: F401 -- a fixture
from tests.pledges.promises import work_until_done
from tests.pledges.test_refunds import refused
from tests.reconciliation.test_reconciling import run
from tests.stripe.helpers import sandbox_client

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
# Of 100.00 that backers paid, the provider keeps a fee: not all of it can be transferred.
TRANSFERRED, RESTS = 8000, 2000


@pytest.fixture
def paid(project):  # noqa: F811
    """Most of what a project's backers paid, transferred to its owner."""
    payout = approved(project, TRANSFERRED)
    send_all()
    payout.refresh_from_db()
    return payout


def agreed(payout, amount_minor=4000):
    asked = request_reversal(payout, by=new_treasurer(), amount_minor=amount_minor)
    return approve_reversal(asked, by=new_treasurer())


def take_back():
    for pk in wake(Reversal.objects.due(), 100):
        take_reversal_step(pk)


def later():
    for name in ("next_step_at", "lease_until", "woken_until"):
        rows = Reversal.objects.filter(**{f"{name}__isnull": False})
        rows.update(**{name: F(name) - timedelta(hours=1)})


def reversed_at(provider):
    [transfer] = sandbox_client(provider).v1.transfers.list().data
    return transfer.amount_reversed


def owed(payout):
    return purse_of(payout.project_id, Source.PLEDGES).owed_minor


def all_holds():
    assert [law for law in (*invariants(), *laws_of_the_books()) if law.broken_by] == []


def test_backers_of_a_paid_project_are_refunded_once_money_was_taken_back(provider, paid, settings):
    settings.REFUND_ALONE_MINOR = TRANSFERRED
    pledge = Pledge.objects.get()
    with pytest.raises(RefundRefusedError, match="has been paid"):
        refund_pledge(pledge, by=new_treasurer(), amount_minor=4000, reason=RefundReason.ASKED)
    reversal = agreed(paid)
    assert (reversed_at(provider), owed(paid)) == (0, RESTS)
    take_back()
    reversal.refresh_from_db()
    assert (reversal.state, reversal.reversal_id[:4]) == (ReversalState.DONE, "trr_")
    assert (reversed_at(provider), owed(paid)) == (4000, RESTS + 4000)
    assert purse_of(paid.project_id, Source.PLEDGES).paid_minor == TRANSFERRED - 4000
    assert Message.objects.get(kind="own_payout_taken_back").recipient == paid.project.proposer
    refund_pledge(pledge, by=new_treasurer(), amount_minor=4000, reason=RefundReason.ASKED)
    work_until_done()
    assert Refund.objects.get().state == RefundState.SUCCEEDED
    all_holds()


def test_one_person_takes_nothing_back(provider, paid):
    treasurer = new_treasurer()
    reversal = request_reversal(paid, by=treasurer, amount_minor=4000)
    with pytest.raises(RefusedError, match="Somebody else"):
        approve_reversal(reversal, by=treasurer)
    with refused("payouts_reversal_two_people"):
        Reversal.objects.filter(pk=reversal.pk).update(state=ReversalState.APPROVED)
    with refused("payouts_reversal_two_people"):
        Reversal.objects.create(
            payout=paid, amount_minor=1, currency="EUR", requested_by=treasurer,
            state=ReversalState.APPROVED,
        )  # fmt: skip
    with pytest.raises(RefusedError, match="treasurer"):
        approve_reversal(reversal, by=paid.project.proposer)
    take_back()
    assert (reversed_at(provider), owed(paid)) == (0, RESTS)
    assert reject_reversal(reversal, by=treasurer).state == ReversalState.CANCELLED


def test_never_more_is_taken_back_than_was_sent(paid):
    agreed(paid, 6000)
    assert paid.left_to_take_back_minor == 2000
    with pytest.raises(RefusedError, match="can be taken back"):
        request_reversal(paid, by=new_treasurer(), amount_minor=2001)
    with refused("payouts_reversal_within_reach"):
        Reversal.objects.create(
            payout=paid, amount_minor=2001, currency="EUR", requested_by=new_treasurer()
        )
    assert Reversal.objects.count() == 1


def test_a_reversal_keeps_what_it_is(paid):
    reversal = agreed(paid)
    with refused("payouts_reversal_frozen"):
        Reversal.objects.filter(pk=reversal.pk).update(amount_minor=1)
    with refused("payouts_reversal_kept"):
        reversal.delete()
    with refused("reversal_done_with_a_proof"):
        Reversal.objects.filter(pk=reversal.pk).update(state=ReversalState.DONE)
    take_back()
    with refused("payouts_reversal_kept"):
        Reversal.objects.filter(pk=reversal.pk).update(state=ReversalState.WAITING)
    with refused("payouts_reversal_kept"):
        Reversal.objects.filter(pk=reversal.pk).update(reversal_id="trr_other")


@pytest.mark.parametrize("kind", ["lose_request", "lose_response", "error_saved"])
def test_a_lost_answer_takes_back_once(provider, paid, kind):
    agreed(paid)
    provider.control("faults", rules=[{"kind": kind, "path": "/reversals$", "method": "POST"}])
    take_back()
    assert owed(paid) == RESTS
    provider.control("faults", rules=[])
    provider.control("clock", advance=90_000)  # the provider has forgotten the key
    later()
    take_back()
    assert (reversed_at(provider), owed(paid)) == (4000, RESTS + 4000)
    all_holds()


def test_what_the_recipient_has_not_any_more_is_said_to_treasurers(provider, paid):
    client = sandbox_client(provider)
    client.v1.transfers.reversals.create(paid.transfer_id, {"amount": TRANSFERRED})
    reversal = agreed(paid)
    take_back()
    reversal.refresh_from_db()
    assert reversal.state == ReversalState.FAILED
    assert reversal.failure_code
    assert owed(paid) == RESTS


def test_one_by_hand_that_leaves_no_room_for_what_waits_is_listed_and_holds_up_no_other(
    provider, paid
):
    waits = request_reversal(paid, by=new_treasurer(), amount_minor=4000)
    client = sandbox_client(provider)
    made = client.v1.transfers.reversals.create(paid.transfer_id, {"amount": TRANSFERRED})
    client.v1.payouts.create({"amount": 1000, "currency": "eur"})
    first = run()
    assert (first.healed, first.differing) == (1, 1)
    assert Difference.objects.get(ended_at=None).object_id == made.id
    reject_reversal(waits, by=new_treasurer())
    second = run()
    assert (second.healed, second.differing) == (1, 0)
    assert owed(paid) == RESTS + TRANSFERRED
    all_holds()


def test_money_sent_to_the_towns_own_bank_is_booked_by_the_comparison(provider, project):  # noqa: F811
    client = sandbox_client(provider)
    sent = client.v1.payouts.create({"amount": 3000, "currency": "eur"})
    assert run().healed == 1
    assert Difference.objects.get().kind == "withdrawal"
    assert (balance_minor("bank"), balance_minor("stripe_available")) == (3000, -3000)
    all_holds()
    provider.control("payout", payout=sent.id)  # the bank does not take it
    assert run().differing == 0
    assert (balance_minor("bank"), balance_minor("stripe_available")) == (0, 0)
    assert Withdrawal.objects.get().came_back
    assert run().healed == 0
    all_holds()


def test_a_law_names_a_withdrawal_that_is_not_in_the_books(project):  # noqa: F811
    Withdrawal.objects.create(id="po_1", amount_minor=1, currency="EUR")
    broken = {law.name: law.broken_by for law in invariants() if law.broken_by}
    assert list(broken.values()) == [["po_1"]]


def test_one_made_by_hand_is_found_by_the_comparison_and_booked_once(provider, paid):
    made = sandbox_client(provider).v1.transfers.reversals.create(
        paid.transfer_id, {"amount": 2500}
    )
    assert (run().healed, run().healed) == (1, 0)
    difference = Difference.objects.get()
    assert (difference.kind, difference.object_id) == ("transfer_returned", made.id)
    assert Reversal.objects.get().requested_by is None
    assert owed(paid) == RESTS + 2500
    assert balance_minor("stripe_available") == 2500 - TRANSFERRED
    assert Orphan.objects.get().reason == "reversal_made_elsewhere"
    all_holds()


def test_what_is_taken_back_can_leave_again_by_the_same_milestone(provider, project):  # noqa: F811
    milestone = reach(planned(project, 50, 50)[0])

    def ask(amount_minor):
        return request_payout(
            project, by=new_treasurer(), source=Source.PLEDGES, method=Method.TRANSFER,
            amount_minor=amount_minor, milestone=milestone,
        )  # fmt: skip

    payout = approve_payout(ask(5_000), by=new_treasurer())
    send_all()
    payout.refresh_from_db()
    assert purse_of(project.pk, Source.PLEDGES).free_minor == 0
    agreed(payout, 2_000)
    take_back()
    assert purse_of(project.pk, Source.PLEDGES).free_minor == 2_000
    with pytest.raises(RefusedError):
        ask(2_001)
    approve_payout(ask(2_000), by=new_treasurer())
    send_all()
    assert [law for law in (*invariants(), *laws_of_the_books()) if law.broken_by] == []
