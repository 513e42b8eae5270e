"""Sweeps that find what is due, and the tasks that they wake for it: one campaign, one pledge each.

The rows are the queue: a lost message delays, and never loses.
"""

from __future__ import annotations

from uuid import UUID

import structlog
from celery import shared_task

from civicfund.audit.services import wake
from civicfund.pledges.models import Pledge, Refund
from civicfund.pledges.services import (
    recovery,
    refund_batches,
    refunding,
    releasing,
    steps,
    surveys,
)
from civicfund.pledges.services.news import (
    remind_of_surveys,
    tell_of_campaigns,
    tell_of_corrections,
    tell_of_milestones,
    tell_of_surveys,
    tell_of_updates,
)

log = structlog.get_logger(__name__)

# A task that waited longer than this has been woken again.
EXPIRES_SECONDS = 60
# More than the provider takes in the two seconds between sweeps: workers wait for their turns.
PLEDGES_PER_SWEEP = 60
EVENTS_PER_SWEEP = 40
REMINDERS_PER_SWEEP = 1_000
RELEASED_PER_SWEEP = 2_000
ANSWERS_PER_SWEEP = 1_000
NEWS = {
    "facts": tell_of_campaigns,
    "updates": tell_of_updates,
    "corrections": tell_of_corrections,
    "milestones": tell_of_milestones,
    "asked": tell_of_surveys,
    "reminded": remind_of_surveys,
}


@shared_task
def move_due_campaigns() -> None:
    """Wake a task for every campaign that has to start, end, be decided or be followed."""
    for campaign_id in steps.campaigns_to_move():
        move_campaign.apply_async([campaign_id], expires=EXPIRES_SECONDS)


@shared_task
def move_campaign(campaign_id: int) -> None:
    """Take the steps that are due for one campaign."""
    steps.move_campaign(campaign_id)


@shared_task
def take_due_steps() -> None:
    """Wake a task for every pledge that is due, as many as the provider will bear."""
    for pledge_id in wake(Pledge.objects.due(), PLEDGES_PER_SWEEP):
        take_step.apply_async([str(pledge_id)], expires=EXPIRES_SECONDS)


@shared_task
def take_step(pledge_id: str) -> None:
    """Take the next step for one pledge: look up its card, charge it, drop it, forget its card."""
    steps.take_step(UUID(pledge_id))


@shared_task
def take_due_refunds() -> None:
    """Wake a task for every refund that is due, and plan what approved batches still owe."""
    refund_batches.follow_batches()
    for refund_id in wake(Refund.objects.due(), PLEDGES_PER_SWEEP):
        take_refund_step.apply_async([str(refund_id)], expires=EXPIRES_SECONDS)


@shared_task
def take_refund_step(refund_id: str) -> None:
    """Ask the provider for one refund, or what became of it."""
    refunding.take_refund_step(UUID(refund_id))


@shared_task
def book_released() -> None:
    """Book what the provider has released for paying out."""
    releasing.book_released(RELEASED_PER_SWEEP)


@shared_task
def remind_backers() -> None:
    """Remind backers whose card failed of the days that are left."""
    recovery.remind(REMINDERS_PER_SWEEP)


@shared_task
def act_on_provider_events() -> None:
    """Act on what the provider told us, oldest first; what is left waits for the next sweep."""
    steps.act_on_events(EVENTS_PER_SWEEP)


@shared_task
def tell_followers() -> None:
    """Tell followers and backers of campaigns that started, reached their goal or ended, of updates
    and their corrections, of milestones; ask backers what creators want to know.

    What goes wrong with one kind of news holds up no other; it is tried again at each sweep.
    """
    told = {}
    for kind, tell in NEWS.items():
        try:
            told[kind] = tell()
        except Exception:  # whatever it is: the log says so
            log.exception("campaigns.not_told", kind=kind)
    if any(told.values()):
        log.info("campaigns.told", **told)


@shared_task
def forget_survey_answers() -> None:
    """Delete what backers answered, once its day has come."""
    if forgotten := surveys.forget_answers(most=ANSWERS_PER_SWEEP):
        log.info("surveys.forgotten", answers=forgotten)
