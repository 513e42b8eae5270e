"""The roll cannot be padded in silence: every planted defect is found, and nobody adds alone."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from datetime import date
from random import Random
from uuid import uuid4

from django.db import DatabaseError, connection, transaction

from budgeting.domain.roll import Defect, Eligible, Wrong, read_roll
from budgeting.enums import VoterGroup
from budgeting.models import Cycle, RollBatch, RollEntry
from budgeting.services import roll_files
from budgeting.services.errors import RefusedError
from budgeting.services.roll import request_file, set_eligibility
from civicfund.audit.models import Approval
from civicfund.audit.services import ApprovalError
from civicfund.people.models import User
from tests.budgeting.test_roll import ask_for
from tests.factories.budgeting import administrator, draft_cycle, opened
from tests.factories.places import NeighborhoodFactory
from tests.trust.result import Result, faults
from tests.trust.town import Town

COLUMNS = (
    "number", "birth_date", "neighborhood", "group", "deceased",
    "name", "street", "postal_code", "locality",
)  # fmt: skip
DAY = date(2026, 1, 1)
# So many accounts would vote under a batch that is not theirs.
PADDED = 100
Row = list[str]


def defects_and_lone_keepers(town: Town, full: bool) -> Result:
    """Plant defects of every kind into a file; then try to add lines alone."""
    lines = 10_000 if full else 600
    planted_count = 300 if full else 48
    place = NeighborhoodFactory()
    content, planted = _file(lines, planted_count, place.name, Random(7))  # noqa: S311 -- repeatable
    cycle = _cycle(place)
    eligible = Eligible(
        {place.name.casefold(): place.pk}, 16, DAY, frozenset({VoterGroup.RESIDENT.value})
    )
    read = read_roll(io.BytesIO(content), eligible)
    found = {each.line: each.wrong for each in read if isinstance(each, Defect)}
    missed = sum(found.get(line) != wrong for line, wrong in planted.items())
    asked = ask_for(cycle, io.BytesIO(content))
    alone = _added_alone(cycle, content, asked.requested_by)
    batch = roll_files.import_file(cycle, io.BytesIO(content), by=administrator())
    by_sql = _added_by_sql(cycle, place.pk) + _padded(batch)
    padded_while_voting = _padded(RollBatch.objects.get(cycle=opened(cycle), pk=batch.pk))
    kept = cycle.roll.count()
    by_cells, added = _found_by_columns(content), _adds_without_triggers(town, batch)
    return Result(
        tried=f"a roll with defects of {len(set(planted.values()))} kinds, each looked for by its"
        " line; lines added by one person, by service and SQL; lines with accounts added under a"
        " batch that two people agreed to, or put in the place of its own, before and while voting"
        " runs",
        size=f"{lines} lines, {len(planted)} defects: {len(planted) - missed} found",
        faults=faults(
            defects_not_found_or_called_another=missed,
            sound_lines_called_defective=len(set(found) - set(planted)),
            lines_imported_more_or_less=abs(batch.added - (lines - len(planted)))
            + abs(kept - batch.added),
            additions_by_one_person=alone + by_sql + padded_while_voting,
        ),
        control=f"a reader that counts cells finds {by_cells}; with triggers off SQL adds"
        f" a line alone, and one under the batch: {'yes' if added else 'no'}",
        control_failed=by_cells < len(planted) and added,
    )


def _cycle(place: object) -> Cycle:
    cycle = draft_cycle(place=place)
    set_eligibility(
        cycle, minimum_age=16, age_on=DAY, groups=[VoterGroup.RESIDENT], by=administrator()
    )
    return cycle


def _sound(number: int, place: str) -> Row:
    born = f"{1930 + number % 75}-{number % 12 + 1:02}-{number % 28 + 1:02}"
    street = f"{number} Long Street"
    return [f"N{number}", born, place, "resident", "", f"Person {number}", street, "123", "Anytown"]


def _with(row: Row, column: str, value: str) -> Row:
    return [value if name == column else cell for name, cell in zip(COLUMNS, row, strict=True)]


# What is done to a sound line, given a sound one before it.
PLANT: dict[Wrong, Callable[[Row, Row], Row]] = {
    Wrong.COLUMNS: lambda row, _: row[:-2],
    Wrong.QUOTES: lambda row, _: _with(row, "locality", '"Anytown'),
    Wrong.NOT_TEXT: lambda row, _: _with(row, "locality", "\udcff"),
    Wrong.NO_NUMBER: lambda row, _: _with(row, "number", " "),
    Wrong.BAD_NUMBER: lambda row, _: _with(row, "number", "--"),
    Wrong.NUMBER_TWICE: lambda row, before: _with(row, "number", f" {before[0].lower()} "),
    Wrong.PERSON_TWICE: lambda row, before: [row[0], *before[1:]],
    Wrong.BAD_BIRTH_DATE: lambda row, _: _with(row, "birth_date", "31.12.1980"),
    Wrong.BORN_LATER: lambda row, _: _with(row, "birth_date", "2026-01-02"),
    Wrong.TOO_OLD: lambda row, _: _with(row, "birth_date", "1899-06-01"),
    Wrong.UNDER_AGE: lambda row, _: _with(row, "birth_date", "2010-01-02"),
    Wrong.DECEASED: lambda row, _: _with(row, "deceased", "yes"),
    Wrong.OUTSIDE: lambda row, _: _with(row, "neighborhood", "Elsewhere"),
    Wrong.OTHER_GROUP: lambda row, _: _with(row, "group", "visitor"),
}


def _file(lines: int, defects: int, place: str, random: Random) -> tuple[bytes, dict[int, Wrong]]:
    """A file of so many lines, and what was planted in which of them (the first has the names)."""
    rows = [_sound(number, place) for number in range(lines)]
    kinds = list(PLANT)
    planted = {}
    # Never two side by side, so that what a line repeats is sound.
    places = sorted(random.sample(range(1, lines // 2), defects))
    for turn, half in enumerate(places):
        at, wrong = 2 * half, kinds[turn % len(kinds)]
        rows[at] = PLANT[wrong](rows[at], rows[at - 1])
        planted[at + 2] = wrong
    content = "".join(",".join(row) + "\r\n" for row in [list(COLUMNS), *rows])
    return content.encode("utf-8", "surrogateescape"), planted


def _found_by_columns(content: bytes) -> int:
    rows = csv.reader(io.StringIO(content.decode("utf-8", "replace")))
    return sum(len(row) != len(COLUMNS) for row in rows)


def _added_alone(cycle: Cycle, content: bytes, asker: User) -> int:
    """The one who asked agrees, too; and somebody imports what nobody asked for."""
    added = 0
    for by, given in ((asker, content), (administrator(), content + b"\r\n")):
        try:
            roll_files.import_file(cycle, io.BytesIO(given), by=by)
            added += 1
        except (ApprovalError, RefusedError):
            continue
    return added + cycle.roll.count()


def _added_by_sql(cycle: Cycle, place: int) -> int:
    """A line without a batch, a batch that nobody agreed to, an approval of one's own request."""
    by = administrator()
    asked = request_file(cycle, sha256="0" * 64, lines=1, left_out=0, eligibility=1, by=by)

    def line() -> None:
        RollEntry.objects.create(cycle=cycle, person_key="1" * 64, place_id=place)

    def batch() -> None:
        RollBatch.objects.create(
            cycle=cycle, approval_id=0, source="file", added=1, digest="0" * 64, late=False
        )

    def own_approval() -> None:
        Approval.objects.create(request=asked, requested_by=by, approved_by=by)

    def approval_as_if_another_had_asked() -> None:
        Approval.objects.create(request=asked, requested_by=administrator(), approved_by=by)

    return sum(_done(act) for act in (line, batch, own_approval, approval_as_if_another_had_asked))


def _done(act: Callable[[], None]) -> bool:
    """Whether the database lets it happen."""
    try:
        with transaction.atomic():
            act()
            connection.check_constraints()
    except DatabaseError:
        return False
    return True


def _padded(batch: RollBatch) -> int:
    """The application's role adds lines to a batch that two people agreed to, or exchanges some."""
    accounts = User.objects.bulk_create(
        User(email=f"pad-{batch.pk}-{uuid4().hex}@trust.example", display_name=f"Pad {number}")
        for number in range(PADDED)
    )

    def lines(users: Sequence[User]) -> None:
        RollEntry.objects.bulk_create(
            _line(batch, number, user) for number, user in enumerate(users)
        )

    def exchanged() -> None:
        mine = batch.entries.order_by("pk")
        mine.filter(pk=mine[0].pk).update(person_key="2" * 64, claimed_by=accounts[0])

    def taken_away_and_another_in_its_place() -> None:
        batch.entries.filter(pk=batch.entries.order_by("pk")[0].pk)._raw_delete("default")
        lines(accounts[:1])

    def out_of_its_batch() -> None:
        batch.entries.filter(pk=batch.entries.order_by("pk")[0].pk).update(batch=None)
        lines(accounts[:1])

    return sum(
        _done(act)
        for act in (
            lambda: lines(accounts[:1]),
            lambda: lines(accounts),
            exchanged,
            taken_away_and_another_in_its_place,
            out_of_its_batch,
        )
    )


def _line(batch: RollBatch, number: int, user: User) -> RollEntry:
    """A line under a batch, with the account that would vote as it."""
    return RollEntry(
        cycle_id=batch.cycle_id, batch=batch, person_key=f"{number:064x}", claimed_by=user,
        place_id=batch.entries.values_list("place", flat=True)[0],
    )  # fmt: skip


def _adds_without_triggers(town: Town, batch: RollBatch) -> bool:
    """Whoever runs the database server adds a line without a batch, and one under it."""
    place = batch.entries.order_by("pk")[0].place_id
    with town.superuser() as database:
        for key, under in (("1" * 64, None), ("2" * 64, batch.pk)):
            database.execute(
                "INSERT INTO budgeting_rollentry (cycle_id, person_key, place_id, batch_id)"
                " VALUES (%s, %s, %s, %s)",
                [batch.cycle_id, key, place, under],
            )
    alone = RollEntry.objects.filter(cycle=batch.cycle_id, batch=None).exists()
    return alone and batch.entries.count() == batch.added + 1
