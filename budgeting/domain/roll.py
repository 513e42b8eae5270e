"""Reading a voter roll line by line: what may go onto it, and what is wrong with the rest.

A file is comma- or semicolon-separated UTF-8 text with a line of column names: ``number`` (what its
source knows a person by), ``birth_date`` (YYYY-MM-DD) and ``neighborhood`` are needed; ``group``,
``deceased``, ``name``, ``street``, ``postal_code`` and ``locality`` may be there. Nothing of a file
is kept by reading it.
"""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

REQUIRED = ("number", "birth_date", "neighborhood")
ADDRESS = ("name", "street", "postal_code", "locality")
OPTIONAL = ("group", "deceased", *ADDRESS)
LONGEST_NUMBER = 64
OLDEST_YEARS = 125
_NOT_DEAD = ("", "0", "no", "false", "n")
_REPLACED = "\ufffd"  # what undecodable bytes are read as


class Wrong(StrEnum):
    """What may be wrong with a line."""

    COLUMNS = "columns"
    QUOTES = "quotes"
    NOT_TEXT = "not_text"
    NO_NUMBER = "no_number"
    BAD_NUMBER = "bad_number"
    NUMBER_TWICE = "number_twice"
    PERSON_TWICE = "person_twice"
    BAD_BIRTH_DATE = "bad_birth_date"
    BORN_LATER = "born_later"
    TOO_OLD = "too_old"
    UNDER_AGE = "under_age"
    DECEASED = "deceased"
    OUTSIDE = "outside"
    OTHER_GROUP = "other_group"


class RollFileError(ValueError):
    """The file as a whole cannot be read; ``code`` says why, ``columns`` which ones are meant."""

    def __init__(self, code: str, columns: Iterable[str] = ()) -> None:
        super().__init__(code)
        self.code, self.columns = code, tuple(columns)


@dataclass(frozen=True, slots=True)
class Eligible:
    """Who may vote: places by name in lower case, the youngest age on a day, groups of people."""

    places: Mapping[str, int]
    minimum_age: int
    age_on: date
    groups: frozenset[str]


@dataclass(frozen=True, slots=True)
class Line:
    """A person who may vote. ``line`` counts from 1 for the names of the columns."""

    line: int
    number: str
    born: date
    place: int
    address: tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class Defect:
    """A line that stays off the roll; ``earlier`` is the line that it repeats."""

    line: int
    wrong: Wrong
    earlier: int = 0


@dataclass(slots=True)
class _Seen:
    """Numbers and people of earlier lines, by their line."""

    numbers: dict[str, int] = field(default_factory=dict)
    people: dict[tuple[str, ...], int] = field(default_factory=dict)


def read_roll(content: Iterable[bytes], eligible: Eligible) -> Iterator[Line | Defect]:
    """Each line of a file as what it is, in order. ``RollFileError`` where there is no telling."""
    lines = (part.decode("utf-8", "replace") for part in content)
    first = next(lines, "").removeprefix("\ufeff")
    delimiter = ";" if first.count(";") > first.count(",") else ","
    columns = [
        name.strip().casefold() for name in next(csv.reader([first], delimiter=delimiter), [])
    ]
    _check_columns(columns)
    seen = _Seen()
    for line, text in enumerate(lines, start=2):
        cells = _cells(text.rstrip("\r\n"), delimiter)
        if cells is None:
            yield Defect(line, Wrong.QUOTES)
        elif any(cell.strip() for cell in cells):
            yield _read(line, columns, cells, eligible, seen)


def _cells(text: str, delimiter: str) -> list[str] | None:
    """The cells of one line; None where a quotation mark stands alone, or the line goes on.

    Each line is read by itself: over several a stray mark would take in every voter after it.
    """
    if text.count('"') % 2 or "\r" in text or "\n" in text:
        return None
    try:
        return next(csv.reader([text], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return None


def _check_columns(columns: list[str]) -> None:
    missing = [name for name in REQUIRED if name not in columns]
    if missing:
        raise RollFileError("missing", missing)
    unknown = [name for name in columns if name not in (*REQUIRED, *OPTIONAL)]
    if unknown or len(set(columns)) < len(columns):
        raise RollFileError("unknown", unknown or columns)


def _read(
    line: int, columns: list[str], cells: list[str], eligible: Eligible, seen: _Seen
) -> Line | Defect:
    if len(cells) != len(columns):
        return Defect(line, Wrong.COLUMNS)
    if any(_REPLACED in cell for cell in cells):
        return Defect(line, Wrong.NOT_TEXT)
    given = {name: cell.strip() for name, cell in zip(columns, cells, strict=True)}
    number, born = plain_number(given["number"]), _date(given["birth_date"])
    if wrong := _wrong_number(given["number"], number):
        return Defect(line, wrong)
    if (earlier := seen.numbers.setdefault(number, line)) != line:
        return Defect(line, Wrong.NUMBER_TWICE, earlier)
    if born is None:
        return Defect(line, Wrong.BAD_BIRTH_DATE)
    if wrong := _wrong_age(born, eligible) or _wrong_voter(given, eligible):
        return Defect(line, wrong)
    name, street, code, locality = (given.get(column, "") for column in ADDRESS)
    if name:
        person = (plain_number(name), born.isoformat(), plain_number(street + code))
        if (earlier := seen.people.setdefault(person, line)) != line:
            return Defect(line, Wrong.PERSON_TWICE, earlier)
    place = eligible.places[given["neighborhood"].casefold()]
    return Line(line, number, born, place, (name, street, code, locality))


def plain_number(text: str) -> str:
    """Letters and digits in one writing, so that ``12-34 a`` and ``1234A`` are the same."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(letter for letter in folded if letter.isalnum())


def _wrong_number(given: str, number: str) -> Wrong | None:
    if not given:
        return Wrong.NO_NUMBER
    if not number or len(given) > LONGEST_NUMBER or not given.isprintable():
        return Wrong.BAD_NUMBER
    return None


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _wrong_age(born: date, eligible: Eligible) -> Wrong | None:
    age = age_on(born, eligible.age_on)
    if born > eligible.age_on:
        return Wrong.BORN_LATER
    if age > OLDEST_YEARS:
        return Wrong.TOO_OLD
    return Wrong.UNDER_AGE if age < eligible.minimum_age else None


def age_on(born: date, day: date) -> int:
    """Somebody's age in years on a day; who was born on 29 February is older on 1 March."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def _wrong_voter(given: Mapping[str, str], eligible: Eligible) -> Wrong | None:
    if given.get("deceased", "").casefold() not in _NOT_DEAD:
        return Wrong.DECEASED
    if given["neighborhood"].casefold() not in eligible.places:
        return Wrong.OUTSIDE
    group = given.get("group", "").casefold()
    return Wrong.OTHER_GROUP if group and group not in eligible.groups else None
