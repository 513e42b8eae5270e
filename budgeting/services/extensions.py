"""Extending a vote: forward only, before it ends, by two people, with a reason for everybody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from budgeting.access import require
from budgeting.enums import CycleState, PhaseKind
from budgeting.models import Cycle, Extension
from budgeting.selectors import pending_requests
from budgeting.services.errors import RefusedError
from budgeting.services.locks import take
from budgeting.services.second_person import pending_request_with
from civicfund.audit.models import ActRequest
from civicfund.audit.services import approve_act, db_now, record, request_act
from civicfund.people.enums import Role
from civicfund.people.models import User

EXTEND = "cycle.extend"


@dataclass(frozen=True, slots=True)
class Asked:
    """An extension that waits for a second person."""

    request: ActRequest
    from_at: datetime
    to_at: datetime
    reason: str

    @classmethod
    def of(cls, request: ActRequest) -> Asked:
        """As it was asked for."""
        from_at, to_at = (
            datetime.fromisoformat(request.parameters[key]) for key in ("from_at", "to_at")
        )
        return cls(request, from_at, to_at, request.parameters["reason"])


def extensions_asked(cycle: Cycle) -> list[Asked]:
    """What a second person may still agree to: from the instant at which voting ends now."""
    waiting = map(Asked.of, pending_requests(cycle, EXTEND))
    return [asked for asked in waiting if asked.from_at == cycle.voting_ends_at]


def request_extension(cycle: Cycle, *, ends_at: datetime, reason: str, by: User) -> ActRequest:
    """One person asks that voting end later, with a reason for everybody to read."""
    require(by, Role.BUDGET_ADMINISTRATOR)
    if not reason.strip():
        raise RefusedError(_("Say why, for everybody to read."), field="reason")
    with transaction.atomic():
        held = take(cycle)
        ends_now = _ends_now(held)
        if ends_at <= ends_now:
            raise RefusedError(_("Voting can only be made longer, never shorter."), field="ends_at")
        return request_act(
            EXTEND, held, requested_by=by,
            from_at=ends_now.isoformat(), to_at=ends_at.isoformat(), reason=reason.strip(),
        )  # fmt: skip


def extend_voting(cycle: Cycle, asked_id: int, *, by: User) -> Extension:
    """A second person agrees to what was asked for, and from then on voting ends later.

    The cycle is held alone and the clock read after that: nobody is told that voting is over while
    this waits, and once it is over this is refused.
    """
    require(by, Role.BUDGET_ADMINISTRATOR)
    try:
        return _extend(cycle, asked_id, by)
    except IntegrityError as error:
        if "extension_in_time" not in str(error):
            raise
        # Voting ended after the look at the clock, while the agreement was written.
        raise _voting_is_over() from error


@transaction.atomic
def _extend(cycle: Cycle, asked_id: int, by: User) -> Extension:
    held = take(cycle)
    ends_now = _ends_now(held)
    found = pending_request_with(held, EXTEND, asked_id)
    asked = Asked.of(found)
    if asked.from_at != ends_now:
        raise RefusedError(_("Voting has been moved or extended since this was asked for."))
    made = Extension.objects.create(
        cycle=held,
        from_at=asked.from_at,
        to_at=asked.to_at,
        reason=asked.reason,
        approval=approve_act(found, approved_by=by),
    )
    record("cycle.extended", held, actor=by, extension=made.pk)
    made.refresh_from_db()
    return made


def _voting_is_over() -> RefusedError:
    return RefusedError(_("Voting is over: it can no longer be extended."))


def _ends_now(cycle: Cycle) -> datetime:
    """When voting ends, while it has not; the caller holds the cycle alone."""
    voting = cycle.phases.filter(kind=PhaseKind.BALLOTING).first()
    if cycle.state != CycleState.OPEN or voting is None:
        raise RefusedError(_("Only a vote that is open can be extended."))
    if db_now() >= voting.ends_at:
        raise _voting_is_over()
    return voting.ends_at
