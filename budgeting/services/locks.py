"""Locks on a cycle: shared to act in it, exclusive to change, close or open it."""

from __future__ import annotations

from django.db import connection
from django.utils.translation import gettext as _

from budgeting.enums import CycleState
from budgeting.models import Cycle
from budgeting.services.errors import RefusedError


def share(cycle: Cycle) -> str:
    """Hold the cycle against being closed until the transaction ends; its state, just read."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT state FROM budgeting_cycle WHERE id = %s FOR SHARE", [cycle.pk])
        state: str = cursor.fetchone()[0]
    return state


def take(cycle: Cycle) -> Cycle:
    """Hold the cycle alone until the transaction ends; the row, just read."""
    return Cycle.objects.select_for_update(of=("self",)).get(pk=cycle.pk)


def take_draft(cycle: Cycle) -> Cycle:
    """The same of one that is still being prepared; ``RefusedError`` once it was opened."""
    held = take(cycle)
    if held.state != CycleState.DRAFT:
        raise RefusedError(
            _(
                "The cycle has been opened: its pots and rules are fixed, and two people alone move"
                " its phases."
            )
        )
    return held
