"""Votes on paper: places, sheets, people who hold the roles, sheets that are keyed and compared."""

from __future__ import annotations

from collections.abc import Sequence

from budgeting.access import pots_at
from budgeting.enums import MOST_SHEETS, SampleRole
from budgeting.models import (
    Cycle,
    KeyingAnew,
    KeyingEnd,
    PaperVote,
    PlaceTotals,
    PollingPlace,
    RollEntry,
    SheetBatch,
)
from budgeting.selectors import compared_sheets
from budgeting.services import key_files
from budgeting.services.ballots import Choice
from budgeting.services.box_counts import UnexplainedError
from budgeting.services.check_ins import check_in
from budgeting.services.closing import close_cycle
from budgeting.services.keying import end_keying, find_sheet, key_sheet, reading_of
from budgeting.services.keying_anew import begin_keying_anew, request_keying_anew
from budgeting.services.paper import account_for, add_place, offer_paper, print_sheets
from budgeting.services.roll import add_person, request_person
from budgeting.services.samples import compare_sheet, sheet_to_compare
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.people.services import grant_role
from civicfund.places.models import Neighborhood
from tests.factories.budgeting import (
    administrator,
    codes,
    draft_cycle,
    end_voting,
    opened,
    running_cycle,
)
from tests.factories.people import UserFactory


def holder(*roles: Role) -> User:
    """Somebody with these roles."""
    user = UserFactory()
    for role in roles:
        grant_role(user, role, by=None)
    return user


def paper_cycle(
    voters: int = 2, *, sheets: int = 6, sample_size: int = 2, **cycle: object
) -> tuple[Cycle, list[User], PollingPlace, list[str]]:
    """A running cycle with one polling place and sheets for where its first voter lives."""
    running, people = running_cycle(voters, **cycle)
    by = administrator()
    offer_paper(running, sample_size=sample_size, by=by)
    place = add_place(running, name="Town hall", address="Market Square 1", by=by)
    numbers = []
    for start in range(0, sheets, MOST_SHEETS):
        numbers += print_more(running, place, min(MOST_SHEETS, sheets - start))[1]
    return running, people, place, numbers


def paper_by_number(
    home: Neighborhood, *numbers: str, sheets: int = 6, **cycle: object
) -> tuple[Cycle, PollingPlace]:
    """A running cycle whose roll two officers made by these numbers; a place with its sheets."""
    running = opened(draft_cycle(**cycle))
    for number in numbers:
        request_person(running, number=number, place=home, by=holder(Role.POLL_OFFICER))
        add_person(running, number=number, place=home, by=holder(Role.POLL_OFFICER))
    by = administrator()
    offer_paper(running, sample_size=2, by=by)
    place = add_place(running, name="Town hall", address="Market Square 1", by=by)
    print_more(running, place, sheets)
    return running, place


def print_more(cycle: Cycle, place: PollingPlace, sheets: int) -> tuple[SheetBatch, list[str]]:
    """Sheets for where the first voter of the roll lives."""
    area = cycle.roll.order_by("pk").first().place
    return print_sheets(place, area=area, number=sheets, language="en", by=administrator())


def entry_of(cycle: Cycle, person: User) -> RollEntry:
    return RollEntry.objects.get(cycle=cycle, claimed_by=person)


def voted_on_paper(cycle: Cycle, people: Sequence[User], place: PollingPlace) -> User:
    """They are checked in by one officer."""
    officer = holder(Role.POLL_OFFICER)
    for person in people:
        check_in(entry_of(cycle, person), place, by=officer)
    return officer


def reading(cycle: Cycle, number: str, positions: Sequence[int] = (), void: str = ""):
    """What a sheet says: the options at these positions of its first pot."""
    sheet = find_sheet(cycle, number)
    [pot, *_] = pots_at(cycle.pk, sheet.batch.area)
    named = codes(pot)
    choices = {pot.pk: Choice([named[at] for at in positions])} if positions else {}
    return reading_of(cycle, sheet, choices, void=void)


def keyed(cycle: Cycle, number: str, positions: Sequence[int] = (), *, by: User, void: str = ""):
    """One keying of a sheet."""
    said = reading(cycle, number, positions, void)
    return key_sheet(cycle, find_sheet(cycle, number), said, by=by)


def keyed_by_two(cycle: Cycle, sheets: dict[str, Sequence[int]]) -> list[User]:
    """Each sheet keyed alike by two clerks; one without choices is blank. The clerks."""
    clerks = [holder(Role.CLERK), holder(Role.CLERK)]
    for clerk in clerks:
        for number, positions in sheets.items():
            keyed(cycle, number, positions, by=clerk, void="" if positions else "blank")
    return clerks


def compared(cycle: Cycle, sheets: dict[str, Sequence[int]]) -> None:
    """The whole sample, read as the sheets say by an observer and a clerk who keyed none."""
    pair = {
        SampleRole.OBSERVER: holder(Role.OBSERVER),
        SampleRole.CLERK: holder(Role.CLERK),
    }
    for each in compared_sheets(cycle):
        number = each.sampled.sheet.number
        positions = sheets[number]
        for role, by in pair.items():
            drawn = sheet_to_compare(cycle, number, role=role, by=by)
            said = reading(cycle, number, positions, "" if positions else "blank")
            compare_sheet(cycle, drawn, said, role=role, by=by)


def lose_key(cycle: Cycle) -> str:
    """The file with the key of the sheets is gone; what named it."""
    key_hash = PaperVote.objects.get(pk=cycle.pk).key_hash
    assert key_files.destroy_key(key_hash)
    return key_hash


def begun_anew(cycle: Cycle, *, reason: str = "The disk broke.") -> KeyingAnew:
    """Keying, begun anew by two people, as the key is lost."""
    lose_key(cycle)
    asked = request_keying_anew(cycle, reason=reason, by=administrator())
    return begin_keying_anew(cycle, asked.pk, by=administrator())


def closed(cycle: Cycle) -> Cycle:
    end_voting(cycle)
    done = close_cycle(cycle)
    cycle.refresh_from_db()
    return done


def accounted(
    place: PollingPlace, cast: int, *, spoiled: int = 0, reason: str = "", by: User | None = None
) -> PlaceTotals:
    """So many sheets in the box, the rest came back; why, where other people were checked in."""
    printed = sum(batch.printed for batch in place.batches.all())
    if cast != place.check_ins.count():
        reason = reason or "Others were checked in: it is tried."
    return account_for(
        place, cast=cast, spoiled=spoiled, returned=printed - cast - spoiled, reason=reason,
        by=by or holder(Role.POLL_OFFICER),
    )  # fmt: skip


def ended(cycle: Cycle, *, by: User | None = None) -> KeyingEnd:
    """Keying, ended; whatever differs is explained as it was asked about."""
    by = by or administrator()
    try:
        return end_keying(cycle, by=by)
    except UnexplainedError as refusal:
        why = {each.key: "It is tried." for each in refusal.differences}
        return end_keying(cycle, why, by=by)


def all_keyed(
    cycle: Cycle, place: PollingPlace, sheets: dict[str, Sequence[int]], *, spoiled: int = 0
) -> None:
    """Closed, keyed by two, accounted for, keying ended, the sample compared."""
    keyed_by_two(cycle, sheets)
    accounted(place, len(sheets), spoiled=spoiled)
    ended(cycle)
    compared(cycle, sheets)
