"""Confirmed homes as a source of the voter roll: a line for each account, by two people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.translation import gettext as _

from budgeting.enums import RollSource, VoterGroup
from budgeting.models import Cycle, RollBatch
from budgeting.selectors import eligibility_of, places_of_roll, version_of
from budgeting.services.errors import RefusedError
from budgeting.services.roll import (
    ROLL,
    Found,
    NewLine,
    add_lines,
    person_key,
    request_lines,
    require_roll_keeper,
)
from budgeting.services.second_person import pending_request_with
from civicfund.audit.models import ActRequest
from civicfund.audit.services import db_now
from civicfund.people.models import Residency, User
from civicfund.people.selectors import old_enough, proved_residencies_on


@dataclass(frozen=True, slots=True)
class Homes:
    """Confirmed homes where people may vote, and what is told of them to both people."""

    found: Found
    homes: Sequence[Residency]


def request_residents(cycle: Cycle, *, day: date, by: User) -> ActRequest:
    """Ask that everyone who is confirmed to have lived where people may vote come on the roll.

    ``day`` is the day on which they lived there. Homes that are confirmed later are not among them,
    and those of people stay out of whom no papers showed that they are old enough.
    """
    said = eligibility_of(cycle)
    if said is not None and VoterGroup.RESIDENT not in said.groups:
        raise RefusedError(_("This vote is not for people who live here."), field="day")
    now = db_now()
    return request_lines(
        cycle, _homes(cycle, day, now).found, by=by,
        source=RollSource.RESIDENCIES, day=day.isoformat(), confirmed_by=now.isoformat(),
    )  # fmt: skip


def add_residents(cycle: Cycle, asked_id: int, *, by: User) -> RollBatch:
    """A second person agrees to what was asked for; whoever is on the roll stays there, once."""
    require_roll_keeper(by, RollSource.RESIDENCIES)
    asked = pending_request_with(cycle, ROLL, asked_id)
    if asked.parameters["source"] != RollSource.RESIDENCIES:
        raise RefusedError(_("This is not what was asked for."))
    day = date.fromisoformat(asked.parameters["day"])
    known = datetime.fromisoformat(asked.parameters.get("confirmed_by", asked.at.isoformat()))
    read = _homes(cycle, day, known)
    lines = [
        NewLine(person_key(cycle, f"account:{home.user_id}"), home.neighborhood_id, home.user_id)
        for home in read.homes
    ]
    return add_lines(cycle, asked, read.found, lines, by=by)


def _homes(cycle: Cycle, day: date, confirmed_by: datetime) -> Homes:
    """Homes as they were confirmed by an instant, held against who may vote."""
    said = eligibility_of(cycle)
    within = proved_residencies_on(day).filter(
        neighborhood__in=places_of_roll(said), proved_at__lte=confirmed_by
    )
    grown = old_enough(within, said.minimum_age, said.age_on) if said else within
    homes = list(grown.order_by("pk"))
    return Homes(Found(len(homes), within.count() - len(homes), version_of(said)), homes)
