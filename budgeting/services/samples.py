"""The comparison sample: an observer and a clerk read drawn sheets, before ballots are opened."""

from __future__ import annotations

from django.db import connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from budgeting.access import require
from budgeting.domain.paper import Reading, digest_of, slot_of
from budgeting.enums import CycleState, SampleRole
from budgeting.models import Cycle, Keying, KeyingEnd, PaperVote, SampledSheet, SampleReading
from budgeting.selectors import compared_sheets
from budgeting.services.errors import RefusedError
from budgeting.services.key_files import read_key
from budgeting.services.keying import find_sheet
from budgeting.services.locks import share
from budgeting.services.paper import paper_of
from civicfund.people.enums import Role
from civicfund.people.models import User

_ROLES = {SampleRole.OBSERVER: Role.OBSERVER, SampleRole.CLERK: Role.CLERK}


def sheet_to_compare(cycle: Cycle, typed: str, *, role: SampleRole, by: User) -> SampledSheet:
    """The drawn sheet that one of a pair is about to read; ``RefusedError`` where it is not."""
    require(by, _ROLES[role])
    paper = paper_of(cycle)
    sheet = find_sheet(cycle, typed)
    drawn = SampledSheet.objects.filter(sheet=sheet).select_related("sheet__batch__area").first()
    if drawn is None:
        raise RefusedError(_("This sheet was not drawn for the comparison."), field="number")
    slot = slot_of(read_key(paper.key_hash), cycle.pk, sheet.number)
    if Keying.objects.filter(cycle=cycle, slot=slot, clerk=by).exists():
        raise RefusedError(
            _("You keyed this sheet; somebody who did not has to compare it."), field="number"
        )
    _check_turn(drawn, role, by)
    return drawn


def compare_sheet(
    cycle: Cycle, drawn: SampledSheet, reading: Reading, *, role: SampleRole, by: User
) -> SampleReading:
    """Keep whether a sheet of the sample reads as it was keyed; what it says is kept nowhere.

    The two digests are compared, so that nothing is opened and no choice is ever tied to a sheet.
    Where the two who read a sheet differ, both read it again, three times at the most.
    """
    with transaction.atomic():
        if share(cycle) != CycleState.CLOSED:
            raise RefusedError(_("The sample is compared before the ballots are opened."))
        _hold(drawn)
        sheet_to_compare(cycle, drawn.sheet.number, role=role, by=by)
        key = read_key(paper_of(cycle).key_hash)
        slot = slot_of(key, cycle.pk, drawn.sheet.number)
        keyed = Keying.objects.filter(cycle=cycle, slot=slot).order_by("-turn").first()
        if keyed is None:
            raise RefusedError(_("This sheet was never keyed."), field="number")
        return SampleReading.objects.create(
            sampled=drawn,
            role=role,
            turn=drawn.readings.filter(role=role).count() + 1,
            reader=by,
            agrees=keyed.digest == digest_of(key, slot, reading),
        )


def check_paper_is_done(cycle: Cycle) -> None:
    """Raise ``RefusedError`` where sheets wait to be keyed or compared; at once without paper."""
    if not PaperVote.objects.filter(pk=cycle.pk).exists():
        return
    if not KeyingEnd.objects.filter(pk=cycle.pk).exists():
        raise RefusedError(_("Paper ballots are still being keyed."))
    waiting = sum(not each.settled for each in compared_sheets(cycle))
    if waiting:
        raise RefusedError(
            ngettext(
                "%(number)s paper ballot of the sample has not been compared yet.",
                "%(number)s paper ballots of the sample have not been compared yet.",
                waiting,
            )
            % {"number": waiting}
        )


def _hold(drawn: SampledSheet) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('sample'), %s)", [drawn.pk])


def _check_turn(drawn: SampledSheet, role: SampleRole, by: User) -> None:
    """It is read once by each of the two, and again by both where they differ."""
    [state] = [each for each in compared_sheets(drawn.cycle) if each.sampled.pk == drawn.pk]
    if state.settled:
        raise RefusedError(_("This sheet is compared."), field="number")
    readings = list(drawn.readings.all())
    if by.pk in {each.reader_id for each in readings if each.role != role}:
        raise RefusedError(
            _("You read this sheet in another role; two people compare it."), field="number"
        )
    mine = sum(each.role == role for each in readings)
    if mine > len(readings) - mine:
        raise RefusedError(
            _("You have read this sheet. Now it is the other one's turn."), field="number"
        )
