"""Collecting pledges against the real sandbox process, its faults included."""

from __future__ import annotations

from datetime import timedelta

import pytest

from civicfund.audit.services import wake
from civicfund.ledger.models import Entry
from civicfund.ledger.selectors import balance_minor, collected_for, still_promised_to
from civicfund.payments.domain import IntentStatus, PaymentIntent
from civicfund.payments.gateways import gateway
from civicfund.payments.models import Orphan
from civicfund.pledges.enums import AttemptKind, AttemptState, CampaignState, PledgeState
from civicfund.pledges.models import ChargeAttempt, Pledge
from civicfund.pledges.selectors.laws import invariants
from civicfund.pledges.services.applying import apply_payment_intent
from civicfund.pledges.services.errors import RefusedError
from civicfund.pledges.services.recovery import read_back, start_recovery
from civicfund.pledges.services.settlement import settle_pledge
from tests.factories.pledges import soon
from tests.pledges.promises import (
    FAILS,
    WORKS,
    charged_at_provider,
    funded_campaign,
    let_pass,
    work_until_done,
)
from tests.stripe.helpers import sandbox_client

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def one_due(card=WORKS, amount_minor=2500):
    campaign, (pledge,) = funded_campaign(card, amount_minor=amount_minor)
    return campaign, pledge


def fresh(pledge):
    return Pledge.objects.get(pk=pledge.pk)


def test_a_funded_campaign_is_collected_in_full(provider):
    campaign, _ = funded_campaign(WORKS, WORKS, amount_minor=4000)
    work_until_done()
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.SETTLED
    assert [row.state for row in campaign.pledges.all()] == [PledgeState.COLLECTED] * 2
    assert collected_for(campaign.project_id) == 8000
    assert still_promised_to(campaign.project_id) == 0
    assert balance_minor("processor_fee") == 2 * (60 + 25)
    assert balance_minor("stripe_pending") == 8000 - 170
    assert [law.broken_by for law in invariants()] == [[]] * 10


def test_a_card_that_fails_is_shown_as_failed_and_the_rest_is_collected(provider):
    campaign, (good, bad) = funded_campaign(WORKS, FAILS)
    work_until_done()
    for row in (campaign, good, bad):
        row.refresh_from_db()
    assert campaign.state == CampaignState.RECOVERING
    assert (good.state, bad.state) == (PledgeState.COLLECTED, PledgeState.DECLINED)
    attempt = bad.attempts.get()
    assert (attempt.state, attempt.decline_code) == (AttemptState.DECLINED, "generic_decline")
    assert attempt.request_id.startswith("req_")
    assert collected_for(campaign.project_id) == 2500
    assert still_promised_to(campaign.project_id) == 2500


def test_a_pledge_has_one_intent_made_before_it_is_confirmed(provider):
    _, pledge = one_due()
    settle_pledge(pledge)
    attempt = ChargeAttempt.objects.get()
    assert (attempt.n, attempt.kind, attempt.idempotency_key) == (1, "auto", f"cf:{pledge.pk}:1")
    assert attempt.parameters == {
        "amount_minor": 2500,
        "currency": "EUR",
        "payment_method": pledge.payment_method_id,
    }
    assert attempt.charge_id == gateway().retrieve_payment_intent(
        fresh(pledge).payment_intent_id
    ).charge_id  # fmt: skip
    assert provider.control("state")["payment_intent"] == 1


def test_settling_again_changes_nothing(provider):
    campaign, pledge = one_due()
    for _ in range(3):
        settle_pledge(pledge)
    assert charged_at_provider(provider) == [2500]
    assert collected_for(campaign.project_id) == 2500
    assert ChargeAttempt.objects.count() == 1


@pytest.mark.parametrize("kind", ["lose_request", "lose_response", "error_unsaved", "error_saved"])
@pytest.mark.parametrize("step", [r"payment_intents$", r"/confirm$"])
def test_whatever_gets_lost_the_card_is_charged_once(provider, kind, step):
    campaign, pledge = one_due()
    provider.control("faults", rules=[{"kind": kind, "path": step}])
    settle_pledge(pledge)
    assert fresh(pledge).state == PledgeState.CHARGING
    assert ChargeAttempt.objects.get().state in (AttemptState.PLANNED, AttemptState.UNKNOWN)
    provider.control("faults", rules=[])
    # An answer that the provider saved as a failure is only forgotten with its key.
    provider.control("clock", advance=86_400 if kind == "error_saved" else 1)
    let_pass(minutes=3)
    settle_pledge(pledge)
    assert fresh(pledge).state == PledgeState.COLLECTED
    assert charged_at_provider(provider) == [2500]
    assert collected_for(campaign.project_id) == 2500


def test_an_answer_that_cannot_be_read_back_is_looked_for_later(provider):
    _, pledge = one_due()
    provider.control("faults", rules=[{"kind": "error_unsaved", "method": "GET"}])
    settle_pledge(pledge)
    assert ChargeAttempt.objects.get().state == AttemptState.UNKNOWN
    assert fresh(pledge).state == PledgeState.CHARGING
    provider.control("faults", rules=[])
    let_pass(minutes=3)
    settle_pledge(pledge)
    assert fresh(pledge).state == PledgeState.COLLECTED
    assert charged_at_provider(provider) == [2500]


def test_a_lost_refusal_is_heard_later_and_told_once(provider):
    _, pledge = one_due(FAILS)
    provider.control("faults", rules=[{"kind": "lose_response", "path": "/confirm$"}])
    settle_pledge(pledge)
    provider.control("faults", rules=[])
    let_pass(minutes=3)
    settle_pledge(pledge)
    assert fresh(pledge).state == PledgeState.DECLINED
    assert ChargeAttempt.objects.get().state == AttemptState.DECLINED
    assert provider.control("state")["charge"] == 1


def test_too_many_requests_only_slow_it_down(provider):
    _, pledge = one_due()
    provider.control("faults", rules=[{"kind": "rate_limit", "path": "/confirm$", "times": 1}])
    settle_pledge(pledge)
    assert fresh(pledge).state == PledgeState.CHARGING
    let_pass(seconds=6)
    settle_pledge(pledge)
    assert fresh(pledge).state == PledgeState.COLLECTED


def crashed_worker(pledge, state, *, make_intent, confirm):
    """What a worker leaves behind that was killed between two lines."""
    intent_id = ""
    if make_intent:
        intent_id = gateway().create_payment_intent(
            amount_minor=2500, currency="EUR", customer_id=pledge.customer_id,
            key=f"pi:{pledge.pk}",
            metadata={"pledge": str(pledge.pk), "campaign": str(pledge.campaign_id)},
            transfer_group=f"campaign-{pledge.campaign_id}",
        ).id  # fmt: skip
    attempt = pledge.attempts.create(
        n=1, kind="auto", state=state, idempotency_key=f"cf:{pledge.pk}:1", api_version="x",
        parameters={"payment_method": pledge.payment_method_id}, sent_at=soon(seconds=-9),
    )  # fmt: skip
    kept = intent_id if state != AttemptState.PLANNED else ""
    Pledge.objects.filter(pk=pledge.pk).update(
        state=PledgeState.CHARGING, payment_intent_id=kept, lease_until=soon(seconds=-1)
    )
    if confirm:
        gateway().confirm_payment_intent(
            intent_id, payment_method_id=pledge.payment_method_id, key=attempt.idempotency_key
        )


@pytest.mark.parametrize(
    ("state", "made", "confirmed"),
    [
        (AttemptState.PLANNED, False, False),
        (AttemptState.PLANNED, True, False),
        (AttemptState.SENT, True, False),
        (AttemptState.SENT, True, True),
    ],
)
def test_another_worker_goes_on_where_one_was_killed(provider, state, made, confirmed):
    campaign, pledge = one_due()
    crashed_worker(pledge, state, make_intent=made, confirm=confirmed)
    settle_pledge(pledge)
    assert fresh(pledge).state == PledgeState.COLLECTED
    assert charged_at_provider(provider) == [2500]
    assert collected_for(campaign.project_id) == 2500


def test_a_pledge_in_somebodys_hands_is_left_alone(provider):
    _, pledge = one_due()
    Pledge.objects.update(lease_until=soon(seconds=60))
    settle_pledge(pledge)
    assert ChargeAttempt.objects.count() == 0
    assert charged_at_provider(provider) == []


def test_a_second_intent_after_a_crash_is_never_confirmed(provider):
    _, pledge = one_due()
    crashed_worker(pledge, AttemptState.PLANNED, make_intent=True, confirm=False)
    provider.control("clock", advance=2 * 86_400)  # the key is forgotten by now
    settle_pledge(pledge)
    assert provider.control("state")["payment_intent"] == 2
    assert charged_at_provider(provider) == [2500]


def test_a_soft_decline_is_tried_again_in_two_days_with_the_same_intent(provider):
    campaign, pledge = one_due(FAILS)
    work_until_done()
    after = fresh(pledge)
    assert timedelta(days=1.9) < after.next_step_at - soon() < timedelta(days=2)
    assert timedelta(days=6.9) < after.recovery_ends_at - soon() < timedelta(days=7)
    provider.control("card", payment_method=pledge.payment_method_id, outcome="succeed")
    let_pass(days=2)
    work_until_done()
    campaign.refresh_from_db()
    assert (fresh(pledge).state, campaign.state) == (PledgeState.COLLECTED, CampaignState.SETTLED)
    assert list(ChargeAttempt.objects.values_list("n", "state")) == [
        (1, "declined"),
        (2, "succeeded"),
    ]
    assert fresh(pledge).payment_intent_id == after.payment_intent_id


def test_a_stolen_card_is_not_tried_again(provider):
    _, pledge = one_due()
    provider.control("card", payment_method=pledge.payment_method_id, outcome="stolen_card")
    work_until_done()
    after = fresh(pledge)
    assert (after.state, after.next_step_at) == (PledgeState.DECLINED, after.recovery_ends_at)


def test_a_card_whose_owner_is_needed_waits_for_its_owner(provider):
    _, pledge = one_due()
    outcome = "authentication_required"
    provider.control("card", payment_method=pledge.payment_method_id, outcome=outcome)
    work_until_done()
    after = fresh(pledge)
    assert (after.state, after.next_step_at) == (
        PledgeState.ACTION_REQUIRED,
        after.recovery_ends_at,
    )


def pay_on_page(provider, pledge, card=WORKS):
    """The backer's browser confirms the pledge's own intent with another card."""
    client = sandbox_client(provider)
    return client.v1.payment_intents.confirm(
        fresh(pledge).payment_intent_id, {"payment_method": card}
    )


def test_a_backer_who_pays_on_the_page_is_charged_once_though_the_worker_tries_too(provider):
    campaign, pledge = one_due(FAILS)
    work_until_done()
    pay_on_page(provider, pledge)
    let_pass(days=2)
    settle_pledge(pledge)
    assert fresh(pledge).state == PledgeState.COLLECTED
    assert charged_at_provider(provider) == [2500]
    assert collected_for(campaign.project_id) == 2500


def test_what_was_paid_on_the_page_has_an_attempt_of_its_own(provider):
    _, pledge = one_due(FAILS)
    work_until_done()
    intent_id = pay_on_page(provider, pledge).id
    for _ in range(2):
        apply_payment_intent(gateway().retrieve_payment_intent(intent_id))
    assert list(ChargeAttempt.objects.values_list("kind", "state")) == [
        (AttemptKind.AUTO, AttemptState.DECLINED),
        (AttemptKind.ON_SESSION, AttemptState.SUCCEEDED),
    ]


def test_a_failed_week_ends_with_the_intent_cancelled_and_the_pledge_dropped(provider):
    campaign, (good, bad) = funded_campaign(WORKS, FAILS)
    work_until_done()
    let_pass(days=8)
    work_until_done()
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.SETTLED_SHORT
    assert (fresh(good).state, fresh(bad).state) == (PledgeState.COLLECTED, PledgeState.DROPPED)
    assert gateway().retrieve_payment_intent(fresh(bad).payment_intent_id).status == "canceled"
    assert still_promised_to(campaign.project_id) == 0
    assert collected_for(campaign.project_id) == 2500
    assert [law.broken_by for law in invariants()] == [[]] * 10


def test_who_paid_in_the_last_moment_is_collected_and_not_dropped(provider):
    campaign, pledge = one_due(FAILS)
    work_until_done()
    pay_on_page(provider, pledge)
    let_pass(days=8)
    work_until_done()
    campaign.refresh_from_db()
    assert (fresh(pledge).state, campaign.state) == (PledgeState.COLLECTED, CampaignState.SETTLED)


def test_a_card_that_was_taken_away_at_the_provider_has_failed_and_another_can_pay(provider):
    _, pledge = one_due()
    gateway().detach_card(pledge.payment_method_id)
    work_until_done()
    assert fresh(pledge).state == PledgeState.DECLINED
    start_recovery(fresh(pledge))
    pay_on_page(provider, pledge)
    assert read_back(fresh(pledge)).state == PledgeState.COLLECTED


def test_an_order_that_the_provider_will_not_take_fails_alone_and_is_dropped(provider):
    campaign, (good, bad) = funded_campaign(WORKS, WORKS)
    sandbox_client(provider).v1.customers.delete(bad.customer_id)
    work_until_done()
    assert (fresh(good).state, fresh(bad).state) == (PledgeState.COLLECTED, PledgeState.DECLINED)
    assert bad.attempts.get().code == "resource_missing"
    with pytest.raises(RefusedError, match="cannot take this payment"):
        start_recovery(fresh(bad))
    let_pass(days=8)
    work_until_done()
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.SETTLED_SHORT
    assert still_promised_to(campaign.project_id) == 0


def test_a_fee_that_is_not_known_yet_is_booked_once_it_is(provider):
    _, pledge = one_due()
    provider.control("faults", rules=[{"kind": "lose_response", "path": "/confirm$"}])
    settle_pledge(pledge)
    provider.control("faults", rules=[])
    intent = gateway().retrieve_payment_intent(fresh(pledge).payment_intent_id)
    apply_payment_intent(changed(intent, fee=None))
    assert (fresh(pledge).state, fresh(pledge).fee_minor) == (PledgeState.COLLECTED, None)
    assert balance_minor("processor_fee") == 0
    let_pass(hours=2)
    work_until_done()
    assert (fresh(pledge).fee_minor, balance_minor("processor_fee")) == (63, 63)


def test_a_bank_that_takes_its_time_is_waited_for(provider):
    campaign, pledge = one_due()
    provider.control("faults", rules=[{"kind": "lose_response", "path": "/confirm$"}])
    settle_pledge(pledge)
    provider.control("faults", rules=[])
    intent = gateway().retrieve_payment_intent(fresh(pledge).payment_intent_id)
    for _ in range(2):
        apply_payment_intent(changed(intent, status=IntentStatus.PROCESSING))
    assert fresh(pledge).state == PledgeState.PROCESSING
    assert ChargeAttempt.objects.get().state == AttemptState.PROCESSING
    let_pass(hours=2)
    work_until_done()
    assert fresh(pledge).state == PledgeState.COLLECTED
    assert collected_for(campaign.project_id) == 2500


def test_a_bank_that_says_no_in_the_end_leaves_the_pledge_declined(provider):
    _, pledge = one_due(FAILS)
    provider.control("faults", rules=[{"kind": "lose_response", "path": "/confirm$"}])
    settle_pledge(pledge)
    provider.control("faults", rules=[])
    intent = gateway().retrieve_payment_intent(fresh(pledge).payment_intent_id)
    apply_payment_intent(changed(intent, status=IntentStatus.PROCESSING))
    let_pass(hours=2)
    work_until_done()
    assert fresh(pledge).state == PledgeState.DECLINED


def test_once_collected_the_card_is_forgotten(provider):
    _, pledge = one_due()
    work_until_done()
    let_pass(hours=2)
    work_until_done()
    assert fresh(pledge).card_forgotten_at is not None
    assert fresh(pledge).next_step_at is None


def changed(intent, **given):
    return PaymentIntent(**(vars(intent) | given))


@pytest.mark.parametrize(
    "lie",
    [
        {"amount_minor": 9900},
        {"currency": "USD"},
        {"customer_id": "cus_other"},
        {"livemode": True},
        {"metadata": {"pledge": "another"}},
    ],
)
def test_a_charge_that_is_not_what_was_promised_is_an_orphan_and_books_nothing(provider, lie):
    _, pledge = one_due()
    settle_pledge(pledge)
    intent = gateway().retrieve_payment_intent(fresh(pledge).payment_intent_id)
    Pledge.objects.update(state=PledgeState.CHARGING)
    before = Entry.objects.count()
    apply_payment_intent(changed(intent, **lie))
    assert fresh(pledge).state == PledgeState.CHARGING
    assert Entry.objects.count() == before
    assert Orphan.objects.get().reason == "payment_intent_differs"


def test_an_old_refusal_that_arrives_during_the_next_try_is_not_taken_for_its_answer(provider):
    _, pledge = one_due(FAILS)
    settle_pledge(pledge)
    old_news = gateway().retrieve_payment_intent(fresh(pledge).payment_intent_id)
    pledge.attempts.create(
        n=2, kind="auto", state=AttemptState.SENT, idempotency_key=f"cf:{pledge.pk}:2",
        parameters={}, api_version="x", sent_at=soon(),
    )  # fmt: skip
    Pledge.objects.update(state=PledgeState.CHARGING)
    apply_payment_intent(old_news)
    assert fresh(pledge).state == PledgeState.CHARGING
    assert pledge.attempts.get(n=2).state == AttemptState.SENT


def test_each_due_pledge_wakes_one_worker(provider):
    _, pledges = funded_campaign(WORKS, WORKS, WORKS)
    assert len(wake(Pledge.objects.due(), 2)) == 2
    assert len(wake(Pledge.objects.due(), 2)) == 1
    assert wake(Pledge.objects.due(), 2) == []
    Pledge.objects.update(woken_until=soon(seconds=-1))
    assert sorted(wake(Pledge.objects.due(), 9)) == sorted(pledge.pk for pledge in pledges)
