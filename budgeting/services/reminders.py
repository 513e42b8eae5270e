"""One mail to those who opened their ballot and did not cast it, some time before voting ends."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse

from budgeting.enums import CycleState, PhaseKind
from budgeting.models import Cycle, Participation, Phase, StartedBallot
from civicfund.audit.services import db_now
from civicfund.moments import moment
from civicfund.notices.enums import Topic
from civicfund.notices.services import Letter, take_back, tell_all
from civicfund.people.models import User

REMINDER = "ballot_reminder"


def note_start(cycle: Cycle, user: User, now: datetime) -> None:
    """Somebody opened their ballot ``now``, while there is a reminder still to come.

    Whoever opens it later is there already; of them nothing is kept.
    """
    remind_at = _remind_at(cycle.voting)
    if remind_at is None or now >= remind_at:
        return
    StartedBallot.objects.bulk_create(
        [StartedBallot(cycle=cycle, user=user)], ignore_conflicts=True
    )


def remind_starters() -> int:
    """Remind those who started a ballot, where the time has come; how many were.

    Whoever has cast by now is not, nobody is twice, and what is known of them is forgotten with it.
    """
    told = 0
    now = db_now()
    running = Phase.objects.filter(
        kind=PhaseKind.BALLOTING, cycle__state=CycleState.OPEN, starts_at__lte=now, ends_at__gt=now
    )
    for voting in running.select_related("cycle").order_by("pk"):
        remind_at = _remind_at(voting)
        if remind_at is not None and now >= remind_at:
            told += _remind(voting)
    return told


def forget_starters() -> int:
    """Forget who started a ballot of a vote that is over, and take unsent reminders back."""
    now = db_now()
    running = Cycle.objects.filter(
        state=CycleState.OPEN, phases__kind=PhaseKind.BALLOTING, phases__ends_at__gt=now
    )
    take_back(REMINDER, Cycle.objects.exclude(pk__in=running))
    return StartedBallot.objects.exclude(cycle__in=running).delete()[0]


def _remind_at(voting: Phase | None) -> datetime | None:
    """When starters are reminded; None where the vote is too short for that."""
    before = timedelta(hours=settings.BALLOT_REMINDER_HOURS)
    if voting is None or not before or voting.ends_at - voting.starts_at <= before:
        return None
    return voting.ends_at - before


def _remind(voting: Phase) -> int:
    cycle = voting.cycle
    cast = Participation.objects.filter(cycle=cycle, roll_entry__claimed_by__isnull=False)
    voters = cast.values_list("roll_entry__claimed_by", flat=True)
    take_back(REMINDER, Cycle.objects.filter(pk=cycle.pk), recipients=voters)
    with transaction.atomic():
        started = StartedBallot.objects.filter(cycle=cycle).select_for_update(skip_locked=True)
        ids = list(started.values_list("pk", "user_id"))
        people = User.objects.filter(pk__in=[user for _, user in ids], is_active=True)
        told = tell_all(REMINDER, _letters(voting, people.exclude(pk__in=voters)))
        StartedBallot.objects.filter(pk__in=[pk for pk, _ in ids]).delete()
    return told


def _letters(voting: Phase, people: QuerySet[User]) -> list[Letter]:
    context = {
        "cycle": voting.cycle.title,
        "ends": moment(voting.ends_at),
        "ballot_url": reverse("ballot", args=[voting.cycle.slug]),
    }
    return [Letter(person, voting.cycle, context, topic=Topic.VOTING) for person in people]
