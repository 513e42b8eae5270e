"""The last of a limited reward, wanted by many at once."""

from __future__ import annotations

import threading

import pytest
from django.db import transaction

from civicfund.pledges.domain import CONSENT_VERSION
from civicfund.pledges.enums import PledgeState
from civicfund.pledges.models import Pledge, Reward
from civicfund.pledges.services.errors import RefusedError
from civicfund.pledges.services.pledging import cancel_pledge, change_pledge
from tests.factories.people import UserFactory
from tests.factories.pledges import CampaignFactory, PledgeFactory, RewardFactory
from tests.pledges.promises import choose
from tests.races.threads import together

pytestmark = pytest.mark.django_db(transaction=True)

BUYERS = 20


def test_twenty_buyers_of_the_last_three_are_three_pledges():
    reward = RewardFactory(limit=3)
    backers = UserFactory.create_batch(BUYERS)
    results = together(
        [
            lambda backer=backer: choose(reward.campaign, reward=reward, backer=backer)
            for backer in backers
        ]
    )
    reward.refresh_from_db()
    assert sum(isinstance(result, Pledge) for result in results) == 3
    assert sum(isinstance(result, RefusedError) for result in results) == BUYERS - 3
    assert (reward.claimed, Pledge.objects.filter(reward=reward).count()) == (3, 3)


def test_control_without_the_guarded_count_the_same_race_oversells():
    """What the test above would miss if it were too weak: look first, then write."""
    reward = RewardFactory(limit=3)
    backers = UserFactory.create_batch(BUYERS)
    looked = threading.Barrier(BUYERS)

    def careless(backer):
        with transaction.atomic():
            seen = Reward.objects.get(pk=reward.pk)
            assert seen.claimed < 3
            looked.wait(30)
            Reward.objects.filter(pk=reward.pk).update(claimed=seen.claimed + 1)
            PledgeFactory(
                campaign_id=reward.campaign_id, campaign=None, backer=backer, reward=seen,
                currency="EUR",
            )  # fmt: skip

    together([lambda backer=backer: careless(backer) for backer in backers])
    assert Pledge.objects.filter(reward=reward).count() > 3


def test_one_backer_in_twenty_windows_has_one_pledge():
    reward = RewardFactory(limit=5)
    backer = UserFactory()
    results = together([lambda: choose(reward.campaign, reward=reward, backer=backer)] * BUYERS)
    reward.refresh_from_db()
    assert {result.pk for result in results} == {Pledge.objects.get().pk}
    assert reward.claimed == 1


def test_swapping_rewards_crosswise_ends_and_keeps_count():
    first, second = RewardFactory.create_batch(2, campaign=CampaignFactory(), limit=20, claimed=5)
    pledges = [
        PledgeFactory(campaign=first.campaign, reward=reward)
        for reward in [first] * 5 + [second] * 5
    ]

    def swap(pledge):
        return change_pledge(
            pledge, by=pledge.backer, amount_minor=2500, consent_version=CONSENT_VERSION,
            reward=second if pledge.reward == first else first,
        )  # fmt: skip

    results = together([lambda pledge=pledge: swap(pledge) for pledge in pledges])
    assert all(isinstance(result, Pledge) for result in results)
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.claimed, second.claimed) == (5, 5)


def test_a_pledge_taken_back_twice_frees_one_place():
    reward = RewardFactory(limit=5, claimed=3)
    pledge = PledgeFactory(campaign=reward.campaign, reward=reward)
    results = together([lambda: cancel_pledge(pledge, by=pledge.backer)] * 8)
    reward.refresh_from_db()
    assert sum(isinstance(result, Pledge) for result in results) == 1
    assert (Pledge.objects.get().state, reward.claimed) == (PledgeState.CANCELLED, 2)
