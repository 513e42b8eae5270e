"""Moving the phases of an opened cycle: later only, in time, by two people, for all to read why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from budgeting.access import require
from budgeting.enums import CycleState, PhaseKind
from budgeting.models import Cycle, Phase, PhaseMove, Review
from budgeting.selectors import can_move, pending_requests, timeline_warnings
from budgeting.services.errors import RefusedError
from budgeting.services.locks import take
from budgeting.services.second_person import pending_request_with
from civicfund.audit.models import ActRequest
from civicfund.audit.services import approve_act, db_now, record, request_act
from civicfund.moments import moment
from civicfund.people.enums import Role
from civicfund.people.models import User

MOVE = "cycle.move_phase"
_TIMES = ("from_starts_at", "from_ends_at", "to_starts_at", "to_ends_at")


@dataclass(frozen=True, slots=True)
class MoveAsked:
    """A move of a phase that waits for a second person."""

    request: ActRequest
    phase_id: int
    from_starts_at: datetime
    from_ends_at: datetime
    to_starts_at: datetime
    to_ends_at: datetime
    reason: str

    @classmethod
    def of(cls, request: ActRequest) -> MoveAsked:
        """As it was asked for."""
        said = request.parameters
        times = {name: datetime.fromisoformat(said[name]) for name in _TIMES}
        return cls(request=request, phase_id=said["phase"], reason=said["reason"], **times)

    def is_of(self, phase: Phase) -> bool:
        """Whether it is of this phase, as it is now."""
        was = (self.phase_id, self.from_starts_at, self.from_ends_at)
        return was == (phase.pk, phase.starts_at, phase.ends_at)


@dataclass(frozen=True, slots=True)
class MoveToAgree:
    """The same beside its phase, with what to think twice about of the phases as they would be."""

    asked: MoveAsked
    phase: Phase
    warnings: list[str]


def movable_phases(cycle: Cycle, now: datetime) -> list[Phase]:
    """What of an open cycle can be moved still: what is not over, voting until it begins."""
    if cycle.state != CycleState.OPEN:
        return []
    return [phase for phase in cycle.phases.all() if not _why_not(phase, now)]


def moves_asked(cycle: Cycle, now: datetime) -> list[MoveToAgree]:
    """What a second person may still agree to: moves of phases from where they are now."""
    phases = {phase.pk: phase for phase in movable_phases(cycle, now)}
    waiting = pending_requests(cycle, MOVE)
    found = [MoveAsked.of(each) for each in waiting if can_move(each, phases.values(), now)]
    return [MoveToAgree(asked, phases[asked.phase_id], _warnings(cycle, asked)) for asked in found]


def _warnings(cycle: Cycle, asked: MoveAsked) -> list[str]:
    """What is to be thought about of the phases as they would be, and not as they are."""
    phases = list(cycle.phases.all())
    before = timeline_warnings(phases, settings.PUBLIC_HOLIDAYS)
    then = [
        Phase(kind=each.kind, starts_at=asked.to_starts_at, ends_at=asked.to_ends_at)
        if each.pk == asked.phase_id
        else each
        for each in phases
    ]
    return [
        words for words in timeline_warnings(then, settings.PUBLIC_HOLIDAYS) if words not in before
    ]


def request_move(
    cycle: Cycle,
    phase_id: int,
    *,
    starts_at: datetime | None = None,
    ends_at: datetime,
    reason: str,
    by: User,
) -> ActRequest:
    """One person asks that a phase end later, and begin later too where it has not begun.

    Without ``starts_at`` it begins when it was to.
    """
    require(by, Role.BUDGET_ADMINISTRATOR)
    if not reason.strip():
        raise RefusedError(_("Say why, for everybody to read."), field="reason")
    with transaction.atomic():
        held = take(cycle)
        phase = _phase(held, phase_id)
        starts_at = starts_at or phase.starts_at
        _check(held, phase, starts_at, ends_at)
        return request_act(
            MOVE, held, requested_by=by, phase=phase.pk, kind=phase.kind, reason=reason.strip(),
            from_starts_at=phase.starts_at.isoformat(), from_ends_at=phase.ends_at.isoformat(),
            to_starts_at=starts_at.isoformat(), to_ends_at=ends_at.isoformat(),
        )  # fmt: skip


def move_phase(cycle: Cycle, asked_id: int, *, by: User) -> PhaseMove:
    """A second person agrees to what was asked for, and from then on the phase is later.

    The cycle is held alone and the clock read after that: nobody is told that a phase is over while
    this waits, and once it is over this is refused.
    """
    require(by, Role.BUDGET_ADMINISTRATOR)
    try:
        return _move_as_asked(cycle, asked_id, by)
    except IntegrityError as error:
        if "move_in_time" not in str(error):
            raise
        # The phase ended, or began, after the look at the clock.
        raise RefusedError(_("The phase has just ended, or begun: nothing was moved.")) from error


@transaction.atomic
def _move_as_asked(cycle: Cycle, asked_id: int, by: User) -> PhaseMove:
    held = take(cycle)
    found = pending_request_with(held, MOVE, asked_id)
    asked = MoveAsked.of(found)
    phase = _phase(held, asked.phase_id)
    if not asked.is_of(phase):
        raise RefusedError(_("The phase has been moved since this was asked for."))
    _check(held, phase, asked.to_starts_at, asked.to_ends_at)
    made = PhaseMove.objects.create(
        cycle=held,
        phase=phase,
        reason=asked.reason,
        approval=approve_act(found, approved_by=by),
        **{name: getattr(asked, name) for name in _TIMES},
    )
    _move_deadlines(held, made)
    made.refresh_from_db()
    record("cycle.phase_moved", held, actor=by, move=made.pk, kind=made.kind)
    return made


def _move_deadlines(cycle: Cycle, made: PhaseMove) -> None:
    """Reviews that were due when reviewing was to end are due when it ends."""
    reviewing = cycle.phases.filter(pk=made.phase_id, kind=PhaseKind.REVIEWING)
    if reviewing.exists():
        due = Review.objects.waiting().filter(proposal__cycle=cycle, due_at=made.from_ends_at)
        due.update(due_at=made.to_ends_at)


def _phase(cycle: Cycle, phase_id: int) -> Phase:
    """A phase of an open cycle; the caller holds the cycle alone."""
    if cycle.state != CycleState.OPEN:
        raise RefusedError(_("Only phases of a cycle that is open are moved."))
    phase = cycle.phases.filter(pk=phase_id).first()
    if phase is None:
        raise RefusedError(_("This cycle has no such phase."), field="phase")
    return phase


def _why_not(phase: Phase, now: datetime) -> str:
    """Why a phase cannot be moved at all; empty where it can."""
    if phase.kind == PhaseKind.BALLOTING and now >= phase.starts_at:
        return _("Voting has begun: it is not moved any more, but it can be extended.")
    if now >= phase.ends_at:
        said = {"phase": phase.get_kind_display()}
        return _("“%(phase)s” is over: it can no longer be moved.") % said
    return ""


def _check(cycle: Cycle, phase: Phase, starts_at: datetime, ends_at: datetime) -> None:
    """Raise ``RefusedError`` unless the phase may be so late; the caller holds the cycle alone."""
    now = db_now()
    said = {"phase": phase.get_kind_display()}
    if why := _why_not(phase, now):
        raise RefusedError(why, field="phase")
    if starts_at != phase.starts_at and now >= phase.starts_at:
        raise RefusedError(
            _("“%(phase)s” has begun: only its end can be moved.") % said, field="starts_at"
        )
    if phase.kind == PhaseKind.BALLOTING and starts_at == phase.starts_at:
        words = _("Say when voting begins. To make it longer alone, extend the vote.")
        raise RefusedError(words, field="starts_at")
    if starts_at < phase.starts_at:
        raise RefusedError(_("A phase is moved later, never earlier."), field="starts_at")
    if ends_at <= phase.ends_at:
        raise RefusedError(_("A phase is moved later, never earlier."), field="ends_at")
    least = starts_at + (phase.ends_at - phase.starts_at)
    if ends_at < least:
        words = _("It would be shorter than it was: with this start it ends on %(least)s or later.")
        shown = moment(least + timedelta(minutes=1, microseconds=-1))  # a minute that is enough
        raise RefusedError(words % {"least": shown}, field="ends_at")
    others = cycle.phases.exclude(pk=phase.pk)
    if others.filter(kind=phase.kind, starts_at__lt=ends_at, ends_at__gt=starts_at).exists():
        raise RefusedError(_("Two phases of “%(phase)s” overlap.") % said, field="ends_at")
    if phase.kind != PhaseKind.BALLOTING:
        _check_before_voting(phase, ends_at, others)


def _check_before_voting(phase: Phase, ends_at: datetime, others: Iterable[Phase]) -> None:
    """What is over when voting begins stays so; supports are counted before it."""
    voting = next(each for each in others if each.kind == PhaseKind.BALLOTING)
    counted = phase.kind == PhaseKind.SUPPORTING and phase.ends_at < voting.starts_at <= ends_at
    if counted or phase.ends_at <= voting.starts_at < ends_at:
        words = _(
            "Voting begins on %(at)s: “%(phase)s” has to be over before that. Where it shall last"
            " longer, move voting first."
        )
        said = {"at": moment(voting.starts_at), "phase": phase.get_kind_display()}
        raise RefusedError(words % said, field="ends_at")
