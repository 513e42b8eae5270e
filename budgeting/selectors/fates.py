"""What became of proposals that are on no ballot, once voting has begun or the cycle is called off.

No state says so: it follows from the proposal's, its supports and the clock. Nobody has to end what
is not decided in time.
"""

from __future__ import annotations

from datetime import timedelta

from django.db.models import (
    Case,
    CharField,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Now
from django.utils import timezone

from budgeting.enums import (
    BEFORE_THE_CLOSE,
    PUBLIC_STATES,
    UNDER_WAY,
    CycleState,
    Fate,
    PhaseKind,
    ProposalState,
)
from budgeting.models import BallotOmission, BallotRemoval, Cycle, Phase
from civicfund.audit.services import db_now

# No clock of a web process is so far from the database's.
_A_DAY = timedelta(days=1)
# Of these something else becomes as voting begins, or the cycle is called off.
GOES_ON = (*UNDER_WAY, ProposalState.ON_BALLOT)
_HELD = [state for state in PUBLIC_STATES if state not in (CycleState.OPEN, CycleState.CANCELLED)]


def is_too_late(cycle: Cycle) -> bool:
    """Whether nothing more is decided on its proposals: voting has begun, or the cycle is over."""
    begins = cycle.voting_starts_at
    begun = cycle.state == CycleState.OPEN and begins is not None and begins <= db_now()
    return begun or cycle.state not in BEFORE_THE_CLOSE


def may_have_fate(cycle: Cycle) -> tuple[ProposalState, ...]:
    """In which states of its proposals ``fate`` can be anything; in none until a day before voting
    begins, which the database then tells by its clock.
    """
    if cycle.state == CycleState.CANCELLED:
        return GOES_ON
    begins = cycle.voting_starts_at
    is_early = begins is None or begins > timezone.now() + _A_DAY
    return () if cycle.state in BEFORE_THE_CLOSE and is_early else UNDER_WAY


def is_short() -> Q:
    """For a query of proposals: whether it had too few supports when they were counted."""
    return Q(support_count__people__lt=F("pot__supports_needed"))


def voting_begun() -> Q:
    """For a query of proposals: whether voting has begun, so that the ballot is fixed."""
    voting = Phase.objects.filter(
        cycle=OuterRef("cycle"), kind=PhaseKind.BALLOTING, starts_at__lte=Now()
    )
    return Q(cycle__state__in=_HELD) | (Q(cycle__state=CycleState.OPEN) & Q(Exists(voting)))


def fate() -> Case:
    """For a query of proposals: what became of one, as ``Fate`` names it; empty where that is open,
    or its state says it.
    """
    called_off = Q(cycle__state=CycleState.CANCELLED)
    removed = Exists(removals())
    begun, feasible = voting_begun(), Q(state=ProposalState.FEASIBLE)
    return Case(
        When(~Q(state__in=GOES_ON), then=Value("")),
        When(called_off, then=Value(Fate.CALLED_OFF)),
        When(Q(state=ProposalState.ON_BALLOT) | ~begun, then=Value("")),
        When(is_short(), then=Value(Fate.SHORT)),
        When(feasible & Q(removed), then=Value(Fate.TAKEN_OFF)),
        When(feasible, then=Value(Fate.LEFT_OFF)),
        default=Value(Fate.NOT_DECIDED),
        output_field=CharField(),
    )


def why_left() -> Subquery:
    """For a query of proposals: why one is not put on the ballot; None where nobody says so."""
    return Subquery(_omissions().order_by("-pk").values("reason")[:1])


def said_why_off() -> Q:
    """For a query of proposals: whether somebody said why it is not on the ballot."""
    return Q(Exists(removals())) | Q(Exists(_omissions()))


def removals() -> QuerySet[BallotRemoval]:
    """For a query of proposals: when one was taken off the ballot; not by an earlier verdict."""
    return BallotRemoval.objects.filter(
        proposal=OuterRef("pk"), at__gte=OuterRef("published_with__at")
    )


def _omissions() -> QuerySet[BallotOmission]:
    """Not of an earlier verdict, nor from before it stood on the ballot and was taken off."""
    removed = BallotRemoval.objects.filter(proposal=OuterRef("proposal"), at__gt=OuterRef("at"))
    said = BallotOmission.objects.filter(
        proposal=OuterRef("pk"), at__gte=OuterRef("published_with__at")
    )
    return said.filter(~Exists(removed))
