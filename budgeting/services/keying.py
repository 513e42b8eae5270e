"""Keying the sheets of a closed vote: two clerks who agree, or more until two do, and its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from django.db import connection, transaction
from django.db.models import Count
from django.utils.translation import gettext as _

from budgeting.access import pots_at, require
from budgeting.domain.paper import (
    Reading,
    digest_of,
    drawn,
    is_number,
    plain_number,
    shown_number,
    slot_of,
)
from budgeting.domain.sealing import seal
from budgeting.enums import DECIDING_KEYING, CycleState, VoidReason
from budgeting.models import (
    Cycle,
    Keying,
    KeyingEnd,
    PaperVote,
    SampledSheet,
    Sheet,
)
from budgeting.services.ballots import Choice, checked
from budgeting.services.box_counts import explained
from budgeting.services.errors import BallotRefusedError, RefusedError
from budgeting.services.key_files import SlotKeyMissingError, read_key
from budgeting.services.locks import share, take
from budgeting.services.paper import paper_of
from budgeting.services.urns import urn_of
from civicfund.audit.services import record
from civicfund.people.enums import Role
from civicfund.people.models import User


class Standing(StrEnum):
    """How far a sheet has come."""

    NOT_KEYED = "not_keyed"
    ONCE = "once"
    DIFFER = "differ"
    STILL_DIFFER = "still_differ"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class KeyedSheet:
    """A sheet, and how far it has come; ``mine`` where whoever asks has keyed it."""

    sheet: Sheet
    standing: Standing
    mine: bool


def find_sheet(cycle: Cycle, typed: str) -> Sheet:
    """The sheet of a typed or scanned number; ``RefusedError`` in words where it is none."""
    number = plain_number(typed)
    found = Sheet.objects.select_related("batch__area").filter(cycle=cycle, number=number).first()
    if found is not None:
        return found
    if not is_number(number):
        raise RefusedError(
            _("This is no number of a sheet: a letter is missing or wrong."), field="number"
        )
    raise RefusedError(_("No sheet of this vote has this number."), field="number")


def sheet_to_key(cycle: Cycle, typed: str, *, by: User) -> Sheet:
    """The sheet that a clerk is about to key; ``RefusedError`` where it waits for somebody else."""
    require(by, Role.CLERK)
    paper = _check_keying(cycle, cycle.state)
    sheet = find_sheet(cycle, typed)
    _check_turn(
        list(_keyings(cycle, slot_of(read_key(paper.key_hash), cycle.pk, sheet.number))), by
    )
    return sheet


def reading_of(
    cycle: Cycle,
    sheet: Sheet,
    choices: Mapping[int, Choice],
    *,
    void: str = "",
    voids: Mapping[int, str] | None = None,
) -> Reading:
    """What is filled in on a sheet, checked as a cast is.

    Nothing is dropped in silence: what breaks the rules is refused, and has to be keyed anew or
    said to be void, with a reason: a pot by ``voids``, by its id, the whole sheet by ``void``.
    """
    void_pots = {pot: reason for pot, reason in (voids or {}).items() if reason}
    if not {void, *void_pots.values()} <= {"", *VoidReason.values}:
        raise BallotRefusedError(_("Choose a reason from the list."))
    chosen = {pot: choice for pot, choice in choices.items() if choice.options or choice.points}
    if void:
        if chosen or void_pots:
            raise BallotRefusedError(
                _("The whole sheet is void, or something on it is filled in: not both.")
            )
        return Reading({}, void)
    pots = pots_at(cycle.pk, sheet.batch.area)
    strange = set(void_pots) - {pot.pk for pot in pots}
    if strange:
        raise BallotRefusedError(_("This pot is not on the sheet."))
    both = dict.fromkeys(
        set(chosen) & set(void_pots), _("This pot is void, or filled in: not both.")
    )
    if both:
        raise BallotRefusedError(_("The sheet was not keyed."), both)
    if not chosen and not void_pots:
        raise BallotRefusedError(
            _("Nothing is filled in. If the sheet is like that, say that it is void.")
        )
    if not chosen:
        # All that is filled in is void: so is the sheet, for the reason of its first pot.
        return Reading({}, void_pots[min(void_pots)])
    kept = checked(cycle, pots, chosen)
    return Reading(kept, "", {str(pot): reason for pot, reason in void_pots.items()})


def key_sheet(cycle: Cycle, sheet: Sheet, reading: Reading, *, by: User) -> Standing:
    """Keep what a clerk read on a sheet, sealed; how far the sheet has come with it.

    Whether two clerks read the same is told by digests: neither sees what the other keyed. Where
    they differ others key it too, until two agree: nobody decides a sheet alone. Raises
    ``RefusedError`` where it is somebody else's turn.
    """
    require(by, Role.CLERK)
    with transaction.atomic():
        paper = _check_keying(cycle, share(cycle))
        key = read_key(paper.key_hash)
        slot = slot_of(key, cycle.pk, sheet.number)
        _hold_slot(slot)
        before = _keyings(cycle, slot)
        _check_turn(before, by)
        digest = digest_of(key, slot, reading)
        urn = urn_of(cycle)
        sealed = seal(reading.choices, urn.public_key, urn.padded_bytes)
        Keying.objects.create(
            cycle=cycle,
            slot=slot,
            turn=len(before) + 1,
            clerk=by,
            digest=digest,
            void=reading.void,
            voids=dict(reading.voids or {}),
            ciphertext=None if reading.void else sealed,
        )
    digests = {digest, *(earlier for earlier, _clerk in before)}
    return _standing(len(before) + 1, len(digests))


def _keyings(cycle: Cycle, slot: str) -> list[tuple[str, int]]:
    """Digest and clerk of each keying of a sheet, in their order."""
    rows = Keying.objects.filter(cycle=cycle, slot=slot).order_by("turn")
    return list(rows.values_list("digest", "clerk_id"))


def _hold_slot(slot: str) -> None:
    """Two clerks who key one sheet at once follow each other; nothing is written to its row."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [slot])


def _check_keying(cycle: Cycle, state: str) -> PaperVote:
    paper = paper_of(cycle)
    if state != CycleState.CLOSED:
        raise RefusedError(_("Sheets are keyed once voting is closed, and before it is counted."))
    if KeyingEnd.objects.filter(pk=cycle.pk).exists():
        raise RefusedError(_("Keying has ended."))
    return paper


def _check_turn(before: list[tuple[str, int]], by: User) -> None:
    readings = {digest for digest, _clerk in before}
    if _standing(len(before), len(readings)) == Standing.DONE:
        raise RefusedError(_("This sheet is done: put it with the others."), field="number")
    if by.pk in {clerk for _digest, clerk in before}:
        raise RefusedError(
            _("You have keyed this sheet. Now it is another clerk's turn."), field="number"
        )


def _standing(times: int, readings: int) -> Standing:
    """How far a sheet is that was keyed so often, with so many different readings."""
    if times == 0:
        return Standing.NOT_KEYED
    if times == 1:
        return Standing.ONCE
    if times > readings:
        return Standing.DONE
    return Standing.STILL_DIFFER if times >= DECIDING_KEYING else Standing.DIFFER


def keyed_sheets(cycle: Cycle, *, by: User | None = None) -> list[KeyedSheet]:
    """Every sheet that somebody has keyed, and how far it has come, by number.

    Takes the key of the paper vote: without it nobody can tell which sheets these are.
    """
    key = read_key(paper_of(cycle).key_hash)
    rows = Keying.objects.filter(cycle=cycle).values_list("slot").order_by()
    counted = rows.annotate(times=Count("id"), readings=Count("digest", distinct=True))
    standing = {slot: _standing(times, readings) for slot, times, readings in counted}
    mine = set(Keying.objects.filter(cycle=cycle, clerk=by).values_list("slot", flat=True))
    found = []
    for sheet in cycle.sheets.select_related("batch").order_by("number"):
        slot = slot_of(key, cycle.pk, sheet.number)
        if slot in standing:
            found.append(KeyedSheet(sheet, standing[slot], slot in mine))
    return found


def end_keying(
    cycle: Cycle, reasons: Mapping[str, str] = MappingProxyType({}), *, by: User
) -> KeyingEnd:
    """Say that every sheet is keyed; then the committed seed draws those to compare.

    ``reasons`` say, for everybody to read, why sheets in the box of a place, keyed sheets and
    people checked in there are not as many, by what ``Difference.key`` names. Raises
    ``RefusedError`` while a sheet waits for a further clerk, a place is not accounted for
    or its difference not explained, or the key is not there to tell which sheets were keyed.
    """
    require(by, Role.BUDGET_ADMINISTRATOR)
    with transaction.atomic():
        held = take(cycle)
        paper = _check_keying(held, held.state)
        keyed = _all_keyed(held)
        _check_finished(keyed)
        by_place = Counter(each.sheet.batch.place_id for each in keyed)
        why = explained(held, by_place, reasons, by=by)
        voids, void_parts = _voids(held)
        keyings = Keying.objects.filter(cycle=held)
        done = KeyingEnd.objects.create(
            cycle=held,
            sheets=len(keyed),
            decided=keyings.filter(turn=DECIDING_KEYING).count(),
            beyond_three=keyings.filter(turn=DECIDING_KEYING + 1).count(),
            void=voids.total(),
            by_place={str(place): number for place, number in by_place.items()},
            voids=dict(voids),
            void_parts=dict(void_parts),
            explained=why,
            made_by=by,
        )
        _draw(held, paper, [each.sheet for each in keyed])
        record("cycle.keying_ended", held, actor=by, sheets=done.sheets, decided=done.decided)
    return done


def _all_keyed(cycle: Cycle) -> list[KeyedSheet]:
    try:
        return keyed_sheets(cycle)
    except SlotKeyMissingError:
        raise RefusedError(
            _("The key of the sheets is not where it was put: keying cannot be ended now.")
        ) from None


def _check_finished(keyed: list[KeyedSheet]) -> None:
    for standing, words in (
        (Standing.ONCE, _("These wait for a second clerk: %(sheets)s.")),
        (Standing.DIFFER, _("Two clerks differ on these, a third has to key them: %(sheets)s.")),
        (
            Standing.STILL_DIFFER,
            _("No two clerks agree on these, one who has not yet has to key them: %(sheets)s."),
        ),
    ):
        waiting = [shown_number(e.sheet.number) for e in keyed if e.standing == standing]
        if waiting:
            raise RefusedError(words % {"sheets": ", ".join(waiting[:10])})


def decisive_keyings(cycle: Cycle) -> Iterator[Keying]:
    """Of each sheet the keying that holds: the last one, with which two clerks agree."""
    rows = Keying.objects.filter(cycle=cycle).order_by("slot", "-turn").distinct("slot")
    yield from rows.iterator(chunk_size=5_000)


def _voids(cycle: Cycle) -> tuple[Counter[str], Counter[str]]:
    """Void sheets, and void pots on sheets that count, by reason."""
    sheets: Counter[str] = Counter()
    parts: Counter[str] = Counter()
    for keying in decisive_keyings(cycle):
        if keying.void:
            sheets[keying.void] += 1
        parts.update(keying.voids.values())
    return sheets, parts


def _draw(cycle: Cycle, paper: PaperVote, sheets: list[Sheet]) -> None:
    by_number = {sheet.number: sheet for sheet in sheets}
    sample = drawn(paper.seed, by_number, paper.sample_size)
    SampledSheet.objects.bulk_create(
        SampledSheet(cycle=cycle, sheet=by_number[number], rank=rank)
        for rank, number in enumerate(sample, start=1)
    )
