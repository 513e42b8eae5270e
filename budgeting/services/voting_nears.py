"""Mail to administrators some days before voting begins, where something is still open."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.timezone import localdate
from django.utils.translation import override

from budgeting.selectors import Ahead, voting_ahead
from civicfund.audit.services import db_now
from civicfund.moments import moment
from civicfund.notices.models import Message
from civicfund.notices.services import Letter, tell_all
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.people.selectors import people_with

NEARS = "voting_nears"
# So many days before voting; the first is when the desks begin to say it, too.
DAYS_BEFORE = (14, 3, 1)


def remind_administrators() -> int:
    """Write to all administrators of the budget what is still open in each cycle; how many mails.

    Once for each of ``DAYS_BEFORE`` at most: the outbox takes a letter about a cycle and a day
    once. A beginning of voting that is moved has other days. Nobody can switch it off, since
    nothing of it can be made up for.
    """
    now, told = db_now(), 0
    with override(settings.LANGUAGE_CODE):
        for ahead in voting_ahead(now):
            day = _day(ahead.begins_at, now)
            if day and ahead.undone:
                told += _tell(ahead, day)
    return told


def _day(begins_at: datetime, now: datetime) -> date | None:
    """On which day the last reminder that was due fell; None before the first."""
    due = [begins_at - timedelta(days=days) for days in DAYS_BEFORE]
    last = max((at for at in due if at <= now), default=None)
    return localdate(last) if last else None


def _tell(ahead: Ahead, day: date) -> int:
    context = _context(ahead)
    letters = [Letter(person, ahead.cycle, context, day=day) for person in _administrators()]
    sources = {letter.source for letter in letters}
    told = Message.objects.filter(kind=NEARS, source__in=sources)
    known = set(told.values_list("recipient", flat=True))
    return tell_all(NEARS, [each for each in letters if each.recipient.pk not in known])


def _administrators() -> list[User]:
    return list(people_with(Role.BUDGET_ADMINISTRATOR))


def _context(ahead: Ahead) -> dict[str, Any]:  # as JSON keeps it
    return {
        "cycle": ahead.cycle.title,
        "begins": moment(ahead.begins_at),
        "count": len(ahead.undone),
        "items": [
            {"label": step.label, "found": step.found, "url": step.address} for step in ahead.undone
        ],
        "desk_url": reverse("cycle_desk", args=[ahead.cycle.slug]),
    }
