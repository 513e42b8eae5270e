"""How fast a funded campaign's pledges are collected by the real worker."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from django.db import connection
from django.db.models import Max, Min

from civicfund.audit.services import db_now
from civicfund.payments.sandbox.process import SandboxProcess
from civicfund.people.models import User
from civicfund.pledges.domain import CONSENT_VERSION
from civicfund.pledges.enums import PledgeState, RunBy
from civicfund.pledges.models import Campaign, ChargeAttempt, Pledge
from civicfund.pledges.services.campaigns import (
    approve_campaign,
    create_campaign,
    start_if_time,
    submit_campaign,
)
from civicfund.pledges.services.cards import save_test_card
from civicfund.pledges.services.pledging import pledge
from civicfund.pledges.tasks import move_due_campaigns, take_due_steps
from civicfund.projects.enums import ProjectState
from civicfund.projects.models import Project
from civicfund.projects.services import Cost
from civicfund.town.demo.accounts import account

AMOUNT_MINOR = 2_500
AT_ONCE = 4
LONGEST_SECONDS = 180


def settled_per_second(
    backers: list[User], sandbox: SandboxProcess, seconds: int
) -> dict[str, float]:
    """Pledge for everyone, let the campaign end, and watch the worker collect.

    ``seconds`` is how long the pledging may take. Without the provider's own rate limits, so that
    it is ours that is measured.
    """
    sandbox.control("limits", per_endpoint=0, per_account=0)
    campaign = live_campaign(len(backers), seconds)
    started = time.perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        shares = [backers[first::AT_ONCE] for first in range(AT_ONCE)]
        list(pool.map(lambda share: _back(campaign, share), shares))
    pledged = time.perf_counter() - started
    _wait_for_the_end(campaign)
    collected = _collect(campaign, len(backers))
    return {
        "pledges": len(backers),
        "pledged_per_second": round(len(backers) / pledged, 1),
        "settled_per_second": round(len(backers) / collected, 1),
    }


def live_campaign(backers: int, seconds: int) -> Campaign:
    """A campaign that so many pledges of ``AMOUNT_MINOR`` fund, for so long."""
    free = Project.objects.filter(state=ProjectState.READY, campaigns__isnull=True)
    project = free.order_by("-pk")[0]
    campaign = create_campaign(
        project,
        creator=project.proposer,
        goal_minor=AMOUNT_MINOR * backers,
        deadline_at=db_now() + timedelta(seconds=seconds),
        run_by=RunBy.TOWN,
        goal_lines=[Cost("All of it", AMOUNT_MINOR * backers)],
    )
    submit_campaign(campaign, by=project.proposer)
    campaign.refresh_from_db()
    approve_campaign(campaign, by=account("reviewer"))
    campaign.refresh_from_db()
    start_if_time(campaign)
    campaign.refresh_from_db()
    return campaign


def _back(campaign: Campaign, backers: list[User]) -> None:
    try:
        for backer in backers:
            promise = pledge(
                campaign, backer=backer, amount_minor=AMOUNT_MINOR, consent_version=CONSENT_VERSION
            )
            save_test_card(promise, "pm_card_visa")
    finally:
        connection.close()  # this thread's own


def _wait_for_the_end(campaign: Campaign) -> None:
    left = (campaign.deadline_at - db_now()).total_seconds()
    time.sleep(max(0.0, left) + 0.1)


def _collect(campaign: Campaign, pledges: int) -> float:
    """Wake the worker as beat does, until every pledge is collected; seconds from first to last."""
    collected = Pledge.objects.filter(campaign=campaign, state=PledgeState.COLLECTED)
    give_up = time.monotonic() + LONGEST_SECONDS
    while collected.count() < pledges:
        if time.monotonic() > give_up:
            raise RuntimeError(f"Only {collected.count()} of {pledges} pledges were collected.")
        move_due_campaigns.delay()
        take_due_steps.delay()
        time.sleep(0.5)
    times = ChargeAttempt.objects.filter(pledge__campaign=campaign).aggregate(
        first=Min("sent_at"), last=Max("resolved_at")
    )
    return float((times["last"] - times["first"]).total_seconds())
