"""What to think twice about in the phases of a draft."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
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
