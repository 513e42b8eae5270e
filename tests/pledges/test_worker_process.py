"""A real Celery worker and its beat, killed in the middle of a settlement."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from urllib.parse import urlsplit, urlunsplit

import pytest
import redis
from django.conf import settings
from django.db import connections

from civicfund.ledger.selectors import balance_minor, collected_for
from civicfund.pledges.enums import CampaignState, PledgeState
from civicfund.pledges.models import Campaign, Pledge
from civicfund.pledges.selectors.laws import invariants
from tests.factories.pledges import CampaignFactory
from tests.pledges.promises import (
    FAILS,
    WORKS,
    charged_at_provider,
    funded_campaign,
    let_end,
    promise,
)

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "owner"]),
    pytest.mark.processes,
    pytest.mark.timeout(240),
]

GOOD = 11


def own_broker(worker_id):
    """A Redis database of this test process alone, empty."""
    number = 8 + int(worker_id.removeprefix("gw") or 0) if worker_id.startswith("gw") else 7
    url = urlunsplit(urlsplit(settings.REDIS_URL)._replace(path=f"/{number}"))
    redis.Redis.from_url(url).flushdb()
    return url


def database_url(alias):
    parts = connections[alias].settings_dict
    password = f":{parts['PASSWORD']}" if parts["PASSWORD"] else ""
    who = f"{parts['USER']}{password}@{parts['HOST']}:{parts['PORT']}"
    return f"postgresql://{who}/{parts['NAME']}"


@pytest.fixture
def start_worker(provider, worker_id, tmp_path):
    """Start worker and beat as one process group; whatever still runs is killed at the end."""
    environment = os.environ | {
        "DATABASE_URL": database_url("default"),
        "MIGRATE_DATABASE_URL": database_url("owner"),
        "REDIS_URL": own_broker(worker_id),
        "STRIPE_API_BASE": provider.url,
        "STRIPE_SECRET_KEY": provider.secret_key,
        "STRIPE_WEBHOOK_SECRET": provider.webhook_secret,
        "SETTLEMENT_LEASE_SECONDS": "3",
        "DJANGO_SETTINGS_MODULE": "civicfund.settings.test",
    }
    started = []

    def start(application="civicfund.celery", **more):
        command = [
            sys.executable, "-m", "celery", "-A", application, "worker", "--beat",
            "--schedule", str(tmp_path / "beat"), "--concurrency", "2", "--loglevel", "warning",
        ]  # fmt: skip
        started.append(subprocess.Popen(command, env=environment | more, start_new_session=True))
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            kill(process)


def kill(process):
    """SIGKILL to the worker, its children and its beat at once."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(10)


def wait_until(met, seconds=90):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if met():
            return
        time.sleep(0.05)
    pytest.fail("it did not come to this in time")


def collected():
    return Pledge.objects.filter(state=PledgeState.COLLECTED).count()


def test_a_worker_killed_in_the_middle_loses_and_doubles_nothing(provider, start_worker):
    campaign, pledges = funded_campaign(*[WORKS] * GOOD, FAILS)
    provider.control("faults", rules=[{"kind": "slow", "path": "/confirm$", "seconds": 0.4}])
    first = start_worker()
    wait_until(lambda: collected() >= 2)
    kill(first)
    left = Pledge.objects.exclude(state__in=[PledgeState.COLLECTED, PledgeState.DECLINED])
    assert left.count() > 0, "the worker was faster than its killer: the test showed nothing"
    Pledge.objects.update(woken_until=None)  # as if the minute had passed
    start_worker()
    wait_until(lambda: campaign.__class__.objects.get().state == CampaignState.RECOVERING)
    assert collected() == GOOD
    assert Pledge.objects.get(pk=pledges[-1].pk).state == PledgeState.DECLINED
    assert charged_at_provider(provider) == [2500] * GOOD
    assert collected_for(campaign.project_id) == 2500 * GOOD
    fees = balance_minor("processor_fee")
    assert balance_minor("stripe_pending") == 2500 * GOOD - fees
    assert [law.broken_by for law in invariants()] == [[]] * 10


def test_workers_killed_while_they_close_charge_nobody_at_the_goal_less_a_cent(
    provider, start_worker, tmp_path
):
    """Beside its control: the same deaths at a goal that is met to the cent, and all pay."""
    missed, met = (CampaignFactory(goal_minor=7500 + short) for short in (1, 0))
    for campaign in (missed, met):
        for _ in range(3):
            promise(campaign, 2500)
        let_end(campaign)
    deaths = tmp_path / "deaths"
    deaths.mkdir()
    start_worker("tests.pledges.dying_app", DEATHS=str(deaths))
    ends = {missed.pk: CampaignState.UNFUNDED, met.pk: CampaignState.SETTLED}
    wait_until(lambda: dict(Campaign.objects.values_list("pk", "state")) == ends, seconds=150)
    # The fourth commit closes, the fifth decides: before it the whole decision was written.
    died = {path.name for path in deaths.iterdir()}
    for campaign in (missed, met):
        for place in ("before-commit-4", "after-commit-4", "before-commit-5", "after-commit-5"):
            assert f"{campaign.pk}-{place}.0" in died
    asked = Pledge.objects.filter(campaign=missed).values_list(
        "state", "payment_intent_id", "attempts"
    )
    assert list(asked) == [(PledgeState.RELEASED, "", None)] * 3
    assert provider.control("state")["payment_intent"] == 3  # the control's
    assert charged_at_provider(provider) == [2500] * 3
    assert (collected_for(missed.project_id), collected_for(met.project_id)) == (0, 7500)
    assert [law.broken_by for law in invariants()] == [[]] * 10
