"""A file as a source of the voter roll: looked through first, then put on the roll by two people.

A file is read as it comes and kept nowhere. The second person brings it again, and its SHA-256
tells that it is the same.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import IO

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from budgeting.domain.roll import (
    REQUIRED,
    Defect,
    Eligible,
    Line,
    RollFileError,
    Wrong,
    read_roll,
)
from budgeting.enums import RollSource
from budgeting.models import Cycle, Eligibility, RollBatch
from budgeting.selectors import eligibility_of, version_of, voting_places
from budgeting.services.errors import RefusedError
from budgeting.services.roll import (
    ROLL,
    Found,
    NewLine,
    add_lines,
    check_source,
    person_key,
    require_roll_keeper,
)
from budgeting.services.second_person import pending_request
from civicfund.people.models import User

MOST_DEFECTS_SHOWN = 200
_WRONG = {
    Wrong.COLUMNS: _("has not as many cells as there are columns"),
    Wrong.QUOTES: _("has a quotation mark too many, or a cell over more than one line"),
    Wrong.NOT_TEXT: _("is not UTF-8 text"),
    Wrong.NO_NUMBER: _("has no number"),
    Wrong.BAD_NUMBER: _("has a number that nobody can have"),
    Wrong.NUMBER_TWICE: _("has the number of line %(earlier)s"),
    Wrong.PERSON_TWICE: _("is the person of line %(earlier)s under another number"),
    Wrong.BAD_BIRTH_DATE: _("has no date of birth as 1990-12-31"),
    Wrong.BORN_LATER: _("is born after the day on which age counts"),
    Wrong.TOO_OLD: _("is older than people get"),
    Wrong.UNDER_AGE: _("is under age"),
    Wrong.DECEASED: _("is deceased"),
    Wrong.OUTSIDE: _("lives in no neighborhood that votes"),
    Wrong.OTHER_GROUP: _("belongs to no group that votes"),
}
# The same of many lines at once.
_WRONG_OF_MANY = _WRONG | {
    Wrong.NUMBER_TWICE: _("has the number of an earlier line"),
    Wrong.PERSON_TWICE: _("is the person of an earlier line under another number"),
}


@dataclass(slots=True)
class Report:
    """What a file holds: how many may vote, who is on the roll already, and what is wrong where.

    ``defects`` are the first ``most`` of them, or all; ``by_kind`` counts them all. ``eligibility``
    is the version of who may vote that the lines were held against.
    """

    most: int | None = MOST_DEFECTS_SHOWN

    sha256: str = ""
    eligibility: int = 0
    lines: int = 0
    on_roll: int = 0
    by_kind: Counter[Wrong] = field(default_factory=Counter)
    defects: list[Defect] = field(default_factory=list)

    @property
    def left_out(self) -> int:
        """Lines with something wrong."""
        return self.by_kind.total()

    @property
    def wrong_lines(self) -> list[tuple[int, str]]:
        """The lines with something wrong that are kept, and what."""
        return [
            (found.line, str(_WRONG[found.wrong]) % {"earlier": found.earlier})
            for found in self.defects
        ]

    @property
    def wrong_kinds(self) -> list[tuple[str, int]]:
        """What is wrong, and in how many lines, the most frequent first."""
        return [(str(_WRONG_OF_MANY[wrong]), lines) for wrong, lines in self.by_kind.most_common()]

    @property
    def new(self) -> int:
        """Lines that would come onto the roll."""
        return self.lines - self.on_roll


@dataclass(slots=True)
class Hashed:
    """A file's lines, hashed as they are read."""

    file: Iterable[bytes]
    digest: str = ""

    def __iter__(self) -> Iterator[bytes]:
        hashed = hashlib.sha256()
        for part in self.file:
            hashed.update(part)
            yield part
        self.digest = hashed.hexdigest()


def check_file(cycle: Cycle, file: IO[bytes]) -> Report:
    """Look a file through, changing nothing. ``RefusedError`` where it cannot be read at all."""
    report, source = Report(), Hashed(file)
    check_source(cycle, RollSource.FILE)
    known = set(cycle.roll.values_list("person_key", flat=True))
    for found in sound_lines(cycle, source, report):
        report.lines += 1
        report.on_roll += person_key(cycle, found.number) in known
    report.sha256 = source.digest
    return report


def wrong_in_file(cycle: Cycle, file: IO[bytes]) -> list[tuple[int, str]]:
    """Every line of a file with something wrong, and what; changes nothing."""
    report = Report(most=None)
    check_source(cycle, RollSource.FILE)
    for _found in sound_lines(cycle, file, report):
        pass
    return report.wrong_lines


def import_file(cycle: Cycle, file: IO[bytes], *, by: User) -> RollBatch:
    """A second person brings the file that somebody else asked for: its people come on the roll.

    What is read now has to be what the first one was shown, under the same rule.
    """
    require_roll_keeper(by, RollSource.FILE)
    report, source = Report(), Hashed(file)
    lines = [
        NewLine(person_key(cycle, found.number), found.place)
        for found in sound_lines(cycle, source, report)
    ]
    asked = pending_request(cycle, ROLL, source=RollSource.FILE, sha256=source.digest)
    found = Found(len(lines), report.left_out, report.eligibility)
    return add_lines(cycle, asked, found, lines, by=by)


def sound_lines(cycle: Cycle, source: Iterable[bytes], report: Report) -> Iterator[Line]:
    """The lines of a file that may vote; ``report`` is told of the others."""
    said = _said(cycle)
    report.eligibility = version_of(said)
    try:
        for found in read_roll(source, _eligible(said)):
            if isinstance(found, Line):
                yield found
            else:
                report.by_kind[found.wrong] += 1
                if report.most is None or len(report.defects) < report.most:
                    report.defects.append(found)
    except RollFileError as error:
        raise RefusedError(_words(error), field="file") from None


def _words(error: RollFileError) -> str:
    if error.code == "missing":
        return gettext("The first line has to name these columns: %(columns)s.") % {
            "columns": ", ".join(error.columns or REQUIRED)
        }
    return gettext("These columns are not known, or stand there twice: %(columns)s.") % {
        "columns": ", ".join(error.columns)
    }


def _said(cycle: Cycle) -> Eligibility:
    said = eligibility_of(cycle)
    if said is None:
        raise RefusedError(gettext("Say first who may vote in this cycle."))
    return said


def _eligible(said: Eligibility) -> Eligible:
    places = {}
    for place in voting_places(said):
        places[place.name.casefold()] = places[place.slug] = place.pk
    return Eligible(places, said.minimum_age, said.age_on, frozenset(said.groups))
