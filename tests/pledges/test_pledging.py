"""Choosing, changing and taking back, without a card; nothing moves where it is refused."""

from __future__ import annotations

import pytest

from civicfund.audit.models import Event
from civicfund.pledges.enums import CampaignState, PledgeState
from civicfund.pledges.models import Consent, Pledge
from civicfund.pledges.services.errors import RefusedError
from civicfund.pledges.services.pledging import cancel_pledge, change_pledge
from tests.factories.people import UserFactory
from tests.factories.pledges import CampaignFactory, PledgeFactory, RewardFactory, soon
from tests.pledges.promises import choose

pytestmark = pytest.mark.django_db


def nothing_moved():
    return (Pledge.objects.count(), Consent.objects.count(), Event.objects.count()) == (0, 0, 0)


@pytest.mark.parametrize("amount_minor", [0, -2500, 99, 1_000_001])
def test_an_amount_out_of_bounds_is_refused(amount_minor):
    with pytest.raises(RefusedError, match="Pledge an amount between €1 and €10,000") as refusal:
        choose(CampaignFactory(), amount_minor)
    assert refusal.value.field == "amount"
    assert nothing_moved()


@pytest.mark.parametrize(
    "given",
    [
        {"deadline_at": soon(seconds=-0.001)},
        *({"state": state} for state in CampaignState if state != CampaignState.LIVE),
    ],
)
def test_a_campaign_that_is_not_live_takes_nothing(given):
    with pytest.raises(RefusedError, match="takes no pledges now"):
        choose(CampaignFactory(**given))
    assert nothing_moved()


def test_words_that_have_changed_are_not_agreed_to():
    with pytest.raises(RefusedError, match="read them again"):
        choose(CampaignFactory(), consent="2025-01")
    assert nothing_moved()


def test_a_reward_of_another_campaign_or_too_small_an_amount_is_refused():
    with pytest.raises(RefusedError, match="another campaign"):
        choose(CampaignFactory(), reward=RewardFactory())
    reward = RewardFactory(amount_minor=3000)
    with pytest.raises(RefusedError, match="at least €30"):
        choose(reward.campaign, 2999, reward=reward)
    assert nothing_moved()


def test_the_last_of_a_reward_is_taken_once():
    reward = RewardFactory(limit=1)
    choose(reward.campaign, reward=reward)
    with pytest.raises(RefusedError, match="has just been taken") as refusal:
        choose(reward.campaign, reward=reward)
    assert refusal.value.field == "reward"
    reward.refresh_from_db()
    assert (reward.claimed, Pledge.objects.count()) == (1, 1)


def test_choosing_again_goes_on_with_the_same_pledge():
    first, second = RewardFactory.create_batch(2, campaign=CampaignFactory(), limit=2)
    backer = UserFactory()
    begun = choose(first.campaign, reward=first, backer=backer)
    again = choose(first.campaign, 5000, reward=second, backer=backer)
    assert (again.pk, again.amount_minor, again.reward) == (begun.pk, 5000, second)
    for reward in (first, second):
        reward.refresh_from_db()
    assert (first.claimed, second.claimed) == (0, 1)
    assert [row.amount_minor for row in begun.consents.order_by("id")] == [2500, 5000]


def test_who_has_pledged_changes_instead_of_pledging_again():
    pledge = PledgeFactory()
    with pytest.raises(RefusedError, match="already pledged"):
        choose(pledge.campaign, backer=pledge.backer)
    assert Pledge.objects.count() == 1


def test_who_has_taken_a_pledge_back_may_pledge_again():
    pledge = PledgeFactory()
    cancel_pledge(pledge, by=pledge.backer)
    assert choose(pledge.campaign, backer=pledge.backer).pk != pledge.pk


def change(pledge, amount_minor=5000, *, by=None, **given):
    return change_pledge(
        pledge, by=by or pledge.backer, amount_minor=amount_minor,
        consent_version="2026-11", **given,
    )  # fmt: skip


def test_a_change_moves_amount_and_reward_under_a_new_consent():
    reward = RewardFactory(limit=1)
    pledge = PledgeFactory(campaign=reward.campaign)
    change(pledge, reward=reward, show_name=True)
    pledge.refresh_from_db()
    reward.refresh_from_db()
    assert (pledge.amount_minor, pledge.reward, pledge.show_name) == (5000, reward, True)
    assert (reward.claimed, pledge.consents.get().amount_minor) == (1, 5000)


@pytest.mark.parametrize("act", [change, lambda pledge, by: cancel_pledge(pledge, by=by)])
def test_somebody_elses_pledge_is_not_touched(act):
    pledge = PledgeFactory()
    with pytest.raises(RefusedError, match="somebody else"):
        act(pledge, by=UserFactory())
    pledge.refresh_from_db()
    assert (pledge.state, pledge.amount_minor) == (PledgeState.ACTIVE, 2500)


@pytest.mark.parametrize("amount_minor", [0, -1, 1_000_001])
def test_a_change_out_of_bounds_is_refused_and_nothing_moves(amount_minor):
    pledge = PledgeFactory()
    with pytest.raises(RefusedError):
        change(pledge, amount_minor)
    pledge.refresh_from_db()
    assert pledge.amount_minor == 2500
    assert Consent.objects.count() == 0


@pytest.mark.parametrize("act", [change, lambda pledge: cancel_pledge(pledge, by=pledge.backer)])
def test_nothing_changes_after_the_deadline(act):
    pledge = PledgeFactory(campaign=CampaignFactory(deadline_at=soon(seconds=-1)))
    with pytest.raises(RefusedError, match=r"takes no pledges now|can no longer be taken back"):
        act(pledge)
    pledge.refresh_from_db()
    assert (pledge.state, pledge.amount_minor) == (PledgeState.ACTIVE, 2500)


def test_a_refused_swap_keeps_the_reward_that_was_taken():
    taken, sold_out = RewardFactory.create_batch(2, campaign=CampaignFactory(), limit=1, claimed=1)
    pledge = PledgeFactory(campaign=taken.campaign, reward=taken)
    with pytest.raises(RefusedError):
        change(pledge, reward=sold_out)
    for row in (pledge, taken, sold_out):
        row.refresh_from_db()
    assert (pledge.reward, taken.claimed, sold_out.claimed) == (taken, 1, 1)
