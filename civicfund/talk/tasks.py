"""The sweeps that tell people of what they follow."""

from __future__ import annotations

import structlog
from celery import shared_task

from civicfund.talk.enums import Pace
from civicfund.talk.services.news import gather_comments, mail_news, tell_of_projects

log = structlog.get_logger(__name__)


@shared_task
def tell_news() -> None:
    """Gather what is new, and mail it to those who want it at once."""
    comments, projects = gather_comments(), tell_of_projects()
    mails = mail_news(Pace.INSTANT)
    if comments or projects or mails:
        log.info("news.told", comments=comments, projects=projects, mails=mails)


@shared_task
def mail_daily_digests() -> None:
    """One mail to each who wants one a day and has not read what is new."""
    log.info("news.daily", mails=mail_news(Pace.DAILY))


@shared_task
def mail_weekly_digests() -> None:
    """The same, once a week."""
    log.info("news.weekly", mails=mail_news(Pace.WEEKLY))
