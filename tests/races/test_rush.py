"""A rush for a limited reward, over HTTP: as many are sold as there are, and others go on."""

from __future__ import annotations

import threading
from statistics import quantiles

import pytest
from django.urls import reverse

from civicfund.audit.services import wake
from civicfund.pledges.domain import CONSENT_VERSION
from civicfund.pledges.enums import PledgeState
from civicfund.pledges.models import Pledge, Reward
from civicfund.pledges.services import steps
from tests.factories.pledges import CampaignFactory, RewardFactory, soon
from tests.races.crowds import CARELESS, all_at_once, crowd, insist, served
from tests.sizes import FULL, size

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "owner"]),
    pytest.mark.processes,
]

PLACES, BUYERS = size(5, 100), size(40, 1000)
BESIDE = size(5, 100)


def agree(port, session, campaign, **more):
    """Choose and agree, in the one request that keeps a pledge."""
    wanted = {"amount": "25", "consent": "on", "consent_version": CONSENT_VERSION} | more
    return insist(port, reverse("pledge", args=[campaign.pk]), session, wanted)


def buy(port, reward, people):
    return all_at_once(
        people, lambda one: agree(port, one[1], reward.campaign, reward=str(reward.pk))
    )


def test_a_rush_sells_what_there_is_and_others_go_on(tmp_path, capsys):
    reward, elsewhere = RewardFactory(limit=PLACES), CampaignFactory()
    buyers, beside = crowd(BUYERS, "buyer"), crowd(BESIDE, "beside")
    with served(tmp_path) as port:
        quiet = [agree(port, session, elsewhere) for _, session in (*beside, *beside)]
        rush, rush_is_over = [], threading.Event()

        def go_on():
            while not rush_is_over.is_set():
                rush.extend(agree(port, session, elsewhere) for _, session in beside[:5])

        bystander = threading.Thread(target=go_on)
        bystander.start()
        bought = buy(port, reward, buyers)
        rush_is_over.set()
        bystander.join()
    assert sum(answer.status == 302 for answer in bought) == PLACES
    refused = [answer for answer in bought if answer.status != 302]
    assert {answer.status for answer in refused} == {400}
    assert all("has just been taken" in answer.text for answer in refused)
    assert Reward.objects.get(pk=reward.pk).claimed == PLACES
    assert Pledge.objects.filter(reward=reward).count() == PLACES
    assert {answer.status for answer in (*quiet, *rush)} == {302}
    if FULL:
        warm = quiet[len(beside) :]
        with capsys.disabled():
            print(  # noqa: T201 -- the figure to show
                f"\n{PLACES} of {BUYERS} sold in {max(a.seconds for a in bought):.1f} s; beside it"
                f" {len(rush)} pledges: p99 {p99(warm)} ms quiet, {p99(rush)} ms in the rush"
            )


def test_places_that_nobody_gives_a_card_for_are_free_again(tmp_path, provider):
    """What a rush has taken is kept for half an hour, and not a sweep longer."""
    reward = RewardFactory(limit=5)
    with served(tmp_path) as port:
        buy(port, reward, crowd(8, "buyer"))
    assert Reward.objects.get(pk=reward.pk).claimed == 5
    Pledge.objects.update(checkout_ends_at=soon(), next_step_at=soon())
    for pk in wake(Pledge.objects.due(), 100):
        steps.take_step(pk)
    assert Reward.objects.get(pk=reward.pk).claimed == 0
    assert set(Pledge.objects.values_list("state", flat=True)) == {PledgeState.CANCELLED}


def p99(answers):
    return round(1000 * quantiles((answer.seconds for answer in answers), n=100)[98])


def test_control_without_the_guarded_count_the_rush_oversells(tmp_path):
    reward = RewardFactory(limit=5)
    with served(tmp_path, CARELESS) as port:
        buy(port, reward, crowd(40, "buyer"))
    assert Pledge.objects.filter(reward=reward).count() > 5
