"""How many supports proposals have, how many they are short of, and until when."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from budgeting.enums import UNDER_WAY, CycleState, PhaseKind, SupportsFrom
from budgeting.models import Cycle, Phase, Proposal, SupportCount
from civicfund.audit.services import db_now
from civicfund.places.selectors import places_within
from civicfund.prepared import Prepared
from civicfund.projects.models import Project, Support
from civicfund.projects.selectors.supports import (
    Gathering,
    support_counts,
    supports_by_home,
)

# To order a whole cycle by them takes longer than all the rest of its page.
_REMEMBERED_SECONDS = 60
_REMEMBERED_CYCLES = 16


@dataclass(frozen=True, slots=True)
class Supports:
    """People who support a proposal, of whom its cycle counts, and how many it is short of.

    ``ends_at`` is when supporting is over; None where that is not said.
    """

    people: int
    needed: int
    ends_at: datetime | None
    is_over: bool

    @property
    def short(self) -> int:
        """How many are missing."""
        return max(0, self.needed - self.people)


def supports_by_proposal(
    proposals: Iterable[Proposal], now: datetime | None = None
) -> dict[int, Supports]:
    """For those of pots that need supports: as kept, or as of now until then.

    Each with its pot and cycle. As many queries for many as for one. ``now`` is the database's
    time, where it is at hand.
    """
    found = [proposal for proposal in proposals if proposal.pot.supports_needed]
    if not found:
        return {}
    people, ends, now = people_supporting(found), _ends(found), now or db_now()
    return {
        each.pk: Supports(
            people=people[each.pk],
            needed=each.pot.supports_needed,
            ends_at=ends.get(each.cycle_id),
            is_over=each.cycle_id in ends and ends[each.cycle_id] <= now,
        )
        for each in found
    }


def supports_asked_for(proposals: Iterable[Proposal]) -> dict[int, Supports]:
    """The same for those that can still come on the ballot of an open cycle."""
    return supports_by_proposal(
        each
        for each in proposals
        if each.cycle.state == CycleState.OPEN and each.state in UNDER_WAY
    )


def gathering_of(projects: Collection[int]) -> dict[int, list[Gathering]]:
    """Of projects on the list, by their ids: what ``supports_asked_for`` says until it is over.

    For lists: one query where nothing is gathered, and as many for many as for one where some is.
    """
    proposals = _gathering(projects)
    people = supports_now(proposals) if proposals else {}
    found: dict[int, list[Gathering]] = {}
    for each in proposals:
        by_all = each.cycle.supports_from == SupportsFrom.EVERYBODY
        counted = "" if by_all else each.cycle.get_supports_from_display()
        needed = each.pot.supports_needed
        said = Gathering(each.cycle.title, people[each.pk], needed, counted)
        found.setdefault(each.project_id, []).append(said)
    return found


@Prepared
def _gathering(projects: Collection[int]) -> QuerySet[Proposal]:
    phases = Phase.objects.filter(cycle=OuterRef("cycle"), kind=PhaseKind.SUPPORTING)
    rows = Proposal.objects.filter(
        Exists(phases.filter(ends_at__gt=Now())),
        project__in=projects,
        state__in=UNDER_WAY,
        cycle__state=CycleState.OPEN,
        pot__supports_needed__gt=0,
    )
    return rows.select_related("cycle", "pot").order_by("pk")


def _ends(proposals: Iterable[Proposal]) -> dict[int, datetime]:
    cycles = {each.cycle_id: each.cycle for each in proposals}
    known = {pk for pk, cycle in cycles.items() if _has_phases(cycle)}
    ends = {
        pk: phase.ends_at
        for pk in known
        for phase in sorted(cycles[pk].phases.all(), key=lambda phase: phase.ends_at)
        if phase.kind == PhaseKind.SUPPORTING
    }
    others = cycles.keys() - known
    return ends | dict(_ends_of(others)) if others else ends


def _has_phases(cycle: Cycle) -> bool:
    """Whether they are at hand."""
    return "phases" in getattr(cycle, "_prefetched_objects_cache", {})


@Prepared
def _ends_of(cycles: Collection[int]) -> QuerySet[Phase, Any]:
    phases = Phase.objects.filter(cycle__in=cycles, kind=PhaseKind.SUPPORTING)
    return phases.order_by().values_list("cycle").annotate(end=Max("ends_at"))


def people_supporting(proposals: Collection[Proposal]) -> dict[int, int]:
    """How many people support each, by its key: as kept, or as of now until then."""
    keys = [each.pk for each in proposals]
    kept = dict(_kept(keys))
    return supports_now([each for each in proposals if each.pk not in kept]) | kept


@Prepared
def _kept(proposals: Collection[int]) -> QuerySet[SupportCount, Any]:
    counts = SupportCount.objects.filter(proposal__in=proposals)
    return counts.values_list("proposal", "people")


def people_in_cycle(cycle: Cycle) -> dict[int, int]:
    """The same for all proposals of a cycle, to find and to order them by; whom nobody supports may
    be left out. Once it is open they are counted once a minute, whoever asks.
    """
    if not cycle.tie_commitment:
        return _counted_in(cycle.pk, cycle.supports_from)
    minute = int(time.monotonic() // _REMEMBERED_SECONDS)
    return _remembered(cycle.pk, cycle.supports_from, cycle.tie_commitment, minute)


@lru_cache(maxsize=_REMEMBERED_CYCLES)
def _remembered(cycle: int, supports_from: str, _commitment: str, _minute: int) -> dict[int, int]:
    return _counted_in(cycle, supports_from)


def _counted_in(cycle: int, supports_from: str) -> dict[int, int]:
    kept = dict(_kept_in(cycle))
    projects = {pk: project for pk, project in _projects_in(cycle) if pk not in kept}
    if not projects:
        return kept
    if supports_from != SupportsFrom.EVERYBODY:
        rows = Proposal.objects.filter(pk__in=projects).select_related("cycle", "pot")
        return supports_now(rows.only("project", "cycle__supports_from", "pot__place")) | kept
    people = dict(_people_in(cycle))
    # Few projects have taken others in: of these alone it is looked at who supports several.
    people |= support_counts(pk for pair in _merged_in(cycle) for pk in pair)
    return {pk: people.get(project, 0) for pk, project in projects.items()} | kept


@Prepared
def _kept_in(cycle: int) -> QuerySet[SupportCount, Any]:
    return SupportCount.objects.filter(proposal__cycle=cycle).values_list("proposal", "people")


@Prepared
def _projects_in(cycle: int) -> QuerySet[Proposal, Any]:
    return Proposal.objects.filter(cycle=cycle).values_list("pk", "project")


@Prepared
def _people_in(cycle: int) -> QuerySet[Support, Any]:
    projects = Proposal.objects.filter(cycle=cycle).values("project")
    rows = Support.objects.filter(project__in=projects).order_by().values_list("project")
    return rows.annotate(people=Count("person"))


@Prepared
def _merged_in(cycle: int) -> QuerySet[Project, Any]:
    """What went into another project, and which that is, where either is in the cycle."""
    projects = Proposal.objects.filter(cycle=cycle).values("project")
    merged = Project.objects.filter(merged_into__isnull=False).order_by()
    either = Q(pk__in=projects) | Q(merged_into__in=projects)
    return merged.filter(either).values_list("pk", "merged_into")


def supports_now(proposals: Collection[Proposal]) -> dict[int, int]:
    """How many support each now, of those whom its cycle counts; a person once, as always."""
    by_anybody = [each for each in proposals if each.cycle.supports_from == SupportsFrom.EVERYBODY]
    people = support_counts(each.project_id for each in by_anybody)
    found = {each.pk: people[each.project_id] for each in by_anybody}
    by_home = [each for each in proposals if each.pk not in found]
    if not by_home:
        return found
    living = supports_by_home(each.project_id for each in by_home)
    pots = {place for place in (_place(each) for each in by_home) if place}
    within = places_within(pots) if pots else {}
    for each in by_home:
        place, homes = _place(each), living[each.project_id]
        found[each.pk] = sum(
            people for home, people in homes.items() if place is None or home in within[place]
        )
    return found


def _place(proposal: Proposal) -> int | None:
    """Where one has to live for one's support to count; None for the whole town."""
    of_pot = proposal.cycle.supports_from == SupportsFrom.POT
    return proposal.pot.place_id if of_pot else None
