"""Sweeps that find what is due, and the tasks that they wake for it: one campaign, one pledge each.

The rows are the queue: a lost message delays, and never loses.
"""

from __future__ import annotations

from uuid import UUID

from celery import shared_task

from civicfund.pledges.services import recovery, steps

# A task that waited longer than this has been woken again.
EXPIRES_SECONDS = 60
# More than the provider takes in the two seconds between sweeps: workers wait for their turns.
PLEDGES_PER_SWEEP = 60
EVENTS_PER_SWEEP = 40
REMINDERS_PER_SWEEP = 1_000


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
    for pledge_id in steps.wake(PLEDGES_PER_SWEEP):
        take_step.apply_async([str(pledge_id)], expires=EXPIRES_SECONDS)


@shared_task
def take_step(pledge_id: str) -> None:
    """Take the next step for one pledge: look up its card, charge it, drop it, forget its card."""
    steps.take_step(UUID(pledge_id))


@shared_task
def remind_backers() -> None:
    """Remind backers whose card failed of the days that are left."""
    recovery.remind(REMINDERS_PER_SWEEP)


@shared_task
def act_on_provider_events() -> None:
    """Act on what the provider told us, oldest first; what is left waits for the next sweep."""
    steps.act_on_events(EVENTS_PER_SWEEP)
