"""How much is with whom, for whoever gives reviews out."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db.models import Count, Max, Q, QuerySet

from budgeting.models import Cycle, Review, ReviewQuerySet
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.people.selectors import people_with
from civicfund.projects.access import concerning
from civicfund.projects.models import Project


@dataclass(frozen=True, slots=True)
class Load:
    """What a reviewer has to look at in a cycle, how much of it is late, what they have given."""

    reviewer: User
    waiting: int
    late: int
    given: int
    given_last: datetime | None
    is_reviewer: bool


def reviewing_in(cycle: Cycle) -> QuerySet[User]:
    """Everybody who reviews, or with whom something of the cycle waits."""
    waiting = Review.objects.waiting().filter(proposal__cycle=cycle, reviewer__isnull=False)
    still = people_with(Role.REVIEWER).order_by().values("pk")
    with_them = Q(pk__in=waiting.order_by().values("reviewer"))
    return User.objects.filter(Q(pk__in=still) | with_them).order_by("pk")


def loads_of(cycle: Cycle, reader: User, now: datetime) -> list[Load]:
    """Of each of ``reviewing_in``, who has the most to look at coming first. Four queries for all.

    What is said of the reader's own projects is not counted: that something waits for a second
    look would tell what the first one said.
    """
    own = Project.objects.filter(concerning(reader)).order_by().values("pk")
    theirs = Review.objects.filter(proposal__cycle=cycle).exclude(proposal__project__in=own)
    waits = _by_reviewer(theirs.waiting(), now)
    gave = _by_reviewer(theirs.given(), now)
    still = set(people_with(Role.REVIEWER).values_list("pk", flat=True))
    loads = [
        Load(
            reviewer=each,
            waiting=waits[each.pk].number,
            late=waits[each.pk].late,
            given=gave[each.pk].number,
            given_last=gave[each.pk].last,
            is_reviewer=each.pk in still,
        )
        for each in reviewing_in(cycle)
    ]
    return sorted(loads, key=lambda load: (-load.waiting, -load.late, load.reviewer.pk))


class _Counted(NamedTuple):
    number: int = 0
    late: int = 0
    last: datetime | None = None


def _by_reviewer(reviews: ReviewQuerySet, now: datetime) -> dict[int, _Counted]:
    rows = reviews.filter(reviewer__isnull=False).order_by().values_list("reviewer")
    late = Count("pk", filter=Q(due_at__lte=now))
    counted = rows.annotate(Count("pk"), late=late, last=Max("given_at"))
    found = {pk: _Counted(*figures) for pk, *figures in counted}
    return defaultdict(_Counted, found)
