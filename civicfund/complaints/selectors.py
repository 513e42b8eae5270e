"""Reading complaints: the desk's queue, and what is public, which is counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, F, Q
from django.db.models.functions import Now

from civicfund.complaints.domain import is_named_in
from civicfund.complaints.enums import Concern
from civicfund.complaints.models import Complaint, ComplaintQuerySet, Look, LookQuerySet, Named
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.people.selectors import people_with, whose_row

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
    complaint = look.complaint
    theirs = Q(pk=complaint.complainant_id)
    if complaint.complainant:
        theirs |= Q(pk__in=whose_row(complaint.complainant).values("pk"))
    named = Named.objects.filter(complaint=complaint).values("person")
    first = complaint.looks.filter(number=1, taken_by__isnull=False).values("taken_by")
    kept_from = theirs | Q(pk__in=named) | (Q(pk__in=first) if look.number == 2 else Q())
    others = people_with(Role.COMPLAINTS_OFFICER).exclude(kept_from)
    return [each for each in others if not is_named_in(each.display_name, complaint.whom)]


def untold(*, minutes: int) -> int:
    """How many looks were asked for so long ago, and nobody at the desk was told of them."""
    late = Now() - timedelta(minutes=minutes)
    return Look.objects.untold().filter(answered_at__isnull=True, asked_at__lte=late).count()


def late() -> int:
    """How many complaints have waited longer for an answer than they may."""
    return Look.objects.late().count()


def late_and_untold() -> LookQuerySet:
    """What is late, and those who may answer it were not written to of that."""
    return Look.objects.late().filter(late_told_at__isnull=True)


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
