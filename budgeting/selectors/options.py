"""What stands on a ballot. From the first instant of voting it is frozen, and remembered here."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from django.db.models import OuterRef, QuerySet, Subquery
from django.utils.safestring import SafeString

from budgeting.models import Cycle, Option, Pot, Review, RollEntry
from civicfund.audit.services import db_now
from civicfund.places.models import Neighborhood

# The database keeps options and their projects as they are; a neighborhood may still be renamed.
_REMEMBERED_SECONDS = 60
_REMEMBERED_CYCLES = 16
# An option as an untouched ballot shows it: by language, whether at a kiosk, and the option's id.
Drawn = dict[tuple[str, bool, int], SafeString]


@dataclass(frozen=True, slots=True)
class OptionsOnBallot:
    """The pots of a cycle, each pot's options and all homes by their ids, as they were ``read_at``.

    ``drawn`` is what pages have made of the options so far, where it is kept. Read by many threads
    at once: nobody changes a pot or an option of it.
    """

    pots: list[Pot]
    by_pot: dict[int, list[Option]]
    homes: dict[int, Neighborhood]
    read_at: datetime
    drawn: Drawn | None = field(default=None)

    def of(self, pot: Pot) -> list[Option]:
        """The options of a pot, in the order of their positions."""
        return self.by_pot.get(pot.pk, [])


def options_on_ballot(cycle: Cycle) -> OptionsOnBallot:
    """The pots and options of a cycle with what its ballot shows of their projects.

    Once voting has begun they are read once a minute, whoever asks: by the database's clock, as it
    was when they were read. Two cycles never share a commitment, so that is what they are
    remembered by.
    """
    if cycle.tie_commitment and (begins := cycle.voting_starts_at):
        minute = int(time.monotonic() // _REMEMBERED_SECONDS)
        found = _remembered(cycle.pk, cycle.tie_commitment, minute)
        if found.read_at >= begins:
            return found
    return _read(cycle.pk)


def pots_on_ballot(cycle: Cycle, entry: RollEntry) -> list[Pot]:
    """The pots that a voter decides on, as the ballot shows them."""
    found = options_on_ballot(cycle)
    home = found.homes.get(entry.place_id) or entry.place
    return [pot for pot in found.pots if pot.reaches(home)]


@lru_cache(maxsize=_REMEMBERED_CYCLES)
def _remembered(cycle: int, _commitment: str, _minute: int) -> OptionsOnBallot:
    return _read(cycle, drawn={})


def _read(cycle: int, drawn: Drawn | None = None) -> OptionsOnBallot:
    read_at = db_now()
    found: dict[int, list[Option]] = {}
    for option in _with_projects(cycle):
        found.setdefault(option.pot_id, []).append(option)
    pots = Pot.objects.filter(cycle=cycle).select_related("place").defer("place__boundary")
    homes = Neighborhood.objects.defer("boundary").in_bulk()
    return OptionsOnBallot(list(pots), found, homes, read_at, drawn)


def _with_projects(cycle: int) -> QuerySet[Option]:
    """Options with what the ballot shows of their projects, and none of the long texts.

    ``low_minor``, ``high_minor`` and ``yearly_minor`` are what their deciding review found.
    """
    last = Review.objects.given().filter(proposal=OuterRef("proposal")).reverse()
    found = {
        "low_minor": "cost_low_minor",
        "high_minor": "cost_high_minor",
        "yearly_minor": "yearly_minor",
    }
    options = Option.objects.filter(cycle=cycle).select_related("proposal__project__neighborhood")
    options = options.annotate(
        **{name: Subquery(last.values(column)[:1]) for name, column in found.items()}
    )
    return options.order_by("pot", "position").only(
        "pot_id",
        "position",
        "code",
        "name",
        "cost_minor",
        "exclusion_group",
        "proposal__project__summary",
        "proposal__project__neighborhood__name",
    )
