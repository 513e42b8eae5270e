"""Checking people in who vote on paper: from then on paper is their vote, on every channel."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from budgeting.access import pots_at, pots_of, require
from budgeting.enums import Channel
from budgeting.models import (
    CheckIn,
    Cycle,
    Participation,
    PollingPlace,
    RollEntry,
    SheetBatch,
)
from budgeting.selectors import is_of_homes
from budgeting.services.ballots import check_time, hold_entry, taken_part
from budgeting.services.errors import NotOnRollError, RefusedError
from budgeting.services.locks import share
from budgeting.services.paper import paper_of
from budgeting.services.voters import entry_by_number
from civicfund.audit.services import db_now
from civicfund.moments import moment
from civicfund.notices.services import tell
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.places.models import Neighborhood

PAPER_GIVEN = "paper_given"
_NO_SHEETS = gettext_lazy(
    "%(place)s has no sheets with the pots of %(home)s. Send this person to another place, or have"
    " sheets printed; they are not checked in."
)


@dataclass(frozen=True, slots=True)
class Found:
    """Whom a number leads to: where they live, and when they have voted in another way."""

    entry: RollEntry
    voted_at: datetime | None


def find_voter(cycle: Cycle, number: str, *, by: User) -> Found:
    """The voter whose papers an officer has before them; of the number nothing is kept.

    Raises ``NotOnRollError``, and ``RefusedError`` where they have a paper ballot already.
    """
    require(by, Role.POLL_OFFICER)
    paper_of(cycle)
    entry = entry_by_number(cycle, number)
    if entry is None:
        raise NotOnRollError(_nobody(cycle), field="number")
    voted = taken_part(entry)
    _check_not_twice(voted)
    return Found(entry, voted.at if voted else None)


def _nobody(cycle: Cycle) -> str:
    if is_of_homes(cycle):
        return _(
            "Nobody on the roll has this number. They read it on the page “Who may vote” of this"
            " cycle, once they have signed in; nothing in their papers says it. Whoever is not on"
            " the roll has their home confirmed first, then administrators take it in."
        )
    return _(
        "Nobody on the roll has this number. Compare it with the papers; two officers can put"
        " somebody on the roll who was forgotten."
    )


def check_in(entry: RollEntry, place: PollingPlace, *, by: User) -> CheckIn:
    """Write down that the voter is given a paper ballot here, and that it is final.

    An earlier ballot on another channel is left out at the close, and every later one is refused.
    Locks as a cast does: the cycle, shared, then the voter's line of the roll. No sheet is named.
    Whoever has the line with an account is told by mail: nobody is checked in behind their back.
    """
    require(by, Role.POLL_OFFICER)
    with transaction.atomic():
        cycle = place.cycle
        paper_of(cycle)
        if not sheets_for(place, entry):
            raise RefusedError(_NO_SHEETS % {"place": place.name, "home": entry.place.name})
        state = share(cycle)
        held = hold_entry(cycle, entry)
        now = db_now()
        check_time(cycle, state, now)
        voted = taken_part(held)
        _check_not_twice(voted)
        cast_before = voted is not None
        if voted is None:
            voted = Participation.objects.create(
                cycle=cycle, roll_entry=held, channel=Channel.PAPER, at=now
            )
        made = CheckIn.objects.create(participation=voted, place=place, officer=by, at=now)
        _tell_voter(held, made, cast_before=cast_before)
        return made


def _tell_voter(entry: RollEntry, made: CheckIn, *, cast_before: bool) -> None:
    """Where and when they were given a ballot, and whom to tell if they were not."""
    if entry.claimed_by is None:
        return
    tell(
        entry.claimed_by, PAPER_GIVEN, made,
        cycle=made.place.cycle.title,
        place=made.place.name,
        address=made.place.address,
        at=moment(made.at),
        cast_before=cast_before,
        complaint_url=reverse("complaint"),
        paper_url=reverse("paper", args=[made.place.cycle.slug]),
    )  # fmt: skip


def sheets_for(place: PollingPlace, entry: RollEntry) -> list[Neighborhood]:
    """Of the kinds of sheets at a place, by neighborhood, those that show the voter's pots."""
    wanted = {pot.pk for pot in pots_of(entry)}
    areas = Neighborhood.objects.filter(
        pk__in=SheetBatch.objects.filter(place=place).values("area")
    )
    return [area for area in areas if {pot.pk for pot in pots_at(entry.cycle_id, area)} == wanted]


def _check_not_twice(voted: Participation | None) -> None:
    if voted is None or not hasattr(voted, "check_in"):
        return
    earlier = voted.check_in
    raise RefusedError(
        _("This person was given a paper ballot already: at %(place)s, on %(at)s. Give no other.")
        % {"place": earlier.place, "at": date_format(localtime(earlier.at), "j F, H:i")}
    )
