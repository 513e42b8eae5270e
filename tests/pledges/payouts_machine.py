"""The part of the histories in which a project's money leaves, with and without a plan."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress

from hypothesis import strategies as st
from hypothesis.stateful import rule

from civicfund.audit.services import wake
from civicfund.delivery.selectors import plan_of
from civicfund.delivery.services.errors import RefusedError as PlanRefusedError
from civicfund.delivery.services.reaching import confirm_reached, find_not_reached, say_reached
from civicfund.ledger import domain as books
from civicfund.ledger.models import Posting
from civicfund.payouts.enums import Method, PayoutState, ReversalState, Source
from civicfund.payouts.models import Payout, Reversal
from civicfund.payouts.services.accounts import approve_account, open_account, read_account
from civicfund.payouts.services.deciding import approve_payout, request_payout
from civicfund.payouts.services.errors import RefusedError as PayoutRefusedError
from civicfund.payouts.services.reversing import (
    approve_reversal,
    request_reversal,
    take_reversal_step,
)
from civicfund.payouts.services.sending import take_payout_step
from civicfund.states import IllegalMoveError
from tests.factories.delivery import planned
from tests.factories.pledges import soon

PAYOUT_REFUSED = (PayoutRefusedError, IllegalMoveError)
amounts = st.sampled_from([500, 1000, 2500, 4999])

PAID_OUT = ("payout_owed", "payout_called_off", "payout_reversed")
# Shares, and how many of them are reached at the beginning: more than half have a plan.
PLANS = st.sampled_from(
    [((), 0), ((), 0), ((), 0), ((100,), 1), ((40, 60), 0), ((40, 60), 1), ((30, 30, 40), 2)]
)
# For which milestone money is asked: mostly for the last that is reached.
NAMED = st.sampled_from(["last", "last", "last", "first", "next", "none"])
# What has to have happened in some of the histories, or they prove nothing of plans.
REACHED_BY_PLANS = {
    "milestone_reached", "milestone_not_reached", "milestone_out_of_turn",
    "payout_asked_by_milestone", "payout_approved_by_milestone", "payout_beyond_the_plan",
}  # fmt: skip


def came_in_and_left(project_id):
    """What a project got from pledges, and what of it left, as the books have it."""
    sums = Counter()
    account = books.project_pledges(project_id)
    rows = Posting.objects.filter(account__code=account).values_list("entry__kind", "amount_minor")
    for kind, amount in rows:
        sums[kind in PAID_OUT] += amount
    return -sums[False], sums[True]


class PaysOut:
    """What an owner and two treasurers do about a plan and about payouts.

    It keeps by itself which milestones are reached.
    """

    did = Counter()

    def plan(self, shares, reached):
        self.shares, self.reached, self.report = shares, 0, None
        if shares:
            planned(self.campaign.project, *shares)
        for _ in range(reached):
            self.say_that_a_milestone_is_reached(ahead=0)
            self.a_milestone_is_looked_at(place=0, confirmed=True)

    def milestone(self, place):
        """The milestone in this place, counted from 0; None where there is none."""
        return plan_of(self.campaign.project)[place] if 0 <= place < len(self.shares) else None

    def named(self, which):
        places = {"last": self.reached - 1, "first": 0, "next": self.reached, "none": -1}
        return self.milestone(places[which])

    @rule(ahead=st.sampled_from([0, 0, 1]))
    def say_that_a_milestone_is_reached(self, ahead):
        milestone = self.milestone(self.reached + ahead)
        if milestone is not None:
            try:
                report = say_reached(milestone, by=self.campaign.creator, words="Go and see it.")
            except PlanRefusedError:
                self.did["milestone_out_of_turn"] += 1
            else:
                assert (ahead, self.report) == (0, None)
                self.report = report

    @rule(place=st.integers(0, 1), confirmed=st.sampled_from([True, True, False]))
    def a_milestone_is_looked_at(self, place, confirmed):
        if self.report is None:
            return
        report, by, self.report = self.report, self.treasurers[place], None
        if confirmed:
            confirm_reached(report, by=by)
            self.reached += 1
        else:
            find_not_reached(report, by=by, words="Not all of it.")
        self.did["milestone_reached" if confirmed else "milestone_not_reached"] += 1

    def within_the_plan(self, payout, *, more_minor=0):
        """What has left, and ``more_minor``, is at most the share that is reached of all that came
        in until now.
        """
        if not self.shares:
            assert payout.milestone is None
            return
        place = payout.milestone.position
        assert place <= self.reached
        came_in, left = came_in_and_left(self.campaign.project_id)
        assert (left + more_minor) * 100 <= came_in * sum(self.shares[:place])
        what = "asked" if more_minor else "approved"
        self.did[f"payout_{what}_by_milestone"] += 1

    def refused(self, milestone, amount_minor):
        """Note a payout that the books would have let go, and the plan did not."""
        came_in, left = came_in_and_left(self.campaign.project_id)
        place = milestone.position if milestone else 0
        share = sum(self.shares[:place]) if place <= self.reached else 0
        is_there = amount_minor <= came_in - left
        if self.shares and is_there and (left + amount_minor) * 100 > came_in * share:
            self.did["payout_beyond_the_plan"] += 1

    @rule(amount=amounts, named=NAMED)
    def ask_for_a_payout(self, amount, named):
        if not self.onboarded:
            account = open_account(self.campaign.creator)
            self.provider.control("account", account=account.account_id, status="active")
            approve_account(read_account(account), by=self.treasurers[0])
            self.onboarded = True
        milestone = self.named(named)
        try:
            payout = request_payout(
                self.campaign.project, by=self.treasurers[0], source=Source.PLEDGES,
                method=Method.TRANSFER, amount_minor=amount, milestone=milestone,
            )  # fmt: skip
        except PAYOUT_REFUSED:
            self.refused(milestone, amount)
        else:
            self.within_the_plan(payout, more_minor=amount)

    @rule(place=st.integers(0, 1))
    def agree_to_a_payout(self, place):
        waiting = Payout.objects.filter(
            project=self.campaign.project, state=PayoutState.WAITING
        ).first()
        if waiting is not None:
            with suppress(*PAYOUT_REFUSED):
                self.within_the_plan(approve_payout(waiting, by=self.treasurers[place]))

    @rule()
    def payouts_are_sent(self):
        Payout.objects.filter(next_step_at__isnull=False).update(
            next_step_at=soon(), lease_until=None, woken_until=None
        )
        for pk in wake(Payout.objects.due(), 5):
            take_payout_step(pk)

    def pay_out(self):
        """As much as may go: to take it back needs more acts than most histories have left."""
        for amount in (2500, 500):
            self.ask_for_a_payout(amount=amount, named="last")
        self.agree_to_a_payout(place=1)
        self.payouts_are_sent()

    def take_back(self):
        """One payout, at once."""
        self.ask_to_take_a_payout_back(amount=500)
        self.agree_to_take_it_back(place=1)
        self.payouts_are_taken_back()

    # No rule has a condition: what the database and the provider make of a history is not the same
    # to the letter each time, and then the choices of one run would not fit another.
    @rule(amount=amounts)
    def ask_to_take_a_payout_back(self, amount):
        paid = Payout.objects.filter(
            project=self.campaign.project, state=PayoutState.PAID, method=Method.TRANSFER
        ).first()
        if paid is not None:
            with suppress(*PAYOUT_REFUSED):
                request_reversal(
                    paid, by=self.treasurers[0], amount_minor=min(amount, paid.amount_minor)
                )

    @rule(place=st.sampled_from([1, 1, 0]))
    def agree_to_take_it_back(self, place):
        waiting = Reversal.objects.filter(
            payout__project=self.campaign.project, state=ReversalState.WAITING
        ).first()
        if waiting is not None:
            with suppress(*PAYOUT_REFUSED):
                approve_reversal(waiting, by=self.treasurers[place])

    @rule()
    def payouts_are_taken_back(self):
        for pk in wake(Reversal.objects.due(), 5):
            take_reversal_step(pk)
