"""The deadline, over HTTP: whoever acts across the instant is told the truth about what counts."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import pytest
from django.db import connections
from django.urls import reverse

from civicfund.pledges.domain import CONSENT_VERSION
from civicfund.pledges.enums import PledgeState
from civicfund.pledges.models import CampaignOutcome, Pledge
from civicfund.pledges.selectors.laws import invariants
from civicfund.pledges.services import steps
from tests.factories.pledges import CampaignFactory, PledgeFactory
from tests.pledges.promises import let_end
from tests.races.crowds import CARELESS, all_at_once, crowd, insist, post, served
from tests.sizes import size

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "owner"]),
    pytest.mark.processes,
]

CLIENTS, RUNS = size(16, 200), size(1, 20)
AT_FIRST = 2500
# One in four takes the pledge back, one in four has none yet, the others keep changing theirs.
CHANGES, CANCELS, NEWCOMER = "changes", "cancels", "newcomer"
ROLES = (CHANGES, CANCELS, CHANGES, NEWCOMER)


@dataclass
class Client:
    """Somebody who keeps acting until told that it is over, and what they were told last."""

    n: int
    backer: object
    session: str
    pledge: Pledge | None = None
    told: int = field(default=0)  # the amount that counts, by the last answer; 0 for none

    @property
    def role(self):
        return ROLES[self.n % len(ROLES)]


def agree(port, path, client, amount_minor):
    wanted = {"amount": f"{amount_minor / 100:.2f}"}
    wanted |= {"consent": "on", "consent_version": CONSENT_VERSION}
    return insist(port, path, client.session, wanted)


def keep_acting(port, campaign, client, accepted):
    """Until the answer is no; every answer is one of the two, and nothing in between."""
    amount = AT_FIRST
    if client.role == NEWCOMER:
        path = reverse("pledge", args=[campaign.pk])
    else:
        path = reverse("pledge_change", args=[client.pledge.pk])
    while True:
        amount += 100
        if client.role == CANCELS and amount > AT_FIRST + 100 * (client.n % 7):
            return take_back(port, campaign, client)
        answer = agree(port, path, client, amount)
        assert answer.status in (302, 400), answer
        if answer.status == 400:
            return answer
        accepted.release()
        client.told = 0 if client.role == NEWCOMER else amount


def take_back(port, campaign, client):
    path = reverse("pledge_cancel", args=[client.pledge.pk])
    answer = post(port, path, client.session, {})
    assert answer.status == 302
    if answer.where == reverse("campaign", args=[campaign.pk]):
        client.told = 0
    return answer


def close(campaign):
    """What the sweep does every few seconds, without a pause."""
    try:
        while not CampaignOutcome.objects.filter(campaign=campaign).exists():
            steps.move_campaign(campaign.pk)
    finally:
        connections.close_all()


def across_the_deadline(port, label):
    """One campaign whose deadline passes under its backers; who was told what."""
    campaign = CampaignFactory(goal_minor=1)
    clients = [Client(n, *person) for n, person in enumerate(crowd(CLIENTS, label))]
    for client in clients:
        if client.role != NEWCOMER:
            client.pledge = PledgeFactory(campaign=campaign, backer=client.backer)
            client.told = AT_FIRST
    accepted = threading.Semaphore(0)

    def pass_the_deadline():
        for _ in range(CLIENTS):
            accepted.acquire()
        let_end(campaign, seconds=0.5)
        close(campaign)

    closing = threading.Thread(target=pass_the_deadline)
    closing.start()
    all_at_once(clients, lambda one: keep_acting(port, campaign, one, accepted))
    closing.join()
    return campaign, clients


def misfiled(campaign, clients):
    """Whose pledge is not in the decision as they were told, and what of the sums is wrong."""
    rows = Pledge.objects.filter(campaign=campaign)
    counted = dict(rows.filter(state=PledgeState.DUE).values_list("backer", "amount_minor"))
    wrong = [one.n for one in clients if counted.get(one.backer.pk, 0) != one.told]
    outcome = CampaignOutcome.objects.get(campaign=campaign)
    if (outcome.pledged_minor, outcome.pledges) != (sum(counted.values()), len(counted)):
        wrong.append(str(outcome))
    return wrong


def test_whoever_acts_across_the_deadline_is_told_what_counts(tmp_path):
    with served(tmp_path) as port:
        for run in range(RUNS):
            campaign, clients = across_the_deadline(port, f"run{run}")
            assert misfiled(campaign, clients) == []
            assert [law for law in invariants() if law.broken_by] == []


def test_control_without_the_campaigns_lock_somebody_is_told_wrong(tmp_path):
    with served(tmp_path, CARELESS) as port:
        campaign, clients = across_the_deadline(port, "careless")
    assert misfiled(campaign, clients) != []
