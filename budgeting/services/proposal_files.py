"""Many proposals from one file, looked through by line first; the file is kept nowhere."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO

from django.db import connection, transaction
from django.utils.translation import gettext as _

from budgeting.access import require
from budgeting.models import Cycle, Proposal
from budgeting.selectors.proposal_files import (
    COSTS,
    HEADER,
    OTHERS,
    READ_ONLY,
    REQUIRED,
    UNTOLD,
)
from budgeting.services.errors import RefusedError
from budgeting.services.proposal_lines import Known, Line, WrongLineError
from budgeting.services.proposals import submit_proposal
from budgeting.services.roll_files import Hashed
from civicfund.audit.services import record
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.projects.services import ProjectError, create_project, publish_project
from civicfund.projects.services.authors import invite_co_author
from civicfund.spreadsheets import unquoted

MOST_LINES = 2_000
MOST_BYTES = 5 * 1024 * 1024
MOST_SHOWN = 200


@dataclass(slots=True)
class FoundInFile:
    """What a file holds: lines that can be entered, what is wrong with which other, how many are
    in the cycle as they are, and which columns are not entered.
    """

    sha256: str = ""
    lines: list[Line] = field(default_factory=list)
    wrong: list[tuple[int, str]] = field(default_factory=list)
    there: int = 0
    ignored: list[str] = field(default_factory=list)

    @property
    def shown(self) -> list[tuple[int, str]]:
        """The first lines with something wrong."""
        return self.wrong[:MOST_SHOWN]


def look_through(cycle: Cycle, file: IO[bytes], *, by: User | None = None) -> FoundInFile:
    """Read a file of proposals, changing nothing: what can be entered, ``by`` this person where it
    is said. ``RefusedError`` where it is no such file.
    """
    source = Hashed(iter(lambda: file.read(65_536), b""))
    content = b"".join(source)
    found = FoundInFile(sha256=source.digest)
    rows = list(_rows(content))
    found.ignored = [name for name in READ_ONLY if rows and name in rows[0][1]]
    known = Known(cycle, [row for _lines, row in rows], own_address=by.email if by else "")
    for lines, row in rows:
        try:
            line = known.line(row)
        except WrongLineError as wrong:
            found.wrong += [(number, str(wrong)) for number in lines]
            continue
        if line is None:
            found.there += 1
        else:
            found.lines.append(line)
    return found


def import_proposals(cycle: Cycle, file: IO[bytes], *, sha256: str, by: User) -> list[Proposal]:
    """Make each sound line of the file that was looked through a public project in the cycle.

    A line that names who handed it in is theirs, and whoever has the address beside the name is
    asked to take it over; the others are those of whoever imports them. ``RefusedError`` for
    another file, where nothing is left to enter, and where a single line is refused; then none is
    entered.
    """
    require(by, Role.BUDGET_ADMINISTRATOR)
    with transaction.atomic():
        _wait_for_other_files(cycle)
        found = look_through(cycle, file, by=by)
        if found.sha256 != sha256:
            raise RefusedError(_("This is not the file that was looked through."), field="file")
        if not found.lines:
            raise RefusedError(
                _("Nothing is left to enter: what could be is in the cycle already."), field="file"
            )
        made = [_enter(line, by) for line in found.lines]
        record("cycle.proposals_imported", cycle, actor=by, sha256=sha256, proposals=len(made))
    return made


def _wait_for_other_files(cycle: Cycle) -> None:
    """One file at a time, so that the next one knows the titles that this one brings.

    No lock on the cycle: residents hand in and reviewers review while a long file is entered.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('proposal file'), %s)", [cycle.pk])


def _enter(line: Line, by: User) -> Proposal:
    try:
        project = create_project(
            by,
            title=line.title,
            summary=line.summary,
            story=line.story,
            category=line.category,
            neighborhood=line.neighborhood,
            latitude=line.point[0] if line.point else None,
            longitude=line.point[1] if line.point else None,
            address=line.address,
            running_minor=line.running_minor,
            lifetime_years=line.lifetime_years,
            cost_lines=line.cost_lines,
            handed_in_by=line.proposer_name,
        )
        project = publish_project(project, by=by)
        if line.proposer_email:
            invite_co_author(project, line.proposer_email, by=by, takes_over=True)
    except ProjectError as refusal:
        raise RefusedError(f"{line.title}: {refusal}", field="file") from None
    return submit_proposal(project, line.pot, by=by)


def _rows(content: bytes) -> Iterator[tuple[range, dict[str, str]]]:
    """Each row after the first, by the columns that the first names, with the numbers of its lines.

    A story may go over several; elsewhere that is a quotation mark that swallowed the next lines.
    """
    reader = csv.reader(io.StringIO(_text(content), newline=""), strict=True)
    try:
        header = [name.strip().casefold() for name in next(reader, [])]
        _check_columns(header)
        before, number = reader.line_num, 0
        for row in reader:
            lines, before = range(before + 1, reader.line_num + 1), reader.line_num
            if not row:
                continue
            number += 1
            if number > MOST_LINES:
                words = _("The file has more than %(most)s lines.") % {"most": MOST_LINES}
                raise RefusedError(words, field="file")
            cells = [unquoted(cell.strip()).strip() for cell in row]
            whole = len(cells) == len(header)
            yield lines, dict(zip(header, cells, strict=True)) if whole else {}
    except csv.Error:
        raise RefusedError(
            _("Line %(n)s is no CSV.") % {"n": reader.line_num}, field="file"
        ) from None


def _text(content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise RefusedError(_("The file is not UTF-8 text."), field="file")
    return text


def _check_columns(header: list[str]) -> None:
    named = set(header)
    enough = named.issuperset(REQUIRED) and not named.isdisjoint(COSTS)
    if not enough or len(named) != len(header) or not named <= {*HEADER, *UNTOLD}:
        raise RefusedError(
            _(
                "The first line has to name %(required)s and %(cost)s or %(lines)s, and may name"
                " %(others)s, each once."
            )
            % {
                "required": ", ".join(REQUIRED),
                "cost": COSTS[0],
                "lines": COSTS[1],
                "others": ", ".join(OTHERS),
            },
            field="file",
        )
