"""What followers of cycles and places hear: phases, results."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import timedelta

from django.db.models import F, Q
from django.db.models.functions import Now

from budgeting.enums import CycleState, PhaseKind
from budgeting.models import Cycle, Phase, Pot
from budgeting.services.moving_news import tell_of_moves
from budgeting.services.proposal_news import tell_of_proposals
from civicfund.places.selectors import related_places
from civicfund.talk.enums import NewsKind, SubjectKind
from civicfund.talk.selectors import NEWS_FOR, source_of, untold_events
from civicfund.talk.services.facts import Happened, Key, in_places, tell_facts

MOST_AT_ONCE = 500
# An end is told so long before, of phases that last at least twice as long.
ENDS_SOON = timedelta(days=2)
# Phases in which people can do something that they no longer can afterwards.
_ENDING = (PhaseKind.PROPOSING, PhaseKind.SUPPORTING, PhaseKind.BALLOTING)
_ENDINGS = {"cycle.published": NewsKind.RESULTS, "cycle.cancelled": NewsKind.CALLED_OFF}


def tell_of_cycles() -> int:
    """Tell followers what is new of public cycles and their proposals; how many facts."""
    told = tell_of_proposals() + tell_of_moves()
    return told + tell_facts([*_endings(), *_begun(), *_ending()])


def _endings() -> Iterator[Happened]:
    events = list(untold_events(Cycle.objects.public(), _ENDINGS)[:MOST_AT_ONCE])
    places = _places_of({int(event.target_id) for event in events})
    for event in events:
        cycle = int(event.target_id)
        subject = (SubjectKind.CYCLE, cycle)
        heard_by = places[cycle] | {subject}
        yield Happened(subject, _ENDINGS[event.verb], source_of(event), heard_by)


def _begun() -> Iterator[Happened]:
    return _phases(Q(starts_at__gt=Now() - NEWS_FOR), "begins")


def _ending() -> Iterator[Happened]:
    """An end that was put off is told anew, since it is another one."""
    lasts = Q(ends_at__gte=F("starts_at") + 2 * ENDS_SOON)
    return _phases(lasts & Q(ends_at__lte=Now() + ENDS_SOON, kind__in=_ENDING), "ends")


def _phases(which: Q, moment: str) -> Iterator[Happened]:
    running = Phase.objects.current().filter(which, cycle__state=CycleState.OPEN)
    phases = list(running.order_by("pk"))
    places = _places_of({phase.cycle_id for phase in phases})
    for phase in phases:
        instant = phase.starts_at if moment == "begins" else phase.ends_at
        subject = (SubjectKind.CYCLE, phase.cycle_id)
        yield Happened(
            subject,
            NewsKind(f"{phase.kind}_{moment}"),
            f"phase:{phase.pk}:{moment}:{instant.timestamp():.0f}",
            places[phase.cycle_id] | {subject},
        )


def _places_of(cycles: Collection[int]) -> dict[int, frozenset[Key]]:
    """For each cycle the places whose people decide in it, what lies in them and around them."""
    found: dict[int, frozenset[Key]] = defaultdict(frozenset)
    if not cycles:
        return found
    pots = Pot.objects.filter(cycle__in=cycles, place__isnull=False)
    pairs = set(pots.values_list("cycle_id", "place_id"))
    around = related_places({place for _cycle, place in pairs if place})
    for cycle, place in pairs:
        found[cycle] |= in_places(around[place]) if place else frozenset()
    return found
