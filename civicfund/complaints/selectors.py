"""Reading complaints: the desk's queue, and what is public, which is counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, F, Q
from django.db.models.functions import Now

from civicfund.complaints.enums import Concern
from civicfund.complaints.models import Complaint, ComplaintQuerySet, Look, LookQuerySet
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.people.selectors import people_with

PER_PAGE = 50
COUNTED_FOR = timedelta(days=365)


def queue_for(officer: User) -> LookQuerySet:
    """What waits for an answer that this officer may give, the oldest first."""
    return Look.objects.waiting().open_to(officer).select_related("complaint", "taken_by")


def answered_for(officer: User) -> LookQuerySet:
    """What was answered and is not forgotten yet, the newest answer first."""
    readable = Look.objects.filter(complaint__in=Complaint.objects.open_to(officer))
    answered = readable.filter(answered_at__isnull=False).order_by("-answered_at", "-pk")
    return answered.select_related("complaint", "taken_by")


def who_can_take(look: Look) -> list[User]:
    """The officers who may take this look; where it is nobody, the town has to name another."""
    return [
        officer
        for officer in people_with(Role.COMPLAINTS_OFFICER)
        if Look.objects.filter(pk=look.pk).open_to(officer).exists()
    ]


def to_forget() -> ComplaintQuerySet:
    """Complaints whose day has come."""
    return Complaint.objects.kept().filter(forget_at__lte=Now()).order_by("pk")


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the complaints about one concern, or of all."""

    about: str
    made: int
    answered: int
    in_time: int
    second_looks: int
    late: int


def counts_of_the_year() -> list[Counts]:
    """For each concern that anybody complained of within a year, in the order of the form."""
    first = Q(looks__number=1)
    answered = first & Q(looks__answered_at__isnull=False)
    unanswered = Q(looks__answered_at__isnull=True, forgotten_at__isnull=True)
    rows = (
        Complaint.objects.filter(made_at__gte=Now() - COUNTED_FOR)
        .values("about")
        .order_by()
        .annotate(
            made=Count("pk", distinct=True),
            answered=Count("pk", distinct=True, filter=answered),
            in_time=Count(
                "pk", distinct=True, filter=answered & Q(looks__answered_at__lte=F("looks__due_at"))
            ),
            second_looks=Count("pk", distinct=True, filter=Q(looks__number=2)),
            late=Count("pk", distinct=True, filter=unanswered & Q(looks__due_at__lt=Now())),
        )
    )
    found = {row["about"]: row for row in rows}
    return [
        Counts(**found[concern] | {"about": str(concern.label)})
        for concern in Concern
        if concern in found
    ]
