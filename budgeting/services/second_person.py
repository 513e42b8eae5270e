"""Acts on a cycle that one person asks for and another does."""

from __future__ import annotations

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from budgeting.enums import AskedStanding
from budgeting.models import Cycle
from budgeting.selectors import pending_requests, requests_on, standing_of
from budgeting.services.errors import RefusedError
from budgeting.services.locks import take
from civicfund.audit.models import ActRequest, Withdrawal
from civicfund.audit.services import db_now, withdraw_act
from civicfund.people.models import User

_WHY_NOT: dict[AskedStanding, Promise] = {
    AskedStanding.AGREED: gettext_lazy("Somebody has agreed to this already."),
    AskedStanding.TAKEN_BACK: gettext_lazy(
        "Whoever asked for this took it back. If it shall be done after all, ask anew."
    ),
    AskedStanding.LAPSED: gettext_lazy(
        "This was asked for too long ago for anybody to agree to it. If it shall still be done, ask"
        " anew."
    ),
    AskedStanding.ROLE_LOST: gettext_lazy(
        "Whoever asked for this no longer has the role that it takes. Somebody who has it has to"
        " ask anew."
    ),
    AskedStanding.OUTDATED: gettext_lazy(
        "The cycle has moved on since this was asked for. If it shall still be done, ask anew."
    ),
}


def acts_asked(cycle: Cycle, act: str) -> bool:
    """Whether somebody has asked for an act on the cycle that can be agreed to now."""
    return pending_requests(cycle, act).exists()


def pending_request_with(cycle: Cycle, act: str, asked_id: int) -> ActRequest:
    """The request that a second person agrees to, by its id.

    Raises ``RefusedError``, which says why where nobody can agree to it.
    """
    asked = pending_requests(cycle, act).filter(pk=asked_id).first()
    if asked is None:
        raise _refusal(cycle, requests_on(cycle).filter(act=act, pk=asked_id).first())
    return asked


def pending_request(
    cycle: Cycle, act: str, asked_id: int | None = None, **parameters: object
) -> ActRequest:
    """The request for an act that a second person agrees to: the one that they were shown.

    A page names it by its id, or by all that was asked for. Code that shows nothing to anybody
    names none: then there has to be exactly one. Raises ``RefusedError``.
    """
    if asked_id is not None:
        return pending_request_with(cycle, act, asked_id)
    waiting = pending_requests(cycle, act)
    if parameters:
        return _like(cycle, act, parameters)
    found = list(waiting[:2])
    if len(found) > 1:
        raise RefusedError(_("This was asked for more than once: say which one you agree to."))
    if not found:
        raise _refusal(cycle, requests_on(cycle).filter(act=act).first())
    return found[0]


def _like(cycle: Cycle, act: str, parameters: dict[str, object]) -> ActRequest:
    """The newest that asked for just this: several would be one and the same."""
    asked = pending_requests(cycle, act).filter(parameters__contains=parameters).first()
    if asked is not None:
        return asked
    before = requests_on(cycle).filter(act=act, parameters__contains=parameters).first()
    if before is None and acts_asked(cycle, act):
        raise RefusedError(_("This is not what was asked for."))
    raise _refusal(cycle, before)


def _refusal(cycle: Cycle, asked: ActRequest | None) -> RefusedError:
    """Why nobody can agree to what was asked for."""
    why = _WHY_NOT.get(standing_of(asked, cycle, db_now())) if asked is not None else None
    return RefusedError(str(why) if why else _("Somebody else has to ask for this first."))


def take_back(cycle: Cycle, asked_id: int, *, by: User) -> Withdrawal:
    """Whoever asked for an act thinks better of it: nobody can agree to it any more."""
    with transaction.atomic():
        held = take(cycle)
        asked = requests_on(held).filter(pk=asked_id).first()
        if asked is None or asked.requested_by_id != by.pk:
            raise RefusedError(_("Only whoever asked for something can take it back."))
        why = _WHY_NOT.get(standing_of(asked, held, db_now()))
        if why is not None:
            raise RefusedError(str(why))
        return withdraw_act(asked, by=by)
