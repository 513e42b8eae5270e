"""Ballots that the public does not see, for observers."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from budgeting.access import require
from budgeting.domain.bundle import ballot_rows
from budgeting.models import Cycle
from budgeting.selectors import withheld
from budgeting.services.errors import RefusedError
from budgeting.services.inputs import read_inputs
from civicfund.audit.services import record
from civicfund.people.enums import Role
from civicfund.people.models import User

# How many ballots say just this, the names of the options, and the points where there are any.
Row = tuple[int, list[str], list[str]]


def read_withheld(cycle: Cycle, pot: int, *, by: User) -> list[Row]:
    """The ballots of a pot with too few to publish, identical ones on one line and in no order.

    That somebody read them is recorded before they are given.
    """
    require(by, Role.OBSERVER)
    tally = withheld(cycle).filter(pot=pot).first()
    if tally is None:
        raise RefusedError(_("Of this pot no ballots are withheld."))
    with transaction.atomic():
        record("pot.withheld_ballots_read", tally.pot, actor=by)
    election = read_inputs(cycle, tally.pot).election
    names = [option.name for option in election.options]
    return [
        (times, [names[int(each)] for each in options.split()], points.split())
        for times, options, points in ballot_rows(election)
    ]
