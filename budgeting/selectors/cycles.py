"""Reading cycles and what is in them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db.models import Prefetch, Q, QuerySet, Sum
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from budgeting.enums import (
    BEFORE_THE_CLOSE,
    COUNTING_STATES,
    OVER_STATES,
    UNDER_WAY,
    CycleState,
    Origin,
    ProposalState,
)
from budgeting.models import Cycle, CycleQuerySet, Option, Participation, Phase, Pot, Proposal
from budgeting.selectors.fates import fate, why_left
from budgeting.selectors.proposals import why_off
from civicfund.prepared import Prepared, hang_on, in_all
from civicfund.projects.models import Project

# How far a proposal has to be to take the place of one that goes into its project.
_AS_FAR = {
    ProposalState.SUBMITTED: (*UNDER_WAY, ProposalState.ON_BALLOT),
    ProposalState.NOT_FEASIBLE: (*UNDER_WAY, ProposalState.ON_BALLOT),
    ProposalState.FEASIBLE: (ProposalState.FEASIBLE, ProposalState.ON_BALLOT),
}


def running_cycles() -> CycleQuerySet:
    """Open cycles with their phases and pots, the one that closes first coming first."""
    return Cycle.objects.running().prefetch_related(
        Prefetch("phases", queryset=Phase.objects.with_now()), "pots"
    )


def running_now() -> list[Cycle]:
    """All of ``running_cycles``."""
    return with_phases_and_pots(_running())


@Prepared
def _running() -> CycleQuerySet:
    return Cycle.objects.running()


def running_at(places: Collection[int]) -> list[Cycle]:
    """Those of ``running_cycles`` with money for one of the places."""
    return with_phases_and_pots(_running_at(places))


@Prepared
def _running_at(places: Collection[int]) -> CycleQuerySet:
    return Cycle.objects.running().at(places)


def with_phases_and_pots(cycles: list[Cycle]) -> list[Cycle]:
    """The same cycles, their phases by the clock and their pots at hand."""
    keys = [cycle.pk for cycle in cycles]
    if keys:
        hang_on(cycles, "phases", _phases(keys), by="cycle")
        hang_on(cycles, "pots", _pots(keys), by="cycle")
    return cycles


@Prepared
def _phases(cycles: Collection[int]) -> QuerySet[Phase]:
    return Phase.objects.with_now().filter(cycle__in=cycles)


@Prepared
def _pots(cycles: Collection[int]) -> QuerySet[Pot]:
    return Pot.objects.filter(cycle__in=cycles)


def counting_cycles() -> CycleQuerySet:
    """Cycles held here that are being counted, certified and published."""
    states = [*COUNTING_STATES, CycleState.COUNTED, CycleState.CERTIFIED]
    cycles = Cycle.objects.filter(origin=Origin.RUN, state__in=states).order_by("pk")
    return cycles.prefetch_related("phases", "pots")


def finished_cycles() -> CycleQuerySet:
    """Cycles whose outcome anyone may read, the newest vote first."""
    return Cycle.objects.finished().prefetch_related("phases", "pots")


def past_cycles(places: Collection[int] | None = None) -> CycleQuerySet:
    """The archive: all that is decided or called off, or what had money for one of the places."""
    past = Cycle.objects.past().prefetch_related("phases", "pots")
    return past if places is None else past.at(places)


def awarded_in_minor(places: Collection[int]) -> int:
    """What projects in these places were awarded by votes held here, in minor units."""
    return int(sum(_won_minor(places)))


@Prepared
def _won_minor(places: Collection[int]) -> QuerySet[Any, int]:
    won = Option.objects.filter(
        proposal__state=ProposalState.SELECTED, proposal__project__neighborhood__in=places
    )
    return in_all(won, Sum("cost_minor", default=0))


def proposals_of(project: Project | int) -> QuerySet[Proposal]:
    """What became of a project in the cycles that it entered, the newest first.

    ``why_off`` is why it was taken off a ballot, ``why_left`` why it is left off it, None where
    nobody said so.
    """
    return (
        Proposal.objects.standing()
        .filter(project=project)
        .annotate(why_off=why_off(), why_left=why_left(), fate=fate())
        .select_related("cycle", "pot")
        .order_by("-submitted_at", "-pk")
    )


def why_on_ballot(project: Project) -> str:
    """Why the project stays as it is, where it is on the ballot of a cycle that is not over."""
    on_ballot = Cycle.objects.filter(options__proposal__project=project)
    cycle = on_ballot.exclude(state__in=OVER_STATES).first()
    if cycle is None:
        return ""
    return _("This project is on the ballot of %(cycle)s until its results are out.") % {
        "cycle": cycle
    }


def why_apart_in_cycles(child: Project, whole: Project) -> str:
    """Why one does not go into the other: it would lose its place in a cycle, or its supports."""
    waits = Q(state__in=UNDER_WAY) | Q(
        state=ProposalState.NOT_FEASIBLE, appeal__published_with=None, appeal__isnull=False
    )
    theirs = Proposal.objects.select_related("cycle", "pot", "support_count")
    open_ones = theirs.filter(waits, project=child, cycle__state__in=BEFORE_THE_CLOSE)
    for proposal in open_ones.order_by("pk"):
        there = theirs.filter(project=whole, cycle=proposal.cycle).first()
        if words := _what_is_lost(proposal, there):
            return words % {"project": child, "whole": whole, "cycle": proposal.cycle}
    return ""


def _what_is_lost(proposal: Proposal, there: Proposal | None) -> str:
    if there is None or there.state not in _AS_FAR[ProposalState(proposal.state)]:
        return _(
            "“%(project)s” would lose its place in %(cycle)s, where “%(whole)s” is not, or not as"
            " far. Make “%(whole)s” part of “%(project)s” instead, or wait for the verdict."
        )
    if proposal.pot.supports_needed and _kept(proposal) > _kept(there):
        return _(
            "Supports are counted in %(cycle)s already, and “%(project)s” has more of them than"
            " “%(whole)s”. Make “%(whole)s” part of “%(project)s” instead."
        )
    return ""


def _kept(proposal: Proposal) -> int:
    kept = getattr(proposal, "support_count", None)
    return kept.people if kept else 0


def turnout(cycle: Cycle) -> int:
    """How many have voted. Of what they voted nothing is counted before the close."""
    return _participations.count(cycle.pk)


@Prepared
def _participations(cycle: int) -> QuerySet[Participation]:
    return Participation.objects.filter(cycle=cycle)


def phase_steps(cycle: Cycle, now: datetime) -> list[dict[str, str]]:
    """The cycle's phases for ``<c-steps>``: label, when, and whether it is done, now or next."""
    return [
        {
            "label": phase.get_kind_display(),
            "when": _days(phase, now),
            "state": _when(phase, now),
        }
        for phase in cycle.phases.all()
    ]


def _when(phase: Phase, now: datetime) -> str:
    if now >= phase.ends_at:
        return "done"
    return "now" if now >= phase.starts_at else "next"


def _days(phase: Phase, now: datetime) -> str:
    """From which day to which, with the years where one of them is not this one."""
    starts, ends = localtime(phase.starts_at), localtime(phase.ends_at)
    with_years = {starts.year, ends.year} != {localtime(now).year}
    first = "j M Y" if with_years and starts.year != ends.year else "j M"
    last = "j M Y" if with_years else "j M"
    return f"{date_format(starts, first)} \u2013 {date_format(ends, last)}"
