"""Many proposals from one file, looked through by line first; the file is kept nowhere."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import IO

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext as _

from budgeting.access import require
from budgeting.models import Cycle, Pot, Proposal
from budgeting.services.errors import RefusedError
from budgeting.services.proposals import submit_proposal
from budgeting.services.roll_files import Hashed
from civicfund.audit.services import record
from civicfund.money import UnclearAmountError, read_amount
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.places.models import Neighborhood
from civicfund.projects.enums import Category
from civicfund.projects.services import (
    LONGEST_STORY,
    MOST_PER_LINE_MINOR,
    Cost,
    ProjectError,
    create_project,
    publish_project,
)

REQUIRED = ("title", "summary", "neighborhood", "cost")
COLUMNS = (*REQUIRED, "story", "category", "pot")
MOST_LINES = 2_000
MOST_BYTES = 5 * 1024 * 1024
MOST_SHOWN = 200
_MOST_CHARACTERS = {"title": 120, "summary": 280}


@dataclass(frozen=True, slots=True)
class Line:
    """One proposal of a file that can be entered."""

    title: str
    summary: str
    story: str
    category: Category
    neighborhood: Neighborhood
    pot: Pot
    cost_minor: int


@dataclass(slots=True)
class FoundInFile:
    """What a file holds: the lines that can be entered, and what is wrong with which other."""

    sha256: str = ""
    lines: list[Line] = field(default_factory=list)
    wrong: list[tuple[int, str]] = field(default_factory=list)

    @property
    def shown(self) -> list[tuple[int, str]]:
        """The first lines with something wrong."""
        return self.wrong[:MOST_SHOWN]


class _WrongLineError(Exception):
    """Why a line cannot be entered, in words that follow “Line 3”."""


def look_through(cycle: Cycle, file: IO[bytes]) -> FoundInFile:
    """Read a file of proposals, changing nothing. ``RefusedError`` where it is no such file."""
    source = Hashed(iter(lambda: file.read(65_536), b""))
    content = b"".join(source)
    found, known = FoundInFile(sha256=source.digest), _Known(cycle)
    for lines, row in _rows(content):
        try:
            found.lines.append(known.line(row))
        except _WrongLineError as wrong:
            found.wrong += [(number, str(wrong)) for number in lines]
    return found


def import_proposals(cycle: Cycle, file: IO[bytes], *, sha256: str, by: User) -> list[Proposal]:
    """Make each sound line of the file that was looked through a public project in the cycle.

    The projects are those of whoever imports them. ``RefusedError`` for another file, where nothing
    is left to enter, and where a single line is refused; then none is entered.
    """
    require(by, Role.BUDGET_ADMINISTRATOR)
    with transaction.atomic():
        _wait_for_other_files(cycle)
        found = look_through(cycle, file)
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
            cost_lines=[Cost(_("As it was handed in"), line.cost_minor)],
        )
        project = publish_project(project, by=by)
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
            cells = [cell.strip() for cell in row]
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
    missing = [name for name in REQUIRED if name not in header]
    if missing or len(set(header)) != len(header) or not set(header) <= set(COLUMNS):
        raise RefusedError(
            _("The first line has to name %(required)s, and may name %(others)s, each once.")
            % {"required": ", ".join(REQUIRED), "others": ", ".join(COLUMNS[len(REQUIRED) :])},
            field="file",
        )


class _Known:
    """What a line is compared with: the cycle's places and pots, and titles already there."""

    def __init__(self, cycle: Cycle) -> None:
        self.pots = list(cycle.pots.select_related("place"))
        self.places: dict[str, Neighborhood] = {}
        for place in Neighborhood.objects.select_related("parent"):
            self.places[place.name.casefold()] = self.places[place.slug] = place
        titles = cycle.proposals.standing().values_list("project__title", flat=True)
        self.titles = {title.casefold() for title in titles}

    def line(self, row: dict[str, str]) -> Line:
        """The line as a proposal. Raises ``_WrongLineError``."""
        if not row:
            raise _WrongLineError(_("has not as many cells as there are columns"))
        if any("\n" in cell or "\r" in cell for name, cell in row.items() if name != "story"):
            raise _WrongLineError(
                _("has a quotation mark too many, or a cell over more than one line")
            )
        place = self._place(row["neighborhood"])
        found = Line(
            title=_words(row["title"], "title"),
            summary=_words(row["summary"], "summary"),
            story=_story(row.get("story", "")),
            category=_category(row.get("category", "")),
            neighborhood=place,
            pot=self._pot(row.get("pot", ""), place),
            cost_minor=_cost(row["cost"]),
        )
        if found.title.casefold() in self.titles:
            raise _WrongLineError(_("has a title that is in the cycle, or in the file, already"))
        self.titles.add(found.title.casefold())
        return found

    def _place(self, name: str) -> Neighborhood:
        place = self.places.get(name.casefold())
        if place is None:
            raise _WrongLineError(_("names no neighborhood of the town"))
        return place

    def _pot(self, name: str, place: Neighborhood) -> Pot:
        """The pot of that name; without one the nearest: of the place, its district, the town."""
        near = [place, *(up for up in (place.parent, place.parent and place.parent.parent) if up)]
        reaching = [pot for up in near for pot in self.pots if pot.place_id == up.pk]
        named = [pot for pot in reaching if not name or pot.name.casefold() == name.casefold()]
        if not named:
            raise _WrongLineError(_("names no pot whose money its neighborhood can have"))
        return named[0]


def _words(text: str, name: str) -> str:
    most = _MOST_CHARACTERS[name]
    if not text or len(text) > most:
        raise _WrongLineError(
            _("has no %(column)s, or one of more than %(most)s characters")
            % {"column": name, "most": most}
        )
    return text


def _story(text: str) -> str:
    if len(text) > LONGEST_STORY:
        raise _WrongLineError(_("has a story of more than %(n)s characters") % {"n": LONGEST_STORY})
    return text


def _category(name: str) -> Category:
    by_name: Iterable[tuple[str, Category]] = (
        pair for each in Category for pair in ((each.value, each), (str(each.label), each))
    )
    found = {words.casefold(): each for words, each in by_name}
    if name and name.casefold() not in found:
        raise _WrongLineError(_("names no kind of project that there is"))
    return found.get(name.casefold(), Category.OTHER)


def _cost(text: str) -> int:
    names = (settings.CURRENCY,)
    try:
        amount_minor = read_amount(text, settings.CURRENCY, decimal_mark=".", names=names)
    except UnclearAmountError:
        raise _WrongLineError(
            _("has a cost that can be read in two ways: %(cost)s") % {"cost": text}
        ) from None
    except ValueError:
        amount_minor = 0
    if not 0 < amount_minor <= MOST_PER_LINE_MINOR:
        raise _WrongLineError(_("has no cost as 1200 or 1234.50"))
    return amount_minor
