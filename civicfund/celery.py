"""The Celery application and the schedule of its sweeps.

A sweep asks the database what is due and does it; a lost message delays, and never loses.
"""

from __future__ import annotations

import gc
import logging.config
import os

from celery import Celery
from celery.schedules import crontab
from celery.signals import setup_logging, worker_before_create_process
from django.conf import settings
from django_structlog.celery.steps import DjangoStructLogInitStep

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "civicfund.settings.production")


@setup_logging.connect  # type: ignore[untyped-decorator]  # Celery has no types
def _log_as_the_site_does(**said: object) -> None:
    logging.config.dictConfig(settings.LOGGING)


@worker_before_create_process.connect  # type: ignore[untyped-decorator]
def _keep_what_is_loaded(**said: object) -> None:
    """It stays to the end: no process looks through it, and all of them share its memory."""
    gc.freeze()


app = Celery("civicfund")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.steps["worker"].add(DjangoStructLogInitStep)
app.autodiscover_tasks()

# Seconds between two runs of a sweep, by task name.
SWEEPS: dict[str, float] = {
    "civicfund.pledges.tasks.act_on_provider_events": 2,
    "civicfund.pledges.tasks.move_due_campaigns": 5,
    "civicfund.pledges.tasks.take_due_steps": 2,
    "civicfund.pledges.tasks.take_due_refunds": 3,
    "civicfund.pledges.tasks.book_released": 60,
    "civicfund.pledges.tasks.remind_backers": 600,
    "civicfund.pledges.tasks.tell_followers": 30,
    "civicfund.pledges.tasks.forget_survey_answers": 600,
    "civicfund.payouts.tasks.send_due_payouts": 5,
    "civicfund.payouts.tasks.take_due_reversals": 5,
    "civicfund.payouts.tasks.act_on_account_events": 10,
    "civicfund.reconciliation.tasks.fetch_missed_news": 3_600,
    "civicfund.notices.tasks.send_due_messages": 5,
    "civicfund.talk.tasks.tell_news": 20,
    "civicfund.complaints.tasks.tell_complaints": 10,
    "civicfund.complaints.tasks.forget_complaints": 600,
    "civicfund.people.tasks.delete_due_documents": 60,
    "civicfund.people.tasks.make_copies": 5,
    "civicfund.people.tasks.delete_due_copies": 60,
    "civicfund.town.tasks.check_books": 600,
    "civicfund.town.tasks.tell_about_documents": 10,
    "civicfund.town.tasks.tell_second_people": 20,
    "budgeting.tasks.close_due_cycles": 5,
    "budgeting.tasks.count_due_cycles": 5,
    "budgeting.tasks.keep_due_bundles": 10,
    "budgeting.tasks.count_trials": 3,
    "budgeting.tasks.explain_losses": 20,
    "budgeting.tasks.publish_due_verdicts": 5,
    "budgeting.tasks.tell_reviewers": 30,
    "budgeting.tasks.keep_due_supports": 20,
    "budgeting.tasks.remind_of_ballots": 300,
    "budgeting.tasks.remind_before_voting": 600,
    "budgeting.tasks.remind_authors": 600,
    "budgeting.tasks.tell_followers": 30,
    "budgeting.tasks.send_announcements": 5,
}
# What is done by the clock (UTC), however often beat restarts.
NIGHTLY = {
    "civicfund.reconciliation.tasks.reconcile": crontab(hour="2", minute="30"),
    "civicfund.town.tasks.tell_what_waits": crontab(hour="5", minute="15"),
    "civicfund.complaints.tasks.tell_of_late_complaints": crontab(hour="5", minute="30"),
    "budgeting.tasks.remind_reviewers": crontab(hour="5", minute="45"),
    "civicfund.talk.tasks.mail_daily_digests": crontab(hour="6", minute="0"),
    "civicfund.talk.tasks.mail_weekly_digests": crontab(hour="6", minute="5", day_of_week="mon"),
}
app.conf.beat_schedule = {
    name: {"task": name, "schedule": seconds, "options": {"expires": seconds * 4}}
    for name, seconds in SWEEPS.items()
} | {
    name: {"task": name, "schedule": at, "options": {"expires": 43_200}}
    for name, at in NIGHTLY.items()
}
