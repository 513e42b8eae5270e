"""Closing while backers act, and the books while two write the same."""

from __future__ import annotations

import threading

import pytest
from django.db import transaction

from civicfund.audit.services import db_now
from civicfund.ledger import domain as books
from civicfund.ledger.models import Entry
from civicfund.ledger.selectors import balance_minor
from civicfund.ledger.services import post
from civicfund.pledges.domain import CONSENT_VERSION
from civicfund.pledges.enums import CampaignState, PledgeState
from civicfund.pledges.models import Campaign, CampaignOutcome, Pledge
from civicfund.pledges.selectors.laws import invariants
from civicfund.pledges.services.closing import close_if_over, decide_if_time
from civicfund.pledges.services.errors import RefusedError
from civicfund.pledges.services.pledging import cancel_pledge, change_pledge
from tests.factories.pledges import CampaignFactory, PledgeFactory, soon
from tests.pledges.promises import choose
from tests.races.threads import together

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_campaign_is_decided_once_by_eight_sweeps():
    campaign = CampaignFactory(goal_minor=2500, deadline_at=soon(seconds=-1))
    PledgeFactory.create_batch(3, campaign=campaign)
    together([lambda: (close_if_over(campaign), decide_if_time(campaign))] * 8)
    assert CampaignOutcome.objects.count() == 1
    assert set(Pledge.objects.values_list("state", flat=True)) == {PledgeState.DUE}
    assert Entry.objects.filter(kind="promise").count() == 1


def test_changes_across_the_deadline_are_all_in_or_all_out():
    """Each backer changes or takes back while the campaign closes under them."""
    campaign = CampaignFactory(goal_minor=1, deadline_at=soon(seconds=2))
    pledges = PledgeFactory.create_batch(12, campaign=campaign)
    # On a machine that is held up a change may come too late for every try.
    told: dict[object, int] = {pledge.pk: pledge.amount_minor for pledge in pledges}

    def keep_changing(pledge):
        amount = 2500
        try:
            while True:
                amount += 100
                change_pledge(
                    pledge, by=pledge.backer, amount_minor=amount, consent_version=CONSENT_VERSION
                )
                told[pledge.pk] = amount
        except RefusedError:
            return

    def keep_closing():
        while decide_if_time(campaign) is None:
            close_if_over(campaign)

    together([lambda pledge=pledge: keep_changing(pledge) for pledge in pledges] + [keep_closing])
    assert dict(Pledge.objects.values_list("pk", "amount_minor")) == told
    assert CampaignOutcome.objects.get().pledged_minor == sum(told.values())
    assert invariants()[2].broken_by == []


def test_no_pledge_is_taken_after_the_deadline():
    for seconds in (0.5, 5, 30):  # a slow machine gets another try, with more time
        campaign, taken, ended = pledged_until_the_deadline(seconds)
        assert len(taken) == Pledge.objects.filter(campaign=campaign).count()
        assert all(at >= campaign.deadline_at for at in ended)
        if taken:
            break
    assert taken


def pledged_until_the_deadline(seconds):
    """A campaign that ends so soon, what eight took of it, and when each was told that it had."""
    campaign = CampaignFactory(deadline_at=soon(seconds=seconds))
    taken: list[object] = []
    lock = threading.Lock()

    def keep_pledging():
        try:
            while True:
                made = choose(campaign)
                with lock:
                    taken.append(made.pk)
        except RefusedError:
            return db_now()

    return campaign, taken, together([keep_pledging] * 8)


def test_control_without_the_campaigns_lock_a_change_slips_in_after_the_decision():
    """What the tests above would miss if they were too weak: decide without waiting."""
    campaign = CampaignFactory(goal_minor=1, deadline_at=soon(seconds=-1))
    pledge = PledgeFactory(campaign=campaign)
    changed, decided = threading.Event(), threading.Event()

    def careless_change():
        with transaction.atomic():
            Pledge.objects.filter(pk=pledge.pk).update(amount_minor=9900)
            changed.set()
            decided.wait(30)

    def careless_decision():
        changed.wait(30)
        with transaction.atomic():
            total = sum(Pledge.objects.values_list("amount_minor", flat=True))
            CampaignOutcome.objects.create(
                campaign=campaign, decision="funded", pledged_minor=total, pledges=1, digest="0"
            )
            Campaign.objects.update(state=CampaignState.FUNDED)
        decided.set()

    together([careless_change, careless_decision])
    assert invariants()[2].broken_by == [str(campaign.pk)]


def test_cancelling_and_deciding_at_once_leave_one_truth():
    campaign = CampaignFactory(goal_minor=2500, deadline_at=soon(seconds=0.3))
    pledge = PledgeFactory(campaign=campaign)

    def decide():
        while decide_if_time(campaign) is None:
            close_if_over(campaign)

    results = together([lambda: cancel_pledge(pledge, by=pledge.backer), decide])
    taken_back = isinstance(results[0], Pledge)
    state = Pledge.objects.get().state
    assert state == (PledgeState.CANCELLED if taken_back else PledgeState.DUE)


def test_one_fact_posted_by_ten_at_once_is_one_entry():
    def book():
        return post(
            "charge", source_type="pledge", source_id="p1",
            legs=books.charge(7, 2500), currency="EUR",
        )  # fmt: skip

    entries = together([book] * 10)
    assert len({entry.pk for entry in entries}) == Entry.objects.count() == 1
    assert balance_minor("stripe_pending") == 2500
