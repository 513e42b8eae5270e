"""Reads a ``.pb`` file line by line: strict, with line numbers, and exact about money."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from budgeting.domain.ballots import BallotKind
from budgeting.domain.election import Election, Option
from budgeting.domain.pabulib.fields import (
    Complaints,
    PabulibError,
    amount,
    minor,
    missing,
    places_of,
)
from budgeting.domain.pabulib.limits import limits_of
from budgeting.domain.pabulib.room import Room
from budgeting.domain.pabulib.votes import CHUNK, Chunk, VoteReader

KINDS: Mapping[str, BallotKind] = MappingProxyType(
    {
        "approval": BallotKind.APPROVAL,
        "choose-1": BallotKind.CHOOSE_ONE,
        "cumulative": BallotKind.CUMULATIVE,
        "scoring": BallotKind.SCORING,
        "ordinal": BallotKind.RANKING,
    }
)
SECTIONS = ("meta", "projects", "votes")
DESCRIBED_BY = ("description", "country", "unit", "instance", "date_begin", "date_end", "rule")
Progress = Callable[[int], None]


def _quiet(ballots: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class PabulibFile:
    """A published election.

    Money is in minor units, ``scale`` of them to one unit of the file's currency; points are
    multiplied by ``points_scale``. ``columns`` hold what PROJECTS says of each option, as it was
    written. ``selected_by_city`` are the ids the city marked 1, None where the file marks none.
    """

    meta: Mapping[str, str]
    election: Election
    scale: int
    points_scale: int
    columns: tuple[Mapping[str, str], ...]
    selected_by_city: tuple[str, ...] | None
    warnings: tuple[str, ...]

    @property
    def options(self) -> tuple[Option, ...]:
        """What could be funded, in the file's order."""
        return self.election.options


def read(
    source: Path | str | Iterable[str],
    *,
    places: int = 0,
    progress: Progress = _quiet,
    memory: int | None = None,
) -> PabulibFile:
    """The election of a file (a path), or of lines already open.

    Amounts get at least ``places`` decimal places, more where the file needs them.
    ``progress`` is told how many ballots have been read. Raises :class:`PabulibError`, as soon as
    it is clear also where reading and counting would take more than ``memory`` bytes.
    """
    if not isinstance(source, (Path, str)):
        return _Reader(places, progress, Room(source, memory)).read(source)
    with Path(source).open(encoding="utf-8-sig", newline="") as lines:
        return _Reader(places, progress, Room(lines, memory)).read(lines)


@dataclass(slots=True)
class _Rows:
    """Non-empty rows of a semicolon-separated file, with the line each ends on."""

    lines: Iterable[str]
    line: int = 0

    def __iter__(self) -> Iterator[list[str]]:
        reader = csv.reader(self.lines, delimiter=";")
        try:
            for row in reader:
                self.line = reader.line_num
                if row and any(row):
                    yield row
        except csv.Error as error:
            raise PabulibError(reader.line_num, f"not readable as fields: {error}") from error
        except UnicodeDecodeError as error:
            message = f"not UTF-8 text: {error.reason}"
            raise PabulibError(reader.line_num + 1, message) from error
        self.line = reader.line_num


@dataclass(slots=True)
class _Reader:
    places: int
    progress: Progress
    room: Room
    complaints: Complaints = field(default_factory=Complaints)
    meta: dict[str, str] = field(default_factory=dict)
    meta_lines: dict[str, int] = field(default_factory=dict)
    columns: list[Mapping[str, str]] = field(default_factory=list)
    option_lines: list[int] = field(default_factory=list)
    section: int = -1

    def read(self, lines: Iterable[str]) -> PabulibFile:
        rows = _Rows(lines)
        each = iter(rows)
        self._meta(rows, each)
        kind = self._kind()
        header = self._header(rows, each, ("project_id", "cost"))
        self._projects(rows, each, header)
        options, budget_minor, scale = self._money()
        wanted = ("voter_id", "vote", "points") if kind.has_points else ("voter_id", "vote")
        header = self._header(rows, each, wanted)
        limits = limits_of(
            self.meta,
            self.meta_lines,
            self.complaints,
            [option.cost_minor for option in options],
            scale,
            choose_one=kind is BallotKind.CHOOSE_ONE,
        )
        places = {option.id: place for place, option in enumerate(options)}
        votes = VoteReader(kind, places, self.complaints, limits)
        self._votes(rows, each, header, votes)
        ballots, points_places = votes.finish()
        self._check_counts(len(ballots))
        return PabulibFile(
            meta=MappingProxyType(self.meta),
            election=Election(options, budget_minor, ballots, increment_minor=scale),
            scale=scale,
            points_scale=10**points_places,
            columns=tuple(self.columns),
            selected_by_city=self._selected(),
            warnings=self.complaints.sentences(),
        )

    def _next_section(self, row: list[str], line: int) -> bool:
        """Whether a row is the title of the next section; refuses any other title."""
        title = row[0].strip().lower()
        if title not in SECTIONS or any(part.strip() for part in row[1:]):
            return False
        if SECTIONS.index(title) != self.section + 1:
            raise PabulibError(
                line, f"section {title.upper()} again or out of order: one election per file"
            )
        self.section += 1
        return True

    def _meta(self, rows: _Rows, each: Iterator[list[str]]) -> None:
        first = next(each, None)
        if first is None or not self._next_section([first[0].lstrip("\ufeff"), *first[1:]], 1):
            raise PabulibError(max(rows.line, 1), "a .pb file begins with the line META")
        header = self._header(rows, each, ("key", "value"))
        for row in each:
            if self._next_section(row, rows.line):
                break
            named = self._named(header, row, rows.line)
            key = named["key"]
            if key in self.meta and self.meta[key] != named["value"]:
                raise PabulibError(rows.line, f"META gives {key} twice")
            self.meta[key], self.meta_lines[key] = named["value"], rows.line
        if self.section != SECTIONS.index("projects"):
            raise PabulibError(rows.line, "the file ends before PROJECTS")
        for key in DESCRIBED_BY:
            if not self.meta.get(key):
                self.complaints.add(rows.line, f"META does not give {key}")

    def _kind(self) -> BallotKind:
        name = self._required("vote_type")
        if name not in KINDS:
            line = self.meta_lines["vote_type"]
            raise PabulibError(line, f"vote_type {name!r} is none of {', '.join(KINDS)}")
        return KINDS[name]

    def _required(self, key: str) -> str:
        if not self.meta.get(key):
            raise PabulibError(max(self.meta_lines.values(), default=1), f"META lacks {key}")
        return self.meta[key]

    def _header(self, rows: _Rows, each: Iterator[list[str]], wanted: tuple[str, ...]) -> list[str]:
        row = next(each, None)
        names = [name.strip() for name in row or ()]
        for name in wanted:
            if name not in names:
                raise PabulibError(rows.line, f"the header of the section lacks {name}")
        doubled = [name for name in names if name and names.count(name) > 1]
        if doubled:
            raise PabulibError(rows.line, f"the header has {doubled[0]} twice")
        return names

    def _named(self, header: list[str], row: list[str], line: int) -> dict[str, str]:
        """The fields of a row by column; short rows and empty extra fields draw a complaint."""
        if len(row) > len(header):
            if any(part.strip() for part in row[len(header) :]):
                raise PabulibError(line, f"{len(row)} fields under {len(header)} columns")
            self.complaints.add(line, "empty fields after the last column")
        if len(row) < len(header):
            self.complaints.add(line, "fewer fields than columns")
        padded = row + [""] * (len(header) - len(row))
        return {name: part.strip() for name, part in zip(header, padded, strict=False) if name}

    def _projects(self, rows: _Rows, each: Iterator[list[str]], header: list[str]) -> None:
        seen: set[str] = set()
        for row in each:
            if self._next_section(row, rows.line):
                break
            named = self._named(header, row, rows.line)
            project_id = named["project_id"]
            if not project_id or project_id in seen:
                raise PabulibError(rows.line, f"project_id {project_id!r} is empty or repeated")
            if "," in project_id:
                raise PabulibError(rows.line, f"project_id {project_id!r} has a comma in it")
            seen.add(project_id)
            self.columns.append(MappingProxyType(named))
            self.option_lines.append(rows.line)
        if self.section != SECTIONS.index("votes"):
            raise PabulibError(rows.line, "the file ends before VOTES")

    def _money(self) -> tuple[tuple[Option, ...], int, int]:
        """Options and budget in minor units, and how many of those make one unit of the file."""
        budget_line = self.meta_lines.get("budget", 1)
        budget = amount(self._required("budget"), budget_line, "the budget")
        costs = [
            amount(named["cost"], line, f"the cost of {named['project_id']}")
            for named, line in zip(self.columns, self.option_lines, strict=True)
        ]
        places = max(self.places, places_of([budget, *costs]))
        options = tuple(
            Option(
                named["project_id"],
                minor(cost, places, line, f"the cost of {named['project_id']}"),
                named.get("name", ""),
            )
            for named, cost, line in zip(self.columns, costs, self.option_lines, strict=True)
        )
        return options, minor(budget, places, budget_line, "the budget"), 10**places

    def _votes(
        self, rows: _Rows, each: Iterator[list[str]], header: list[str], votes: VoteReader
    ) -> None:
        columns = len(header)
        vote_at, voter_at = header.index("vote"), header.index("voter_id")
        points_at = header.index("points") if votes.kind.has_points else vote_at
        needed = max(vote_at, points_at)
        chunk, done = Chunk(), 0
        voters: set[str] = set()
        for row in each:
            if len(row) != columns:
                row = self._short(row, columns, needed, rows.line)
            if row[0] in ("META", "PROJECTS", "VOTES") and self._next_section(row, rows.line):
                break
            chunk.lines.append(rows.line)
            chunk.votes.append(row[vote_at])
            chunk.points.append(row[points_at])
            voters.add(row[voter_at])
            if len(chunk.lines) == CHUNK:
                done += self._add(votes, chunk, done)
                chunk = Chunk()
        done += self._add(votes, chunk, done)
        if len(voters) < done:
            self.complaints.add(rows.line, "a voter_id stands on more than one ballot")

    def _add(self, votes: VoteReader, chunk: Chunk, done: int) -> int:
        """Take over a chunk, and say how many ballots it had."""
        votes.add(chunk)
        done += len(chunk.lines)
        if chunk.lines:
            points = votes.kind.has_points
            self.room.check(chunk.lines[-1], done, votes.choices_read, points=points)
        self.progress(done)
        return len(chunk.lines)

    def _short(self, row: list[str], columns: int, needed: int, line: int) -> list[str]:
        if len(row) == 1:
            self._next_section(row, line)
        if len(row) > columns and any(part.strip() for part in row[columns:]):
            raise PabulibError(line, f"{len(row)} fields under {columns} columns")
        if len(row) <= needed:
            raise PabulibError(line, f"{len(row)} fields: the vote is missing")
        self.complaints.add(line, "a ballot with fewer or more fields than columns")
        return row + [""] * (columns - len(row))

    def _check_counts(self, ballots: int) -> None:
        for key, found in (("num_projects", len(self.columns)), ("num_votes", ballots)):
            said = self.meta.get(key, "")
            if said != str(found):
                line = self.meta_lines.get(key, 1)
                self.complaints.add(
                    line, f"META says {key} {said or 'nothing'}, the file has {found}"
                )

    def _selected(self) -> tuple[str, ...] | None:
        marks = [(named["project_id"], named.get("selected", "")) for named in self.columns]
        if all(missing(mark) for _, mark in marks):
            return None
        return tuple(project_id for project_id, mark in marks if mark == "1")
