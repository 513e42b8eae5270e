"""The site as it must not be, for the controls: it looks first, thinks for a while, then writes."""

from __future__ import annotations

import time
from collections import Counter

from django.conf import settings

from civicfund.wsgi import application as application

if not settings.DATABASES["default"]["NAME"].startswith("test_"):
    raise RuntimeError("this is for tests, on a database of theirs")

from civicfund.pledges.models import Campaign, Reward
from civicfund.pledges.services import choosing, locks, pledging
from civicfund.pledges.services.errors import RefusedError

THINKS_SECONDS = 0.2


def _exchange(before: Counter[int], wanted: Counter[int]) -> None:
    """Count a limited reward without holding it."""
    for pk in wanted - before:
        seen = Reward.objects.get(pk=pk)
        if seen.limit is not None and seen.claimed >= seen.limit:
            raise RefusedError("The last of it has just been taken.", field="reward")
        time.sleep(THINKS_SECONDS)
        Reward.objects.filter(pk=pk).update(claimed=seen.claimed + 1)


def _campaign_taking_pledges(campaign_id: int) -> Campaign:
    """Look at the clock without holding the campaign."""
    campaign = Campaign.objects.get(pk=campaign_id)
    if locks.db_now() >= campaign.deadline_at:
        raise RefusedError("This campaign takes no pledges now.")
    return campaign


def _check_consent(version: str) -> None:
    # Long enough that somebody is thinking whenever the deadline comes to be noticed.
    time.sleep(5 * THINKS_SECONDS)


choosing._exchange = _exchange
pledging.campaign_taking_pledges = _campaign_taking_pledges
pledging.campaign_keeping_pledges = _campaign_taking_pledges
pledging.check_consent = _check_consent
