"""Dates of an open cycle that were moved, as everybody reads of them."""

from __future__ import annotations

from collections.abc import Collection

from django.utils.translation import gettext as _

from budgeting.enums import PhaseKind
from budgeting.models import Extension, PhaseMove
from civicfund.moments import moment


def move_in_words(made: PhaseMove | Extension) -> str:
    """Which phase is when by now, and when it was to be."""
    if isinstance(made, Extension):
        return _lasts(str(PhaseKind.BALLOTING.label), moment(made.to_at), moment(made.from_at))
    phase = str(PhaseKind(made.kind).label)
    if made.to_starts_at == made.from_starts_at:
        return _lasts(phase, moment(made.to_ends_at), moment(made.from_ends_at))
    said = {
        "phase": phase,
        "start": moment(made.to_starts_at),
        "end": moment(made.to_ends_at),
        "old_start": moment(made.from_starts_at),
        "old_end": moment(made.from_ends_at),
    }
    return (
        _(
            "“%(phase)s” is from %(start)s to %(end)s, and not from %(old_start)s to %(old_end)s,"
            " as it was to be."
        )
        % said
    )


def _lasts(phase: str, end: str, old_end: str) -> str:
    words = _("“%(phase)s” lasts until %(end)s, and not until %(old_end)s, as it was to.")
    return words % {"phase": phase, "end": end, "old_end": old_end}


def words_of_moves(pks: Collection[int]) -> dict[int, str]:
    """The same with the reason, for notices of these moves."""
    return {each.pk: _with_reason(each) for each in PhaseMove.objects.filter(pk__in=pks)}


def words_of_extensions(pks: Collection[int]) -> dict[int, str]:
    """The same of these extensions."""
    return {each.pk: _with_reason(each) for each in Extension.objects.filter(pk__in=pks)}


def _with_reason(made: PhaseMove | Extension) -> str:
    said = {"what": move_in_words(made), "why": made.reason}
    return _("%(what)s The reason: “%(why)s”") % said
