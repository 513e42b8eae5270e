"""What to think twice about in the phases of a draft."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import combinations, pairwise

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from budgeting.enums import PhaseKind
from budgeting.models import Phase
from civicfund.moments import moment

# Below so many days people have hardly heard of it, or reviewers cannot keep up.
FEWEST_DAYS = {
    PhaseKind.INFORMING: 7,
    PhaseKind.PROPOSING: 14,
    PhaseKind.REVIEWING: 14,
    PhaseKind.SUPPORTING: 7,
    PhaseKind.BALLOTING: 7,
}


def timeline_warnings(phases: Sequence[Phase], holidays: Collection[str]) -> list[str]:
    """Gaps, overlaps, phases that are short, out of order, or begin or end on a holiday.

    ``holidays`` are days as 2027-01-01. None of these keeps a cycle from opening.
    """
    in_order = sorted(phases, key=lambda phase: (phase.starts_at, phase.ends_at))
    return [
        *_missing(in_order),
        *_gaps(in_order),
        *_overlaps(in_order),
        *_out_of_order(in_order),
        *_short(in_order),
        *_on_holidays(in_order, holidays),
    ]


@dataclass(frozen=True, slots=True)
class Holidays:
    """What is known of public holidays in the time from the first phase to the end of the last.

    ``last`` is the last one that is entered at all; None where none is.
    """

    within: list[date]
    last: date | None
    ends: date | None

    @property
    def run_out(self) -> bool:
        """Whether the cycle lasts longer than holidays are entered for, by year."""
        return bool(self.last and self.ends and self.ends.year > self.last.year)


def holidays_of(phases: Sequence[Phase], holidays: Collection[str]) -> Holidays:
    """Those of the days, as 2027-01-01, that lie within the time of the phases."""
    known = sorted(day for day in map(_day, holidays) if day)
    last = known[-1] if known else None
    if not phases:
        return Holidays([], last, None)
    starts = localtime(min(phase.starts_at for phase in phases)).date()
    ends = localtime(max(phase.ends_at for phase in phases)).date()
    return Holidays([day for day in known if starts <= day <= ends], last, ends)


def _day(words: str) -> date | None:
    """None for what is no day: it is never warned of either."""
    try:
        return date.fromisoformat(words)
    except ValueError:
        return None


def _missing(phases: Sequence[Phase]) -> Iterator[str]:
    kinds = {phase.kind for phase in phases}
    if PhaseKind.PROPOSING in kinds and PhaseKind.REVIEWING not in kinds:
        yield _("Residents propose, and there is no time to review it.")


def _gaps(phases: Sequence[Phase]) -> Iterator[str]:
    reached: datetime | None = None
    for phase in phases:
        if reached is not None and phase.starts_at > reached:
            yield _("Nothing runs from %(start)s to %(end)s.") % {
                "start": moment(reached),
                "end": moment(phase.starts_at),
            }
        reached = max(reached or phase.ends_at, phase.ends_at)


def _overlaps(phases: Sequence[Phase]) -> Iterator[str]:
    for one, other in combinations(phases, 2):
        if other.starts_at < one.ends_at:
            yield _("%(one)s and %(other)s run at once from %(start)s.") % {
                "one": one.get_kind_display(),
                "other": other.get_kind_display(),
                "start": moment(other.starts_at),
            }


def _out_of_order(phases: Sequence[Phase]) -> Iterator[str]:
    usual = list(PhaseKind)
    for one, other in pairwise(phases):
        if usual.index(PhaseKind(one.kind)) > usual.index(PhaseKind(other.kind)):
            yield _("%(one)s comes before %(other)s.") % {
                "one": one.get_kind_display(),
                "other": other.get_kind_display(),
            }


def _short(phases: Sequence[Phase]) -> Iterator[str]:
    for phase in phases:
        fewest = FEWEST_DAYS[PhaseKind(phase.kind)]
        if phase.ends_at - phase.starts_at < timedelta(days=fewest):
            yield _("%(phase)s: shorter than %(n)s days.") % {
                "phase": phase.get_kind_display(),
                "n": fewest,
            }


def _on_holidays(phases: Sequence[Phase], holidays: Collection[str]) -> Iterator[str]:
    for phase in phases:
        for at in (phase.starts_at, phase.ends_at):
            if localtime(at).date().isoformat() in holidays:
                yield _("%(phase)s begins or ends on a public holiday, %(day)s.") % {
                    "phase": phase.get_kind_display(),
                    "day": date_format(localtime(at), "j F Y"),
                }
