"""What was asked for on a cycle, and whether a second person may still agree to it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import BooleanField, Case, Q, QuerySet, Value, When
from django.db.models.functions import Now

from budgeting.enums import AskedStanding, CycleState, PhaseKind, RollSource
from budgeting.models import Cycle, Phase
from civicfund.audit.models import LAPSES_AFTER, ActRequest
from civicfund.people.enums import Role
from civicfund.people.models import RoleGrant

# In which states of the cycle an act can be done at all; cancelling, in the one it was asked in.
_POSSIBLE_IN = {
    "cycle.open": {CycleState.DRAFT},
    "cycle.appropriate": {CycleState.DRAFT},
    "cycle.extend": {CycleState.OPEN},
    "cycle.move_phase": {CycleState.OPEN},
    "cycle.roll": {CycleState.DRAFT, CycleState.OPEN},
    "cycle.letters": {CycleState.OPEN},
    "cycle.keying_anew": {CycleState.DRAFT, CycleState.OPEN, CycleState.CLOSED},
    "cycle.unseal": {CycleState.CLOSED},
    "cycle.publish": {CycleState.CERTIFIED},
}


def requests_on(cycle: Cycle) -> QuerySet[ActRequest]:
    """Everything that was asked for on the cycle, the newest first.

    Each with ``may_ask``: whether whoever asked for it could still do so.
    """
    asked = ActRequest.objects.filter(
        target_type=cycle._meta.label_lower, target_id=str(cycle.pk)
    ).annotate(
        may_ask=Case(
            When(may_ask(), then=Value(True)), default=Value(False), output_field=BooleanField()
        )
    )
    return asked.select_related("requested_by", "approval__approved_by", "withdrawal").order_by(
        "-id"
    )


def may_ask() -> Q:
    """Whoever asked still has the role that it takes."""
    certifying = Q(act="cycle.publish")
    of_money = Q(act="cycle.appropriate")
    by_officer = Q(act="cycle.roll", parameters__source=RollSource.PERSON)
    return Q(requested_by__is_active=True) & (
        (certifying & _holds(Role.CERTIFIER))
        | (of_money & _holds(Role.TREASURER))
        | (~certifying & ~of_money & _holds(Role.BUDGET_ADMINISTRATOR))
        | (by_officer & _holds(Role.POLL_OFFICER))
    )


def _holds(role: Role) -> Q:
    return Q(requested_by__in=RoleGrant.objects.filter(role=role).values("user"))


def pending_requests(cycle: Cycle, act: str) -> QuerySet[ActRequest]:
    """What a second person may agree to now, the newest first.

    Nobody has agreed to it or taken it back, it has not lapsed, whoever asked for it still has the
    role, and a cycle that is to be cancelled is in the state in which that was asked for.
    """
    lapses_after = LAPSES_AFTER[cycle._meta.label_lower]
    waiting = requests_on(cycle).filter(
        may_ask(),
        act=act,
        approval__isnull=True,
        withdrawal__isnull=True,
        at__gt=Now() - lapses_after,
    )
    if act == "cycle.cancel":
        waiting = waiting.filter(parameters__state=cycle.state)
    return waiting


def standing_of(asked: ActRequest, cycle: Cycle, now: datetime) -> AskedStanding:
    """What became of a request that ``requests_on`` found."""
    if hasattr(asked, "approval"):
        return AskedStanding.AGREED
    if hasattr(asked, "withdrawal"):
        return AskedStanding.TAKEN_BACK
    if asked.lapses_at is not None and asked.lapses_at <= now:
        return AskedStanding.LAPSED
    if not asked.may_ask:  # type: ignore[attr-defined]  # as ``requests_on`` annotates it
        return AskedStanding.ROLE_LOST
    if not is_possible(asked, cycle, now):
        return AskedStanding.OUTDATED
    return AskedStanding.WAITING


def is_possible(asked: ActRequest, cycle: Cycle, now: datetime) -> bool:
    """Whether what was asked for can be done in the state that the cycle is in, and what it would
    change of its phases still stands as it did then.
    """
    if asked.act == "cycle.cancel":
        return bool(asked.parameters.get("state") == cycle.state)
    if cycle.state not in _POSSIBLE_IN.get(asked.act, set()):
        return False
    if asked.act == "cycle.extend":
        return _can_extend(asked, cycle.voting, now)
    if asked.act == "cycle.move_phase":
        return can_move(asked, cycle.phases.all(), now)
    return True


def _can_extend(asked: ActRequest, voting: Phase | None, now: datetime) -> bool:
    from_at = datetime.fromisoformat(asked.parameters["from_at"])
    return voting is not None and now < voting.ends_at == from_at


def can_move(asked: ActRequest, phases: Iterable[Phase], now: datetime) -> bool:
    """Whether the phase that was asked about is when it was then, and it is not too late to move
    what of it was asked for.
    """
    said = asked.parameters
    phase = next((each for each in phases if each.pk == said["phase"]), None)
    if phase is None:
        return False
    from_starts_at, from_ends_at, to_starts_at = (
        datetime.fromisoformat(said[name])
        for name in ("from_starts_at", "from_ends_at", "to_starts_at")
    )
    if (phase.starts_at, phase.ends_at) != (from_starts_at, from_ends_at):
        return False
    moves_start = to_starts_at != from_starts_at or phase.kind == PhaseKind.BALLOTING
    return now < (phase.starts_at if moves_start else phase.ends_at)
