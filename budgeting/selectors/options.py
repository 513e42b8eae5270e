"""What stands on a ballot. From the first instant of voting it is frozen, and remembered here."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import lru_cache

from django.db.models import QuerySet
from django.utils.safestring import SafeString

from budgeting.models import Cycle, Option, Pot

# The database keeps options and their projects as they are; a neighborhood may still be renamed.
_REMEMBERED_SECONDS = 60
_REMEMBERED_CYCLES = 16
# An option as an untouched ballot shows it: by language, whether at a kiosk, and the option's id.
Drawn = dict[tuple[str, bool, int], SafeString]


@dataclass(frozen=True, slots=True)
class OptionsOnBallot:
    """Each pot's options by its id; ``drawn`` is what pages have made of them so far, if kept.

    Read by many threads at once: nobody changes an option of it.
    """

    by_pot: dict[int, list[Option]]
    drawn: Drawn | None = field(default=None)

    def of(self, pot: Pot) -> list[Option]:
        """The options of a pot, in the order of their positions."""
        return self.by_pot.get(pot.pk, [])


def options_on_ballot(cycle: Cycle, *, frozen: bool) -> OptionsOnBallot:
    """The options of a cycle with what its ballot shows of their projects.

    ``frozen`` says that voting has begun: then they are read once a minute, whoever asks. Two
    cycles never share a commitment, so that is what they are remembered by.
    """
    if not frozen or not cycle.tie_commitment:
        return OptionsOnBallot(_by_pot(cycle.pk))
    minute = int(time.monotonic() // _REMEMBERED_SECONDS)
    return _remembered(cycle.pk, cycle.tie_commitment, minute)


@lru_cache(maxsize=_REMEMBERED_CYCLES)
def _remembered(cycle: int, _commitment: str, _minute: int) -> OptionsOnBallot:
    return OptionsOnBallot(_by_pot(cycle), drawn={})


def _by_pot(cycle: int) -> dict[int, list[Option]]:
    found: dict[int, list[Option]] = {}
    for option in _with_projects(cycle):
        found.setdefault(option.pot_id, []).append(option)
    return found


def _with_projects(cycle: int) -> QuerySet[Option]:
    """Options with what the ballot shows of their projects, and none of the long texts."""
    options = Option.objects.filter(cycle=cycle).select_related("proposal__project__neighborhood")
    return options.order_by("pot", "position").only(
        "pot_id",
        "code",
        "name",
        "cost_minor",
        "proposal__project__summary",
        "proposal__project__neighborhood__name",
    )
