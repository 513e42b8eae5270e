"""Settling many pledges at the limits that the provider sets a live account."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from django.db.models import Max, Min

from civicfund.audit.services import db_now
from civicfund.launch.processes import Process
from civicfund.payments.sandbox.limiter import WHOLE_ACCOUNT
from civicfund.payments.sandbox.process import SandboxProcess
from civicfund.people.models import User
from civicfund.pledges.domain import CONSENT_VERSION
from civicfund.pledges.enums import PledgeState
from civicfund.pledges.models import Campaign, ChargeAttempt, Pledge
from civicfund.pledges.services.cards import save_test_card
from civicfund.pledges.services.pledging import pledge
from civicfund.town.bench.settling import AMOUNT_MINOR, live_campaign
from civicfund.town.bench.site import running_worker

# A live account's limits: https://docs.stripe.com/rate-limits
PER_ENDPOINT, IN_ALL = 25, 100
AT_LIVE_LIMITS = {"PROVIDER_CALLS_PER_ENDPOINT": "24", "PROVIDER_CALLS_IN_ALL": "100"}
AT_ONCE = 6
LOOK_SECONDS = 1.0


def settled_at_live_limits(
    backers: list[User], sandbox: SandboxProcess, folder: Path
) -> dict[str, float]:
    """Collect a pledge of everyone with one worker and the real beat; confirmations a second.

    All pledge with one card of one customer, saved once: that a card is saved is not measured.
    """
    campaign = _campaign_of_many(backers)
    time.sleep(max(0.0, (campaign.deadline_at - db_now()).total_seconds()))
    sandbox.control("limits", per_endpoint=PER_ENDPOINT, per_account=IN_ALL)
    collected = Pledge.objects.filter(campaign=campaign, state=PledgeState.COLLECTED)
    give_up = time.monotonic() + 60 + len(backers) / 5
    with running_worker(folder, sandbox, at_once=AT_ONCE, also=AT_LIVE_LIMITS) as worker:
        memory: list[int] = []
        while (done := collected.count()) < len(backers):
            if time.monotonic() > give_up:
                raise RuntimeError(f"Only {done} of {len(backers)} pledges were collected.")
            memory.append(_memory_mib(worker))
            time.sleep(LOOK_SECONDS)
    times = ChargeAttempt.objects.filter(pledge__campaign=campaign).aggregate(
        first=Min("sent_at"), last=Max("resolved_at")
    )
    seconds = (times["last"] - times["first"]).total_seconds()
    highest = sandbox.control("limits")["highest"]
    in_all = highest.pop(WHOLE_ACCOUNT)
    tenth = max(1, len(memory) // 10)
    return {
        "pledges": len(backers),
        "confirms_per_second": round(len(backers) / seconds, 1),
        "most_in_a_second_of_an_endpoint": max(highest.values()),
        "most_in_a_second_in_all": in_all,
        "worker_mib_early": max(memory[tenth : 2 * tenth] or memory),
        "worker_mib_late": max(memory[-tenth:]),
    }


def _campaign_of_many(backers: list[User]) -> Campaign:
    campaign = live_campaign(len(backers), seconds=10 + len(backers) // 250)
    first = save_test_card(
        pledge(
            campaign, backer=backers[0], amount_minor=AMOUNT_MINOR, consent_version=CONSENT_VERSION
        ),
        "pm_card_visa",
    )
    Pledge.objects.bulk_create(
        [
            Pledge(
                campaign=campaign, backer=backer, state=PledgeState.ACTIVE,
                amount_minor=AMOUNT_MINOR, currency=campaign.currency,
                customer_id=first.customer_id, payment_method_id=first.payment_method_id,
                confirmed_at=db_now(),
            )
            for backer in backers[1:]
        ],
        batch_size=1000,
    )  # fmt: skip
    return campaign


def _memory_mib(worker: Process) -> int:
    """What the worker and its processes hold together, in MiB."""
    if worker.popen is None:
        raise RuntimeError("The worker does not run.")
    listed = subprocess.run(
        ["ps", "-A", "-o", "pgid=,rss="],  # noqa: S607 -- whichever ps is there
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    held = (line.split() for line in listed.stdout.splitlines())
    return sum(int(kib) for group, kib in held if int(group) == worker.popen.pid) // 1024
