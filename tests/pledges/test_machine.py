"""Whatever people, banks, workers and the provider do in whatever order, the laws hold."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as how
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from civicfund.audit.services import wake
from civicfund.launch.trouble import say
from civicfund.ledger import domain as books
from civicfund.ledger.models import Entry
from civicfund.ledger.selectors import balance_minor
from civicfund.ledger.selectors import invariants as laws_of_the_books
from civicfund.payments.domain import CardDeclined
from civicfund.payments.gateways import gateway
from civicfund.payouts.models import Payout, Reversal
from civicfund.payouts.selectors import invariants as laws_of_payouts
from civicfund.pledges.domain import CONSENT_VERSION
from civicfund.pledges.enums import (
    CHARGED_PLEDGE,
    OWED_PLEDGE,
    CampaignState,
    DisputeState,
    RefundReason,
    RefundState,
    ShortPolicy,
)
from civicfund.pledges.models import Campaign, Dispute, Pledge, Refund
from civicfund.pledges.selectors.laws import invariants as laws_of_pledges
from civicfund.pledges.selectors.laws import overdue
from civicfund.pledges.services import steps
from civicfund.pledges.services.applying import apply_payment_intent
from civicfund.pledges.services.cards import save_test_card
from civicfund.pledges.services.closing import decide_if_time
from civicfund.pledges.services.disputes import apply_dispute
from civicfund.pledges.services.errors import RefusedError
from civicfund.pledges.services.pledging import cancel_pledge, change_pledge
from civicfund.pledges.services.refunding import apply_refund, take_refund_step
from civicfund.pledges.services.refunds import approve_refund, refund_pledge
from civicfund.pledges.services.releasing import book_released
from tests.factories.payouts import new_treasurer
from tests.factories.people import UserFactory
from tests.factories.pledges import CampaignFactory, soon
from tests.pledges.payouts_machine import (
    PAYOUT_REFUSED,
    PLANS,
    REACHED_BY_PLANS,
    PaysOut,
    amounts,
    came_in_and_left,
)
from tests.pledges.promises import choose, end, let_pass, work_until_done
from tests.sizes import FULL, size
from tests.stripe.helpers import sandbox_client

CARDS = (
    "pm_card_visa",
    "pm_card_bypassPending",
    "pm_card_chargeCustomerFail",
    "pm_card_authenticationRequiredOnSetup",
    "pm_card_pendingRefund",
    "pm_card_refundFail",
    "pm_card_createDispute",
)
# Half of all promises are made with a card that pays, and whose money can be used at once; of the
# rest more than others with one whose refund comes back, which takes many acts.
LIKELY_CARDS = (*CARDS, *["pm_card_bypassPending"] * len(CARDS), *["pm_card_refundFail"] * 3)
BACKERS = 4
MOST_ROUNDS = 30  # until a history has come to its end
LONG = how(
    max_examples=size(6, 500),
    stateful_step_count=size(25, 50),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
# What has to have happened in some of the histories, or they prove nothing.
REACHED = {"promise", "charge", "fee", "promise_ended"} | (
    {
        "available", "refund_owed", "refund_paid", "refund_came_back", "dispute_opened",
        "dispute_won", "dispute_lost", "payout_owed", "payout_made", "payout_reversed",
        *REACHED_BY_PLANS,
    }
    if FULL
    else set()
)  # fmt: skip
REFUSED = (RefusedError, CardDeclined, *PAYOUT_REFUSED)
who = st.integers(0, BACKERS - 1)


class Money(PaysOut, RuleBasedStateMachine):
    """One campaign, a few backers, two treasurers, a provider that is really there."""

    provider = None  # set by the test
    kept = 0

    @initialize(
        goal=st.sampled_from([500, 2500, 6000]),
        floor=st.sampled_from([None, None, 40, 90]),
        promises=st.lists(
            st.tuples(amounts, st.sampled_from(LIKELY_CARDS)), min_size=2, max_size=BACKERS
        ),
        ends_at_once=st.sampled_from([True, True, False]),
        charged_at_once=st.sampled_from([True, True, False]),
        fees=st.sampled_from([(0, "town"), (50, "project"), (333, "town"), (999, "project")]),
        plan=PLANS,
        paid_at_once=st.booleans(),
        taken_back_at_once=st.booleans(),
        given_back_at_once=st.booleans(),
    )
    def begin(
        self, goal, floor, promises, ends_at_once, charged_at_once, fees, plan, paid_at_once,
        taken_back_at_once, given_back_at_once,
    ):  # fmt: skip
        """Most histories begin where money does: funded and, as likely as not, charged."""
        self.provider.reset()
        for rows in (
            Pledge,
            Refund,
            Payout,
            Reversal,
        ):  # of histories that this provider has forgotten
            rows.objects.filter(next_step_at__isnull=False).update(next_step_at=None)
        self.client = sandbox_client(self.provider)
        self.backers = UserFactory.create_batch(BACKERS)
        self.treasurers = [new_treasurer(), new_treasurer()]
        self.campaign = CampaignFactory(
            goal_minor=goal,
            deadline_at=soon(days=1),
            floor_percent=floor,
            town_fee_thousandths=fees[0],
            provider_fee_by=fees[1],
            short_policy=ShortPolicy.FLOOR if floor else ShortPolicy.PAY_ANYWAY,
        )
        self.held_before = held()
        self.onboarded = False
        self.plan(*plan)
        for n, (amount, card) in enumerate(promises):
            self.pledge(n, amount, card)
        if ends_at_once:
            self.deadline()
        if charged_at_once:
            self.sweep()
            self.sweep()
        if paid_at_once:
            self.pay_out()
        if taken_back_at_once:
            self.take_back()
        if given_back_at_once:
            self.one_is_given_back()

    def mine(self, n):
        return Pledge.objects.filter(campaign=self.campaign, backer=self.backers[n]).first()

    def theirs(self, **wanted):
        return Pledge.objects.filter(campaign=self.campaign, **wanted).order_by("created_at")

    @rule(n=who, amount=amounts, card=st.sampled_from(CARDS))
    def pledge(self, n, amount, card):
        with suppress(*REFUSED):
            save_test_card(choose(self.campaign, amount, backer=self.backers[n]), card)

    @rule(n=who, amount=amounts)
    def change(self, n, amount):
        if (mine := self.mine(n)) is not None:
            with suppress(*REFUSED):
                change_pledge(
                    mine, by=mine.backer, amount_minor=amount, consent_version=CONSENT_VERSION
                )

    @rule(n=who)
    def cancel(self, n):
        if (mine := self.mine(n)) is not None:
            with suppress(*REFUSED):
                cancel_pledge(mine, by=mine.backer)

    @rule()
    def deadline(self):
        self.campaign.refresh_from_db()
        if self.campaign.state != CampaignState.LIVE:
            return
        end(self.campaign)
        decide_if_time(self.campaign)
        self.campaign.refresh_from_db()

    @rule()
    def sweep(self):
        for pk in wake(Pledge.objects.due(), 2):
            steps.take_step(pk)
        steps.move_campaign(self.campaign.pk)

    @rule(days=st.sampled_from([1, 3, 8]))
    def time_passes(self, days):
        let_pass(days=days)
        self.provider.control("clock", advance=days * 86_400)

    @rule(n=who)
    def news_of_a_payment(self, n):
        if (mine := self.mine(n)) is not None and mine.payment_intent_id:
            apply_payment_intent(gateway().retrieve_payment_intent(mine.payment_intent_id))

    @rule(n=who, card=st.sampled_from(["pm_card_visa", "pm_card_visa_chargeDeclined"]))
    def pay_on_the_page(self, n, card):
        mine = self.mine(n)
        if mine is not None and mine.payment_intent_id and mine.state in OWED_PLEDGE:
            with suppress(Exception):  # whatever the provider says there, news of it come later
                self.client.v1.payment_intents.confirm(
                    mine.payment_intent_id, {"payment_method": card}
                )

    @rule(n=who, amount=amounts | st.none(), limit=st.sampled_from([0, 3000, 50_000]))
    def give_back(self, n, amount, limit):
        if (mine := self.mine(n)) is not None:
            self.provider_settings.REFUND_ALONE_MINOR = limit
            with suppress(*REFUSED):
                refund_pledge(
                    mine, by=self.treasurers[0], amount_minor=amount, reason=RefundReason.ASKED
                )

    def one_is_given_back(self):
        """To the first backer, whole; with some cards it comes back a day later."""
        self.give_back(n=0, amount=None, limit=50_000)
        self.refunds_are_sent_and_heard_of()
        self.time_passes(days=1)
        self.refunds_are_sent_and_heard_of()

    @rule(place=st.integers(0, 1))
    def agree_to_a_refund(self, place):
        waiting = Refund.objects.filter(
            pledge__campaign=self.campaign, state=RefundState.WAITING
        ).first()
        if waiting is not None:
            with suppress(*REFUSED):
                approve_refund(waiting, by=self.treasurers[place])

    @rule()
    def refunds_are_sent_and_heard_of(self):
        work_refunds(self.client)

    @rule(n=who)
    def dispute(self, n):
        mine = self.mine(n)
        charged = mine.attempts.exclude(charge_id="").last() if mine else None
        if charged is not None and mine.state in CHARGED_PLEDGE:
            with suppress(ValueError):  # the provider may refuse: disputed already, refunded
                self.provider.control("dispute", charge=charged.charge_id, reason="fraudulent")

    @rule()
    def disputes_are_heard_of(self):
        hear_disputes(self.client)

    @rule(won=st.booleans())
    def a_bank_decides(self, won):
        opened = Dispute.objects.filter(
            pledge__campaign=self.campaign, state=DisputeState.OPEN
        ).first()
        if opened is not None:
            with suppress(ValueError):  # decided already, and not heard of yet
                self.provider.control(
                    "dispute", dispute=opened.pk, outcome="won" if won else "lost"
                )

    @rule()
    def money_is_released(self):
        book_released(100)

    @invariant()
    def the_laws_hold(self):
        late = {law.name for law in overdue()}
        laws = (*laws_of_the_books(), *laws_of_pledges(), *laws_of_payouts())
        broken = [law for law in laws if law.broken_by and law.name not in late]
        assert broken == []
        assert -balance_minor("refunds_payable") >= 0
        assert -balance_minor("payouts_payable") >= 0

    def teardown(self):
        """In the end, once everything is heard of, our books are what the provider holds."""
        if not hasattr(self, "campaign"):
            return
        seen = []
        while seen[-3:] != [self.both_sides()] * 3:  # three rounds in which nothing came
            assert len(seen) < MOST_ROUNDS, "it does not come to an end"
            seen.append(self.both_sides())
            self.hear_of_everything()
        assert held() - self.held_before == provider_holds(self.client)
        self.the_laws_hold()
        self.everybody_was_charged_at_most_once()
        self.say_how_far()

    def both_sides(self):
        return held() - self.held_before, provider_holds(self.client), Entry.objects.count()

    def hear_of_everything(self):
        work_until_done()
        hear_disputes(self.client)
        work_refunds(self.client)
        for pledge in self.theirs().exclude(payment_intent_id=""):
            apply_payment_intent(gateway().retrieve_payment_intent(pledge.payment_intent_id))
        let_pass(hours=3)

    def say_how_far(self):
        """At full size it takes hours: a run that is cut off has shown this much."""
        Money.kept += 1
        if FULL:
            booked = Entry.objects.count()
            say(f"{Money.kept} histories kept every law to their end; {booked} entries booked")

    def everybody_was_charged_at_most_once(self):
        charged = [each for each in self.client.v1.charges.list({"limit": 100}).data if each.paid]
        intents = [each.payment_intent for each in charged]
        assert len(intents) == len(set(intents))
        outcome = getattr(Campaign.objects.get(pk=self.campaign.pk), "outcome", None)
        if outcome is None or outcome.decision != "funded":
            assert intents == []
        expected = set(
            self.theirs(state__in=CHARGED_PLEDGE).values_list("payment_intent_id", flat=True)
        )
        assert set(intents) == expected


def held():
    """What our books say is with the provider, in minor units."""
    return balance_minor(books.STRIPE_PENDING) + balance_minor(books.STRIPE_AVAILABLE)


def provider_holds(client):
    balance = client.v1.balance.retrieve()
    return sum(part.amount for part in (*balance.available, *balance.pending))


def hear_disputes(client):
    for told in client.v1.disputes.list({"limit": 100}).data:
        apply_dispute(gateway().retrieve_dispute(told.id))


def work_refunds(client):
    """Send what is due, and hear of every refund there is."""
    for pk in wake(Refund.objects.due(), 5):
        take_refund_step(pk)
    for told in client.v1.refunds.list({"limit": 100}).data:
        apply_refund(gateway().retrieve_refund(told.id))


@pytest.fixture
def machine(provider, settings):
    settings.CLOSING_GRACE_SECONDS = 0
    settings.PAYOUT_RESERVE_PERCENT = 0
    Money.provider, Money.provider_settings, Money.kept = provider, settings, 0
    Money.did.clear()
    return Money


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_the_laws_hold_whatever_happens_in_whatever_order(machine):
    run_state_machine_as_test(machine, settings=LONG)
    booked = Counter(Entry.objects.values_list("kind", flat=True)) + machine.did
    assert set(booked) >= REACHED, booked


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_a_history_with_a_plan_reaches_all_that_is_asked_of_plans(machine):
    """So that the small run, too, shows that these rules do something."""
    history = machine()
    history.begin(
        goal=500, floor=None, promises=[(4999, "pm_card_bypassPending")] * 2, ends_at_once=True,
        charged_at_once=True, fees=(0, "town"), plan=((40, 60), 0), paid_at_once=False,
        taken_back_at_once=False, given_back_at_once=False,
    )  # fmt: skip
    for _ in range(3):
        history.sweep()
    assert came_in_and_left(history.campaign.project_id) == (9998, 0)
    history.say_that_a_milestone_is_reached(ahead=1)
    history.say_that_a_milestone_is_reached(ahead=0)
    history.a_milestone_is_looked_at(place=1, confirmed=False)
    history.ask_for_a_payout(amount=500, named="next")
    history.say_that_a_milestone_is_reached(ahead=0)
    history.a_milestone_is_looked_at(place=1, confirmed=True)
    for amount in (4999, 2500):  # of 99.98, 40 percent are 39.99
        history.ask_for_a_payout(amount=amount, named="last")
    history.agree_to_a_payout(place=1)
    history.payouts_are_sent()
    assert history.did == Counter(dict.fromkeys(REACHED_BY_PLANS, 1)) + Counter(
        payout_beyond_the_plan=1
    )
    assert came_in_and_left(history.campaign.project_id) == (9998, 2500)
    history.teardown()
    history.shares = (20, 80)
    with pytest.raises(AssertionError):  # the control: what is asked after each payout can fail
        history.within_the_plan(Payout.objects.get())
