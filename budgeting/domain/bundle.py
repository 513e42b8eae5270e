"""The published record of a vote, and its verification with nothing but the record.

A bundle is a zip file: ``bundle.json`` (what was opened, what the board came to, and for each pot
its options, rule and outcome), ``board.csv`` (every line of the board), ``pots/<id>.csv`` (the
ballots of a pot, identical ones on one line) and the same as ``.pb`` where that format can hold it.
Needs no framework, no database and no network: ``python -m budgeting.domain.verify BUNDLE``.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import IO, Any

from budgeting.domain.ballots import BallotKind, Ballots
from budgeting.domain.board import (
    Extension,
    Line,
    Move,
    OnBallots,
    Taken,
    chain_of,
    close_of,
    every_head,
    in_order,
    moment,
    receipt_hash,
    root_of,
)
from budgeting.domain.checks import Check
from budgeting.domain.checks import not_looked_at as _not_looked_at
from budgeting.domain.checks import same as _same
from budgeting.domain.digest import election_digest
from budgeting.domain.election import Election, Option
from budgeting.domain.outcome import digest_of
from budgeting.domain.pot_checks import LEAST_BALLOTS as LEAST_BALLOTS
from budgeting.domain.pot_checks import pot_checks, pots_checks

FORMAT = "civicfund bundle 1"
_TRUSTEES = 3
BOARD, RECORD = "board.csv", "bundle.json"
BOARD_COLUMNS = ("place", "ballot_sha256", "receipt_sha256", "head_sha256")
BALLOT_COLUMNS = ("times", "options", "points")
# Numbers of a record that somebody has counted: of the board, of paper, and of a place's paper.
_BALLOTS = ("size", "superseded", "replaced_by_paper", "counted", "void")
_SHEETS = ("sheets", "counted", "void")
_PLACE = ("printed", "cast", "spoiled", "returned", "checked_in", "keyed")
_HASHES = re.compile(r"[0-9a-f]{64}(,[0-9a-f]{64}){2}")
_MADE = (1980, 1, 1, 0, 0, 0)  # a zip's earliest date: the same bundle, the same bytes


class BundleError(ValueError):
    """The file is no bundle, or lacks a part."""


def pot_record(
    pot_id: int, name: str, election: Election, outcome: Mapping[str, Any], digest: str
) -> dict[str, Any]:
    """What a bundle says of one pot, beside its ballots."""
    return {
        "id": pot_id,
        "name": name,
        "amount_minor": election.budget_minor,
        "increment_minor": election.increment_minor,
        "kind": election.ballots.kind.value,
        "options": [
            {"id": each.id, "name": each.name, "cost_minor": each.cost_minor, "group": each.group}
            for each in election.options
        ],
        "ballots": election.ballots.count,
        "published_ballots": election.ballots.count >= LEAST_BALLOTS,
        "election_digest": election_digest(election),
        "outcome": dict(outcome),
        "outcome_digest": digest,
    }


def write(
    target: IO[bytes],
    record: Mapping[str, Any],
    board: Iterable[Sequence[object]],
    elections: Mapping[int, Election],
    more: Mapping[str, str],
) -> None:
    """Write a bundle. ``elections`` by the pot's id; ``more`` are further files by name."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as bundle:
        text = json.dumps(record, indent=1, sort_keys=True, ensure_ascii=False)
        _put(bundle, RECORD, [text.encode()])
        _put(bundle, BOARD, _csv([BOARD_COLUMNS], board))
        for pot in record["pots"]:
            if pot["published_ballots"]:
                rows = ballot_rows(elections[pot["id"]])
                _put(bundle, f"pots/{pot['id']}.csv", _csv([BALLOT_COLUMNS], rows))
        for name, content in more.items():
            _put(bundle, name, [content.encode()])


def _put(bundle: zipfile.ZipFile, name: str, content: Iterable[bytes]) -> None:
    entry = zipfile.ZipInfo(name, _MADE)
    entry.compress_type = zipfile.ZIP_DEFLATED
    with bundle.open(entry, "w", force_zip64=True) as file:
        for part in content:
            file.write(part)


def _csv(head: Iterable[Sequence[object]], rows: Iterable[Sequence[object]]) -> Iterator[bytes]:
    held = io.StringIO()
    writer = csv.writer(held, lineterminator="\n")
    for part in (head, rows):
        for row in part:
            writer.writerow(row)
            if held.tell() > 1 << 16:
                yield held.getvalue().encode()
                held.seek(0)
                held.truncate()
    yield held.getvalue().encode()


def ballot_rows(election: Election) -> Iterator[tuple[int, str, str]]:
    """Different ballots, sorted, so that no order is left: how many, positions, points."""
    rows = [
        (" ".join(map(str, choices)), " ".join(map(str, points or ())), weight)
        for choices, points, weight in election.ballots.grouped().rows()
    ]
    for options, points, weight in sorted(rows):
        yield weight, options, points


class Bundle:
    """An opened bundle. Raises ``BundleError`` for what is none."""

    def __init__(self, source: IO[bytes]) -> None:
        try:
            self._zip = zipfile.ZipFile(source)
            self.record: dict[str, Any] = json.loads(self._zip.read(RECORD))
            known = self.record["format"]
        except (zipfile.BadZipFile, KeyError, ValueError, TypeError) as error:
            raise BundleError(f"This is no bundle: {error}") from None
        if known != FORMAT:
            raise BundleError(f"This is a {known!r}; {FORMAT!r} is known here.")

    def board(self) -> tuple[list[Line], list[str]]:
        """The board, and what each line of it says that the head is after it.

        Raises ``BundleError`` where a line has another form than the writer gives it: hexadecimal
        digits mean the same in capitals, and what means the same must not be alterable either.
        """
        rows = self._rows(BOARD, BOARD_COLUMNS)
        for place, row in enumerate(rows, start=1):
            if row[:1] != [str(place)] or not _HASHES.fullmatch(",".join(row[1:])):
                raise BundleError(f"Line {place} of the board has not the form of a line.")
        return [Line(row[1], row[2]) for row in rows], [row[3] for row in rows]

    @property
    def names(self) -> list[str]:
        """Every file in it, as often as it is there."""
        return self._zip.namelist()

    def as_pabulib(self, pot: Mapping[str, Any]) -> str | None:
        """A pot in the field's own format, where it is there."""
        name = f"pots/{pot['id']}.pb"
        return self._zip.read(name).decode() if name in self.names else None

    def election(self, pot: Mapping[str, Any]) -> Election:
        """A pot as it was counted: by the kind of ballot that was opened."""
        options = tuple(
            Option(each["id"], each["cost_minor"], each["name"], each["group"])
            for each in pot["options"]
        )
        rows = [
            (_numbers(given[1]), _numbers(given[2]) if given[2] else None, int(given[0]))
            for given in self._rows(f"pots/{pot['id']}.csv", BALLOT_COLUMNS)
        ]
        rules = self.record["rules"]
        kind = BallotKind(rules["ballot_kind"])
        if not kind.has_points and any(points is not None for _chosen, points, _times in rows):
            raise BundleError("Ballots of this kind give no points.")
        ballots = Ballots.from_rows(kind, rows, len(options))
        step = rules.get("increment_minor", pot["increment_minor"])
        return Election(options, pot["amount_minor"], ballots, increment_minor=step)

    def _rows(self, name: str, columns: Sequence[str]) -> list[list[str]]:
        try:
            text = self._zip.read(name).decode()
        except KeyError:
            raise BundleError(f"The bundle lacks {name}.") from None
        head, *rows = list(csv.reader(io.StringIO(text))) or [[]]
        if head != list(columns):
            raise BundleError(f"{name} has other columns than {', '.join(columns)}.")
        return rows


def _numbers(text: str) -> list[int]:
    return [int(word) for word in text.split()]


def verify(
    bundle: Bundle, receipts: Sequence[str] = (), *, root: str = "", head: str = ""
) -> Iterator[Check]:
    """Look at everything that a bundle claims, and at each receipt that somebody holds.

    ``root`` and ``head`` are those that somebody noted from the board: the root once voting was
    closed, the head at any time.
    """
    record = bundle.record
    try:
        lines, told = bundle.board()
    except BundleError as error:
        yield Check("the board can be read", holds=False, found=str(error))
        return
    yield from _safely("the board", lambda: _board_checks(record, lines, told))
    yield from _safely("what was noted", lambda: _noted_checks(record, lines, root, head))
    yield from _safely("the phases", lambda: _time_checks(record))
    yield from _tie_checks(record)
    yield from _safely("the sums of paper", lambda: _paper_checks(record))
    yield from _safely("the pots", lambda: pots_checks(record, bundle.names))
    for pot in record["pots"]:
        yield from _safely(f"pot {pot['name']}", lambda pot=pot: _pot_checks(bundle, pot))  # type: ignore[misc]
    held = {line.receipt_hash: place for place, line in enumerate(lines, start=1)}
    for receipt in receipts:
        place = held.get(receipt_hash(receipt))
        found = f"recorded at place {place}" if place else "not on this board"
        yield Check(f"receipt {receipt}", place is not None, found)


def _board_checks(
    record: Mapping[str, Any], lines: Sequence[Line], told: Sequence[str]
) -> Iterator[Check]:
    board, opening = record["board"], record["opening"]
    rules = digest_of(record["rules"])
    yield _same("the rules are those that were opened", opening["rules"], rules)
    yield _same("the board begins with what was opened", board["first"], digest_of(opening))
    yield _trustees_check(opening)
    yield _same("the board is as long as it says", board["size"], len(lines))
    chain, head = chain_of(board["first"], lines, taken_of(board), _options(board))
    yield _same("the chain leads to its head", board["head"], head)
    both = enumerate(zip(told, chain, strict=True), start=1)
    wrong = next((f"wrong from place {place}" for place, (said, head) in both if said != head), "")
    yield Check("each line says the head after it", not wrong, wrong or "all")
    yield from _root_checks(board, lines)
    yield _same(
        "no sealed ballot stands twice", len({line.ballot_hash for line in lines}), len(lines)
    )
    sums = board["superseded"] + board["counted"] + board["void"]
    yield _same("cast = replaced + counted + void", board["size"], sums)
    yield _none_below_zero("no number of ballots is below zero", [board[part] for part in _BALLOTS])
    kept = board["size"] - board["superseded"]
    yield Check("no more counted than were left at the close", board["counted"] <= kept, str(kept))


def _trustees_check(opening: Mapping[str, Any]) -> Check:
    """Who could open the ballots is part of what was opened, as three people's names."""
    name = "three people are named as trustees"
    if "trustees" not in opening:
        return _not_looked_at(name, "the vote was opened before trustees were named")
    names = [each["name"].strip() for each in opening["trustees"]]
    are_three = len(names) == len(set(names)) == _TRUSTEES and all(names)
    return Check(name, are_three, ", ".join(names))


def _none_below_zero(name: str, numbers: Iterable[int]) -> Check:
    """Sums can hold that no ballots could: whoever counts one too many takes it from the void."""
    below = [number for number in numbers if number < 0]
    return Check(name, not below, ", ".join(map(str, below)) or "none")


def _root_checks(board: Mapping[str, Any], lines: Sequence[Line]) -> Iterator[Check]:
    """The root holds the last head, and with it all that was opened, and how many were left."""
    kept = board["size"] - board["superseded"]
    root = root_of(lines, close_of(board["head"], kept, board["replaced_by_paper"]))
    if board["root"] != root and board["root"] == root_of(lines):
        yield _same("the root is that of the lines", board["root"], board["root"])
        yield _not_looked_at(
            "the root is that of what was opened and of the close",
            "voting was closed before roots held it: compare a head that somebody noted",
        )
    else:
        yield _same("the root is that of the lines and of the close", board["root"], root)


def _noted_checks(
    record: Mapping[str, Any], lines: Sequence[Line], root: str, head: str
) -> Iterator[Check]:
    board = record["board"]
    if root:
        yield _same("the root is the one that you noted", root.strip().lower(), board["root"])
    if head:
        heads = every_head(board["first"], lines, taken_of(board), _options(board))
        noted = head.strip().lower()
        place = next((place for place, each in heads if each == noted), None)
        found = "not on this board" if place is None else f"after place {place}"
        yield Check("the head that you noted is on the chain", place is not None, found)


def _options(board: Mapping[str, Any]) -> OnBallots | None:
    """What stood on the ballots, where the board holds it."""
    given = board.get("options")
    return OnBallots(**given) if given else None


def taken_of(board: Mapping[str, Any]) -> list[Taken]:
    """How voting was extended and phases were moved, in order, as a board of a bundle says it."""
    extensions = [Extension(**each) for each in board["extensions"]]
    return in_order(extensions, [Move(**each) for each in board.get("moves", [])])


@dataclass
class _Phase:
    """A phase as the board has it so far, its times as the board writes them."""

    kind: str
    starts_at: str
    ends_at: str


def _time_checks(record: Mapping[str, Any]) -> Iterator[Check]:
    """Each move and extension goes on from when a phase was to be: later, and in time."""
    phases = [
        _Phase(kind, *(moment(datetime.fromisoformat(at)) for at in times))
        for kind, *times in record["rules"]["phases"]
    ]
    [voting] = [phase for phase in phases if phase.kind == "balloting"]
    wrong, extensions, moves = {Extension: 0, Move: 0}, 0, 0
    for each in taken_of(record["board"]):
        if isinstance(each, Extension):
            extensions += 1
            if not _extends(voting, each):
                wrong[Extension] = wrong[Extension] or extensions
        else:
            moves += 1
            if not _moves(phases, each):
                wrong[Move] = wrong[Move] or moves
    found = f"extension {wrong[Extension]} does not follow"
    name = "extensions go on from the end that was opened"
    yield Check(name, not wrong[Extension], found if wrong[Extension] else voting.ends_at)
    found = f"move {wrong[Move]} does not follow" if wrong[Move] else f"moves: {moves}"
    yield Check("moves go on from the phases that were opened", not wrong[Move], found)


def _extends(voting: _Phase, made: Extension) -> bool:
    """Take an extension in; whether it goes on from there, forward and before voting ended."""
    ends, voting.ends_at = voting.ends_at, made.to_at
    return made.from_at == ends and made.at < ends < made.to_at and bool(made.reason.strip())


def _moves(phases: Sequence[_Phase], made: Move) -> bool:
    """Take a move in; whether it goes on from there, in time, and makes nothing shorter."""
    was = _Phase(made.kind, made.from_starts_at, made.from_ends_at)
    phase = next((each for each in phases if each == was), None)
    if phase is None:
        return False
    phase.starts_at, phase.ends_at = made.to_starts_at, made.to_ends_at
    begins_later = was.starts_at < phase.starts_at
    in_time = made.at < (was.starts_at if begins_later else was.ends_at)
    later = was.starts_at <= phase.starts_at and was.ends_at < phase.ends_at
    # Voting moves as a whole, before any ballot; what makes it longer alone is an extension.
    is_so = made.kind != "balloting" or (begins_later and made.board_size == 0)
    return all((in_time, later, _lasts(phase) >= _lasts(was), is_so, made.reason.strip()))


def _lasts(phase: _Phase) -> timedelta:
    return datetime.fromisoformat(phase.ends_at) - datetime.fromisoformat(phase.starts_at)


def _tie_checks(record: Mapping[str, Any]) -> Iterator[Check]:
    seed = record["tie_seed"]
    if seed:
        committed = record["opening"]["tie_commitment"]
        found = hashlib.sha256(bytes.fromhex(seed)).hexdigest()
        yield _same("the seed of ties is the one committed to", committed, found)


def _paper_checks(record: Mapping[str, Any]) -> Iterator[Check]:
    """Ballots counted are those cast electronically and the sheets; sheets are accounted for."""
    board, paper = record["board"], record["paper"]
    on_paper = paper["counted"] if paper else 0
    yield _same(
        "counted = counted electronically + on paper",
        record["counted"],
        board["counted"] + on_paper,
    )
    by_paper = board["replaced_by_paper"]
    yield Check("no more replaced by paper than replaced", by_paper <= board["superseded"], "")
    if not paper:
        yield _same("without paper nothing is replaced by it", by_paper, 0)
        return
    places = paper["places"]
    numbers = [paper[part] for part in _SHEETS] + [*paper["void_pots"].values()]
    numbers += [each[part] for each in places for part in _PLACE]
    yield _none_below_zero("no number of sheets is below zero", numbers)
    people = sum(each["checked_in"] for each in places)
    yield Check("no more replaced by paper than people on paper", by_paper <= people, str(people))
    yield _same("sheets = counted + void", paper["sheets"], paper["counted"] + paper["void"])
    keyed = sum(each["keyed"] for each in places)
    yield _same("sheets are those keyed of each place", paper["sheets"], keyed)
    yield from _clerks_checks(paper)
    for each in places:
        accounted = each["cast"] + each["spoiled"] + each["returned"]
        meets = each["printed"] == accounted
        found = "all" if meets else f"{each['printed']} printed, {accounted} accounted for"
        name = f"{each['name']}: its sheets are accounted for, or somebody said why not"
        yield Check(name, meets or _says(each["reason"]), found)
        yield from _box_checks(each)
    found = hashlib.sha256(bytes.fromhex(paper["seed"])).hexdigest()
    yield _same("the seed of the sample is the one committed to", paper["seed_commitment"], found)
    sample = paper["sample"]
    few = sample["errors"] <= sample["compared"] <= paper["sheets"]
    yield Check("the sample is one of these sheets", few, str(sample["compared"]))


def _clerks_checks(paper: Mapping[str, Any]) -> Iterator[Check]:
    """Clerks differed on no more sheets than there are, three of them on no more than two did.

    Votes that were keyed before two had to agree say nothing of the latter.
    """
    two, three = paper["decided_by_a_third"], paper.get("keyed_by_more_than_three", 0)
    found = f"two on {two}, three on {three} of {paper['sheets']}"
    yield Check(
        "clerks differed on some of these sheets", 0 <= three <= two <= paper["sheets"], found
    )


def _box_checks(place: Mapping[str, Any]) -> Iterator[Check]:
    """What lay in a place's box was keyed, and as many people were given a sheet there.

    Otherwise whoever ended the keying said why; where box and people differ the officer did, too.
    """
    name, cast, keyed = place["name"], place["cast"], place["keyed"]
    at_end = _says(place.get("reason_at_end"))
    found = "all" if cast == keyed else f"{cast} in the box, {keyed} keyed"
    yield Check(
        f"{name}: its box was keyed, or somebody said why not", cast == keyed or at_end, found
    )
    as_many = cast == keyed == place["checked_in"]
    by_two = at_end and (_says(place["reason"]) or cast == place["checked_in"])
    found = f"{place['checked_in']} people, {cast} in the box, {keyed} keyed"
    yield Check(f"{name}: as many sheets as people, or two said why", as_many or by_two, found)


def _says(reason: object) -> bool:
    return isinstance(reason, str) and bool(reason.strip())


def _pot_checks(bundle: Bundle, pot: Mapping[str, Any]) -> Iterator[Check]:
    text = bundle.as_pabulib(pot) if pot["published_ballots"] else None
    yield from pot_checks(bundle.record, pot, lambda: bundle.election(pot), text)


def _safely(name: str, look: Callable[[], Iterable[Check]]) -> Iterator[Check]:
    """What cannot be looked at does not hold."""
    try:
        yield from look()
    except (ValueError, KeyError, TypeError, IndexError) as error:
        yield Check(name, holds=False, found=f"cannot be read: {error}")
