"""Giving collected money back, against the real sandbox: who may, how much, and only once."""

from __future__ import annotations

from contextlib import contextmanager
from threading import Barrier, Thread

import pytest
from django.db import DatabaseError, connection, transaction

from civicfund.audit.models import ActRequest, Approval
from civicfund.audit.services import request_act
from civicfund.ledger import domain as books
from civicfund.ledger.selectors import balance_minor, collected_for
from civicfund.ledger.selectors import invariants as laws_of_the_books
from civicfund.ledger.services import post
from civicfund.notices.models import Message
from civicfund.payments.gateways import gateway
from civicfund.payments.models import Orphan
from civicfund.people.enums import Role
from civicfund.people.services import grant_role
from civicfund.pledges.enums import BatchState, CampaignState, RefundReason, RefundState
from civicfund.pledges.models import Pledge, Refund, RefundBatch
from civicfund.pledges.selectors.laws import invariants
from civicfund.pledges.services.errors import RefusedError
from civicfund.pledges.services.refund_batches import (
    approve_batch,
    follow_batches,
    refund_campaign,
    reject_batch,
)
from civicfund.pledges.services.refunding import apply_refund, take_refund_step
from civicfund.pledges.services.refunds import (
    approve_refund,
    left_to_refund,
    refund_pledge,
    reject_refund,
)
from tests.factories.people import UserFactory
from tests.factories.pledges import PledgeFactory
from tests.pledges.promises import WORKS, funded_campaign, let_pass, work_until_done
from tests.stripe.helpers import sandbox_client

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
ASKED = RefundReason.ASKED


@pytest.fixture
def treasurer():
    return new_treasurer()


def new_treasurer():
    user = UserFactory()
    grant_role(user, Role.TREASURER, by=None)
    return user


@pytest.fixture
def collected(provider):
    """One pledge of 25.00 whose card was charged."""
    return collect(WORKS)[0]


def collect(*cards, amount_minor=2500):
    campaign, _ = funded_campaign(*cards, amount_minor=amount_minor)
    work_until_done()
    return list(Pledge.objects.filter(campaign=campaign).order_by("created_at"))


def given_back(provider):
    """What the provider has sent back, newest first."""
    found = sandbox_client(provider).v1.refunds.list({"limit": 100}).data
    return [refund.amount for refund in found]


@contextmanager
def refused(constraint):
    """The database refuses what is in the block, and names the constraint."""
    with pytest.raises(DatabaseError) as refusal, transaction.atomic():
        yield
    assert refusal.value.__cause__.diag.constraint_name in constraint.split("|")


def all_holds():
    broken = [law for law in (*invariants(), *laws_of_the_books()) if law.broken_by]
    assert broken == []


def test_a_pledge_is_given_back_in_two_parts(provider, collected, treasurer):
    project = collected.campaign.project_id
    refund_pledge(collected, by=treasurer, amount_minor=1000, reason=ASKED)
    assert (collected_for(project), balance_minor("refunds_payable")) == (1500, -1000)
    work_until_done()
    rest = refund_pledge(collected, by=treasurer, reason=ASKED)
    work_until_done()
    rest.refresh_from_db()
    assert (rest.state, rest.amount_minor) == (RefundState.SUCCEEDED, 1500)
    assert given_back(provider) == [1500, 1000]
    assert (collected_for(project), balance_minor("refunds_payable")) == (0, 0)
    assert balance_minor("stripe_available") == -2500
    assert left_to_refund(collected) == 0
    told = Message.objects.filter(kind="pledge_refunded", recipient=collected.backer)
    assert sorted(message.context["refunded_minor"] for message in told) == [1000, 1500]
    all_holds()


@pytest.mark.parametrize("amount_minor", [0, -1, 2501])
def test_more_or_less_than_there_is_cannot_be_given_back(collected, treasurer, amount_minor):
    with pytest.raises(RefusedError, match="between"):
        refund_pledge(collected, by=treasurer, amount_minor=amount_minor, reason=ASKED)
    assert Refund.objects.count() == 0
    assert collected_for(collected.campaign.project_id) == 2500


def test_what_is_given_back_cannot_be_given_back_again(collected, treasurer):
    refund_pledge(collected, by=treasurer, amount_minor=2000, reason=ASKED)
    with pytest.raises(RefusedError, match="between"):
        refund_pledge(collected, by=treasurer, amount_minor=501, reason=ASKED)
    assert Refund.objects.count() == 1


def test_only_a_treasurer_gives_money_back(collected):
    with pytest.raises(RefusedError, match="treasurer"):
        refund_pledge(collected, by=collected.backer, reason=ASKED)
    assert Refund.objects.count() == 0


def test_above_the_limit_a_second_treasurer_has_to_agree(provider, collected, treasurer, settings):
    settings.REFUND_ALONE_MINOR = 2000
    refund = refund_pledge(collected, by=treasurer, reason=ASKED)
    assert refund.state == RefundState.WAITING
    work_until_done()
    assert given_back(provider) == []
    with pytest.raises(RefusedError, match="Somebody else"):
        approve_refund(refund, by=treasurer)
    with pytest.raises(RefusedError, match="treasurer"):
        approve_refund(refund, by=collected.backer)
    assert Approval.objects.count() == 0
    approve_refund(refund, by=new_treasurer())
    work_until_done()
    assert given_back(provider) == [2500]
    all_holds()


def test_small_refunds_add_up_to_what_one_person_may_do_alone(provider, treasurer, settings):
    settings.REFUND_ALONE_MINOR = 4000
    first, second = collect(WORKS, WORKS)
    assert refund_pledge(first, by=treasurer, reason=ASKED).state == RefundState.PLANNED
    assert refund_pledge(second, by=treasurer, reason=ASKED).state == RefundState.WAITING
    work_until_done()
    assert given_back(provider) == [2500]
    assert left_to_refund(second) == 0  # what waits counts


def test_a_refund_that_is_not_approved_frees_its_amount(collected, treasurer, settings):
    settings.REFUND_ALONE_MINOR = 0
    refund = refund_pledge(collected, by=treasurer, reason=ASKED)
    assert left_to_refund(collected) == 0
    reject_refund(refund, by=new_treasurer())
    assert left_to_refund(collected) == 2500
    assert collected_for(collected.campaign.project_id) == 2500


def test_the_database_refuses_one_person_doing_both(collected, treasurer, settings):
    settings.REFUND_ALONE_MINOR = 0
    refund = refund_pledge(collected, by=treasurer, reason=ASKED)
    with refused("pledges_refund_two_people"):
        Refund.objects.filter(pk=refund.pk).update(state=RefundState.PLANNED)
    with refused("approval_by_another_person"):
        Approval.objects.create(
            request=ActRequest.objects.get(), requested_by=treasurer, approved_by=treasurer
        )
    forged = request_act("refund", collected, requested_by=treasurer)
    Approval.objects.create(request=forged, requested_by=treasurer, approved_by=new_treasurer())
    with refused("pledges_refund_two_people"):
        Refund.objects.filter(pk=refund.pk).update(state=RefundState.PLANNED)
    refund.refresh_from_db()
    assert refund.state == RefundState.WAITING


def bare(pledge, **more):
    return Refund(
        **{
            "pledge": pledge, "amount_minor": 100, "currency": "EUR", "reason": ASKED,
            "requested_by": pledge.backer, "alone_limit_minor": 10_000,
        } | more
    )  # fmt: skip


@pytest.mark.parametrize(
    ("more", "constraint"),
    [
        ({"amount_minor": 2501, "alone_limit_minor": 9999}, "pledges_refund_within_reach"),
        ({"currency": "USD"}, "pledges_refund_within_reach"),
        ({"alone_limit_minor": 99}, "pledges_refund_two_people"),
        ({"requested_by": None, "state": RefundState.WAITING}, "refund_asked_for_by_somebody"),
        ({"requested_by": None, "reason": RefundReason.TOO_LITTLE}, "pledges_refund_two_people"),
        ({"requested_by": None, "reason": RefundReason.ELSEWHERE}, "pledges_refund_two_people"),
        ({"state": RefundState.SUCCEEDED}, "refund_known_to_the_provider"),
        ({"amount_minor": 0}, "refund_amount_positive"),
        ({"state": "gone"}, "refund_state_known|pledges_refund_two_people"),
    ],
)
def test_the_database_refuses_a_wrong_refund(collected, more, constraint):
    with refused(constraint):
        bare(collected, **more).save()
    assert Refund.objects.count() == 0


def test_the_database_refuses_a_refund_of_what_was_not_collected():
    with refused("pledges_refund_within_reach"):
        bare(PledgeFactory()).save()


def test_a_refund_keeps_its_terms_and_is_never_deleted(provider, collected, treasurer):
    refund = refund_pledge(collected, by=treasurer, amount_minor=100, reason=ASKED)
    with refused("pledges_refund_frozen"):
        Refund.objects.filter(pk=refund.pk).update(amount_minor=200)
    with refused("pledges_refund_kept"):
        Refund.objects.filter(pk=refund.pk).delete()
    work_until_done()
    with refused("pledges_refund_kept"):
        Refund.objects.filter(pk=refund.pk).update(refund_id="re_another")


def test_what_the_project_was_paid_cannot_be_given_back(collected, treasurer):
    project = collected.campaign.project_id
    paid = books.balanced(
        books.Leg(books.project_pledges(project), 2000), books.Leg(books.STRIPE_AVAILABLE, -2000)
    )
    post("paid_out", source_type="test", source_id="1", legs=paid, currency="EUR")
    with pytest.raises(RefusedError, match="has been paid"):
        refund_pledge(collected, by=treasurer, reason=ASKED)
    refund_pledge(collected, by=treasurer, amount_minor=500, reason=ASKED)
    assert Refund.objects.count() == 1
    assert collected_for(project) == 0


@pytest.mark.parametrize("fault", ["lose_request", "lose_response", "error_unsaved", "error_saved"])
def test_a_refund_is_made_once_whatever_becomes_of_the_answer(
    provider, collected, treasurer, fault
):
    refund = refund_pledge(collected, by=treasurer, reason=ASKED)
    rule = {"kind": fault, "method": "POST", "path": "/v1/refunds", "times": 3}
    provider.control("faults", rules=[rule])
    work_until_done()
    refund.refresh_from_db()
    assert refund.state in (RefundState.PLANNED, RefundState.SUCCEEDED)
    provider.control("faults", rules=[])
    let_pass(days=2)
    work_until_done()
    refund.refresh_from_db()
    assert refund.state == RefundState.SUCCEEDED
    assert given_back(provider) == [2500]
    all_holds()


def test_a_refund_is_made_once_after_the_provider_has_forgotten_the_key(
    provider, collected, treasurer
):
    refund = refund_pledge(collected, by=treasurer, amount_minor=1000, reason=ASKED)
    provider.control(
        "faults",
        rules=[{"kind": "lose_response", "method": "POST", "path": "/v1/refunds", "times": 3}],
    )
    work_until_done()
    assert given_back(provider) == [1000]
    refund.refresh_from_db()
    assert refund.state == RefundState.PLANNED
    provider.control("clock", advance=48 * 3600)
    let_pass(days=2)
    work_until_done()
    refund.refresh_from_db()
    assert refund.state == RefundState.SUCCEEDED
    assert given_back(provider) == [1000]


def test_without_looking_first_a_forgotten_key_would_pay_twice(provider, collected, treasurer):
    """The control of the test before: what asking again under the same key comes to."""
    for _ in range(2):
        gateway().create_refund(
            collected.payment_intent_id, amount_minor=1000, key="re:same", metadata={}
        )
        provider.control("clock", advance=48 * 3600)
    assert given_back(provider) == [1000, 1000]


def test_two_workers_make_one_refund(provider, collected, treasurer):
    refund = refund_pledge(collected, by=treasurer, reason=ASKED)
    start = Barrier(4)

    def work():
        start.wait()
        take_refund_step(refund.pk)
        connection.close()

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert given_back(provider) == [2500]
    all_holds()


def test_ten_treasurers_at_once_give_back_no_more_than_there_is(collected):
    people = [new_treasurer() for _ in range(10)]
    start = Barrier(len(people))

    def ask(person):
        start.wait()
        try:
            refund_pledge(collected, by=person, amount_minor=1000, reason=ASKED)
        except RefusedError:
            pass
        finally:
            connection.close()

    threads = [Thread(target=ask, args=[person]) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Refund.objects.count() == 2
    assert collected_for(collected.campaign.project_id) == 500


def test_a_refund_that_waits_for_the_bank_is_looked_up_again(provider, treasurer):
    (pledge,) = collect("pm_card_pendingRefund")
    refund = refund_pledge(pledge, by=treasurer, reason=ASKED)
    work_until_done()
    refund.refresh_from_db()
    assert refund.state == RefundState.PENDING
    provider.control("clock", advance=120)
    let_pass(hours=1)
    work_until_done()
    refund.refresh_from_db()
    assert refund.state == RefundState.SUCCEEDED
    all_holds()


def test_a_refund_that_the_bank_sends_back_is_the_projects_again(provider, treasurer):
    (pledge,) = collect("pm_card_refundFail")
    refund = refund_pledge(pledge, by=treasurer, reason=ASKED)
    work_until_done()
    refund.refresh_from_db()
    assert refund.state == RefundState.SUCCEEDED
    provider.control("clock", advance=120)
    apply_refund(gateway().retrieve_refund(refund.refund_id))
    refund.refresh_from_db()
    assert (refund.state, refund.failure_code) == (
        RefundState.FAILED, "expired_or_canceled_card"
    )  # fmt: skip
    assert collected_for(pledge.campaign.project_id) == 2500
    assert (balance_minor("refunds_payable"), balance_minor("stripe_available")) == (0, 0)
    assert left_to_refund(pledge) == 2500
    apply_refund(gateway().retrieve_refund(refund.refund_id))
    all_holds()


def test_a_refund_that_the_provider_refuses_fails_and_moves_nothing(provider, collected, treasurer):
    refund = refund_pledge(collected, by=treasurer, reason=ASKED)
    provider.control("dispute", charge=collected.attempts.get().charge_id, reason="fraudulent")
    work_until_done()
    refund.refresh_from_db()
    assert (refund.state, refund.failure_code) == (RefundState.FAILED, "charge_disputed")
    assert collected_for(collected.campaign.project_id) == 2500
    assert balance_minor("refunds_payable") == 0
    all_holds()


def test_a_refund_made_at_the_provider_is_booked_and_noted(provider, collected):
    made = sandbox_client(provider).v1.refunds.create(
        {"payment_intent": collected.payment_intent_id, "amount": 700}
    )
    for _ in range(2):
        apply_refund(gateway().retrieve_refund(made.id))
    refund = Refund.objects.get()
    assert (refund.reason, refund.amount_minor, refund.state) == (
        RefundReason.ELSEWHERE, 700, RefundState.SUCCEEDED
    )  # fmt: skip
    assert collected_for(collected.campaign.project_id) == 1800
    assert Orphan.objects.get().reason == "refund_made_elsewhere"
    all_holds()


def test_a_whole_campaign_is_given_back_by_two_people(provider, treasurer):
    pledges = collect(WORKS, WORKS, WORKS)
    campaign = pledges[0].campaign
    refund_pledge(pledges[0], by=treasurer, amount_minor=500, reason=ASKED)
    batch = refund_campaign(campaign, by=treasurer, reason=RefundReason.NOT_DELIVERED)
    with pytest.raises(RefusedError, match="Somebody else"):
        approve_batch(batch, by=treasurer)
    with refused("pledges_refundbatch_two_people"):
        RefundBatch.objects.filter(pk=batch.pk).update(state=BatchState.RUNNING)
    work_until_done()
    assert given_back(provider) == [500]
    with pytest.raises(RefusedError, match="already being refunded"):
        refund_campaign(campaign, by=treasurer, reason=RefundReason.NOT_DELIVERED)
    approve_batch(batch, by=new_treasurer())
    work_until_done()
    follow_batches()
    batch.refresh_from_db()
    assert batch.state == BatchState.DONE
    assert sorted(given_back(provider)) == [500, 2000, 2500, 2500]
    assert collected_for(campaign.project_id) == 0
    with pytest.raises(RefusedError, match="nothing left"):
        refund_campaign(campaign, by=treasurer, reason=RefundReason.NOT_DELIVERED)
    all_holds()


def test_a_campaign_that_is_not_refunded_after_all_can_be_asked_for_again(collected, treasurer):
    batch = refund_campaign(collected.campaign, by=treasurer, reason=ASKED)
    reject_batch(batch, by=new_treasurer())
    assert refund_campaign(collected.campaign, by=treasurer, reason=ASKED).pk != batch.pk
    assert collected.campaign.state != CampaignState.REFUNDED


def test_the_laws_notice_a_refund_that_the_books_do_not_know(collected):
    post_free = Refund(
        pledge=collected, amount_minor=100, currency="EUR", reason=ASKED,
        requested_by=collected.backer, alone_limit_minor=100,
    )  # fmt: skip
    post_free.save()
    broken = {law.name: law.broken_by for law in invariants() if law.broken_by}
    assert broken == {"every refund is in the books as it stands": [str(post_free.pk)]}
