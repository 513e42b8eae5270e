"""The sweeps of the ballot half: close what is over, count what is opened, remind voters."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import structlog
from celery import shared_task

from budgeting.enums import AnnouncementState
from budgeting.models import Announcement, Cycle
from budgeting.services import author_reminders, losses
from budgeting.services.announcements import send_batch
from budgeting.services.bundles import due_to_bundle, keep_bundle
from budgeting.services.closing import close_cycle, due_to_close, keys_left
from budgeting.services.counting import count_cycle, due_to_count
from budgeting.services.errors import BusyError, RefusedError
from budgeting.services.losses import due_to_explain
from budgeting.services.news import tell_of_cycles
from budgeting.services.paper import destroy_paper_keys, paper_keys_left
from budgeting.services.reminders import forget_starters, remind_starters
from budgeting.services.review_news import remind_of_reviews, tell_of_reviews
from budgeting.services.reviewers import due_verdicts, publish_verdicts
from budgeting.services.supports import due_to_keep, keep_supports
from budgeting.services.trials import count_trial, trials_to_count
from budgeting.services.urns import destroy_key
from budgeting.services.voting_nears import remind_administrators
from civicfund.turns import Work, alone_at

log = structlog.get_logger(__name__)

# How long one sweep keeps a worker with explanations, which nobody waits for.
EXPLAINING_SECONDS = 10
# Less than the time between two sweeps: mail of other kinds has its turn, too.
ANNOUNCING_SECONDS = 3.0


@shared_task
def close_due_cycles() -> None:
    """Close cycles whose voting is over; destroy what a killed worker left of their slot keys."""
    for cycle in due_to_close():
        _each("cycle.close", close_cycle, cycle)
    for board in keys_left():
        _each_key(board.pk, partial(destroy_key, board))
    for paper in paper_keys_left():
        _each_key(paper.pk, partial(destroy_paper_keys, paper))


@shared_task
def count_due_cycles() -> None:
    """Count cycles whose ballots are opened."""
    for cycle in due_to_count():
        _each("cycle.count", count_cycle, cycle)


@shared_task
def keep_due_bundles() -> None:
    """Make the bundles of published votes, so that nobody who takes one waits for it."""
    for cycle in due_to_bundle():
        _each("cycle.keep_bundle", _keep_bundle, cycle)


@shared_task
def count_trials() -> None:
    """Count what administrators want to try."""
    for trial in trials_to_count():
        try:
            count_trial(trial)
        except Exception:
            log.exception("trial.failed", trial=trial.pk)


@shared_task
def explain_losses() -> None:
    """Try what would have made losers win, for a while; the next sweep goes on from there."""
    until = time.monotonic() + EXPLAINING_SECONDS
    for tally in due_to_explain().select_related("cycle", "pot"):
        if (left := until - time.monotonic()) <= 0:
            break
        try:
            losses.explain_losses(tally, seconds=left)
        except Exception:
            log.exception("losses.failed", tally=tally.pk)


@shared_task
def publish_due_verdicts() -> None:
    """Publish the verdicts of cycles whose instant has come."""
    for publication in due_verdicts():
        try:
            published = publish_verdicts(publication)
        except Exception:
            log.exception("verdicts.failed", cycle=publication.cycle_id)
        else:
            log.info("verdicts.published", cycle=publication.cycle_id, verdicts=published)


@shared_task
def tell_reviewers() -> None:
    """Tell reviewers what is theirs to review, and what came back to them."""
    if told := tell_of_reviews():
        log.info("reviews.told", reviews=told)


@shared_task
def remind_reviewers() -> None:
    """Remind reviewers of deadlines that are near, or over, once of each."""
    if told := remind_of_reviews():
        log.info("reviews.reminded", reviews=told)


@shared_task
def keep_due_supports() -> None:
    """Keep how many people support each proposal of cycles in which supporting is over."""
    for cycle in due_to_keep():
        _each("cycle.keep_supports", keep_supports, cycle)


@shared_task
def remind_of_ballots() -> None:
    """Remind those who started a ballot, once; forget them when voting is over."""
    told = remind_starters()
    forgotten = forget_starters()
    if told or forgotten:
        log.info("ballots.reminded", told=told, forgotten=forgotten)


@shared_task
def remind_before_voting() -> None:
    """Remind administrators of what is still open in cycles whose voting begins soon."""
    if told := remind_administrators():
        log.info("voting.nears", told=told)


@shared_task
def remind_authors() -> None:
    """Remind authors of what waits for them and is over soon: changes, the time to appeal."""
    if told := author_reminders.remind_authors():
        log.info("authors.reminded", told=told)


@shared_task
def tell_followers() -> None:
    """Tell followers of phases, states of proposals and results."""
    if facts := tell_of_cycles():
        log.info("cycles.told", facts=facts)


@shared_task
def send_announcements() -> None:
    """Send the next mails of every announcement that is being sent.

    By one worker, and not for long: see ``civicfund.notices.tasks``.
    """
    sending = Announcement.objects.filter(state=AnnouncementState.SENDING).order_by("pk")
    with alone_at(Work.MAIL) as alone:
        until = time.monotonic() + ANNOUNCING_SECONDS
        for announcement in sending if alone else ():
            mails = send_batch(announcement, seconds=until - time.monotonic())
            log.info("announcement.sent", announcement=announcement.pk, mails=mails)


def _keep_bundle(cycle: Cycle) -> bool:
    """Whether it is kept now; not yet where a web process is at it, for somebody who waits."""
    try:
        keep_bundle(cycle)
    except BusyError:
        return False
    return True


def _each_key(cycle: int, destroy: Callable[[], None]) -> None:
    """Destroy its keys. A file that withstands is logged, tried again, and stops no other."""
    try:
        destroy()
    except OSError:
        log.exception("key.not_destroyed", cycle=cycle)


def _each(act: str, service: Callable[[Cycle], object], cycle: Cycle) -> None:
    """Do it to one cycle. What fails is logged, tried again by the next sweep, stops no other."""
    try:
        done = service(cycle)
    except RefusedError as refusal:
        log.error(f"{act}.refused", cycle=cycle.pk, why=str(refusal))
    except Exception:
        log.exception(f"{act}.failed", cycle=cycle.pk)
    else:
        log.info(act, cycle=cycle.pk, done=done is not False)
