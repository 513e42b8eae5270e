"""As whom somebody votes in this browser: their account's line of the roll, or a code's."""

from __future__ import annotations

import time

from django.conf import settings
from django.http import HttpRequest

from budgeting.access import roll_entry_of
from budgeting.models import Cycle, PostedCode, RollEntry
from budgeting.selectors import valid_codes
from civicfund.people.requests import person_here

_CODES = "voting_codes"


def vote_by_code(request: HttpRequest, code: PostedCode) -> None:
    """Let this browser vote as the code's line of the roll, for a while."""
    held = request.session.get(_CODES, {})
    until = time.time() + settings.VOTING_CODE_SECONDS
    request.session[_CODES] = held | {str(code.entry.cycle_id): [code.pk, until]}


def stop_voting_by_code(request: HttpRequest) -> None:
    """Let this browser vote by no code any more: the next person at it is somebody else."""
    request.session.pop(_CODES, None)


def code_here(request: HttpRequest, cycle: Cycle) -> PostedCode | None:
    """The code that was typed in this browser and is still valid, in its cycle."""
    pk, until = request.session.get(_CODES, {}).get(str(cycle.pk), (None, 0.0))
    if pk is None or until < time.time():
        return None
    return valid_codes(cycle).filter(pk=pk).first()


def voter_here(request: HttpRequest, cycle: Cycle) -> RollEntry | None:
    """The line of the roll that this browser votes as; None where it may not vote here.

    A code that was just typed goes before the account: whoever typed it meant it.
    """
    code = code_here(request, cycle)
    if code is not None:
        return code.entry
    person = person_here(request)
    return None if person is None else roll_entry_of(cycle, person)
