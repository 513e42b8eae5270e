"""What only observers may read after a vote."""

from __future__ import annotations

from django.db.models import QuerySet

from budgeting.domain.bundle import LEAST_BALLOTS
from budgeting.models import Cycle, Tally


def withheld(cycle: Cycle) -> QuerySet[Tally]:
    """Pots of a published vote whose ballots are withheld from the public, being so few."""
    tallies = Tally.objects.filter(cycle=cycle, binding=True, ballots__range=(1, LEAST_BALLOTS - 1))
    if cycle.is_imported or not cycle.shows_outcome:
        return tallies.none()
    return tallies.select_related("pot").order_by("pot__position")
