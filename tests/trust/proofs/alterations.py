"""The public board was never changed or cut: whoever runs the database server tries it."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Callable
from random import Random

import psycopg

from budgeting.domain.board import Line, OnBallots, chain_of, close_of, root_of
from budgeting.domain.bundle import Bundle, BundleError, verify
from budgeting.models import Board, Cycle
from budgeting.services.bundles import write_bundle
from tests.trust.proofs.board import published_vote
from tests.trust.result import Result, faults
from tests.trust.town import Town

_PLACE = re.compile(r"wrong from place (\d+)|Line (\d+) of the board")
Told = tuple[list[Line], list[str]]


def alterations(town: Town, full: bool) -> Result:
    """Altered in every way, the board is found to be, with the first line that is bad.

    The line is told by the chain. Where everything was chained anew, or the end is cut, it takes
    the root that was published, or a copy of the board that anybody kept.
    """
    tries, voters = (1_000, 60) if full else (16, 30)
    cycle, _ = published_vote(town, voters)
    root, kept = Board.objects.get(pk=cycle.pk).root, _bundle(cycle).board()
    random, kinds = Random(5), list(ALTERATIONS)  # noqa: S311 -- repeatable
    came: Counter[str] = Counter()
    with town.superuser() as database:
        _save(database, cycle)
        for turn in range(tries):
            first = ALTERATIONS[kinds[turn % len(kinds)]](database, cycle.pk, random)
            came.update(_found(_bundle(cycle), root, kept, first))
            _restore(database, cycle)
        whole = not _found(_bundle(cycle), root, kept, 0)["found"]
        database.execute("DROP TABLE trust_lines, trust_board")
    return Result(
        tried="; ".join(kinds),
        size=f"{tries} alterations: {came['found']} found, {came['by the root']} of them only by"
        " the published root",
        faults=faults(
            alterations_not_found=tries - came["found"],
            first_bad_lines_not_told=tries - came["placed"],
            whole_boards_called_altered=int(not whole),
        ),
        control=f"a verifier that does not look at the chain misses {came['missed by counting']}",
        control_failed=came["missed by counting"] > 0,
    )


def _found(bundle: Bundle, root: str, kept: Told, first: int) -> Counter[str]:
    """What of this alteration was found, and how."""
    broken = [check for check in verify(bundle) if check.broken]
    told = next((found for check in broken if (found := _PLACE.search(check.found))), None)
    by_root = not broken and bundle.record["board"]["root"] != root
    place = int(next(filter(None, told.groups()))) if told else _first_difference(bundle, kept)
    return Counter(
        {
            "found": int(bool(broken) or by_root),
            "by the root": int(by_root),
            "placed": int(place == first),
            "missed by counting": int(_counts_are_right(bundle)),
        }
    )


def _bundle(cycle: Cycle) -> Bundle:
    """What the site gives out now."""
    held = io.BytesIO()
    write_bundle(Cycle.objects.get(pk=cycle.pk), held)
    return Bundle(held)


def _first_difference(bundle: Bundle, kept: Told) -> int:
    """The first line, from one, at which a board is not what it was; 0 where it is."""
    lines, _ = bundle.board()
    for place, (now, before) in enumerate(zip(lines, kept[0], strict=False), start=1):
        if now != before:
            return place
    return 0 if len(lines) == len(kept[0]) else min(len(lines), len(kept[0])) + 1


def _counts_are_right(bundle: Bundle) -> bool:
    """All that the control looks at: that the board is as long as it says, and the sums."""
    board = bundle.record["board"]
    try:
        lines, _ = bundle.board()
    except BundleError:
        return False
    sums = board["superseded"] + board["counted"] + board["void"]
    return len(lines) == board["size"] == sums


# --- the board as it was


def _save(database: psycopg.Connection, cycle: Cycle) -> None:
    for table, source in (("trust_lines", "boardline"), ("trust_board", "board")):
        database.execute(
            f"CREATE TABLE {table} AS SELECT * FROM budgeting_{source} WHERE cycle_id = {cycle.pk}"  # noqa: S608
        )


def _restore(database: psycopg.Connection, cycle: Cycle) -> None:
    for table, source in (("boardline", "trust_lines"), ("board", "trust_board")):
        database.execute(f"DELETE FROM budgeting_{table} WHERE cycle_id = {cycle.pk}")  # noqa: S608
        database.execute(f"INSERT INTO budgeting_{table} SELECT * FROM {source}")  # noqa: S608


# --- ways to alter it; each gives the first line, from one, that is bad then


def _size(database: psycopg.Connection, cycle: int) -> int:
    row = database.execute(
        "SELECT count(*) FROM budgeting_boardline WHERE cycle_id = %s", [cycle]
    ).fetchone()
    return int(row[0]) if row else 0


def _change(database: psycopg.Connection, cycle: int, random: Random) -> int:
    at = random.randrange(_size(database, cycle))
    column = random.choice(["ballot_hash", "receipt_hash", "head"])
    _set(database, cycle, at, column, f"{random.getrandbits(256):064x}")
    return at + 1


def _set(database: psycopg.Connection, cycle: int, at: int, column: str, value: str) -> None:
    database.execute(
        f"UPDATE budgeting_boardline SET {column} = %s WHERE cycle_id = %s AND position = %s",  # noqa: S608
        [value, cycle, at],
    )


def _delete(database: psycopg.Connection, cycle: int, random: Random) -> int:
    at = random.randrange(_size(database, cycle) - 1)
    database.execute(
        "DELETE FROM budgeting_boardline WHERE cycle_id = %s AND position = %s", [cycle, at]
    )
    return at + 1


def _close_gap(database: psycopg.Connection, cycle: int, random: Random) -> int:
    """Delete a line, and number the later ones anew."""
    first = _delete(database, cycle, random)
    _shift(database, cycle, first, -1)
    return first


def _shift(database: psycopg.Connection, cycle: int, since: int, by: int) -> None:
    far = 1_000_000
    for step in (far, by - far):
        database.execute(
            "UPDATE budgeting_boardline SET position = position + %s"
            " WHERE cycle_id = %s AND position >= %s",
            [step, cycle, since],
        )


def _swap(database: psycopg.Connection, cycle: int, random: Random) -> int:
    one, two = sorted(random.sample(range(_size(database, cycle)), 2))
    for at, to in ((one, 1_000_000), (two, one), (1_000_000, two)):
        database.execute(
            "UPDATE budgeting_boardline SET position = %s WHERE cycle_id = %s AND position = %s",
            [to, cycle, at],
        )
    return one + 1


def _insert(database: psycopg.Connection, cycle: int, random: Random) -> int:
    at = random.randrange(_size(database, cycle))
    _shift(database, cycle, at, 1)
    forged = [f"{random.getrandbits(256):064x}" for _ in range(3)]
    database.execute(
        "INSERT INTO budgeting_boardline (cycle_id, position, ballot_hash, receipt_hash, head)"
        " VALUES (%s, %s, %s, %s, %s)",
        [cycle, at, *forged],
    )
    return at + 1


def _cut(database: psycopg.Connection, cycle: int, random: Random) -> int:
    left = _size(database, cycle) - random.randint(1, 5)
    database.execute(
        "DELETE FROM budgeting_boardline WHERE cycle_id = %s AND position >= %s", [cycle, left]
    )
    return left + 1


def _cut_and_fit(database: psycopg.Connection, cycle: int, random: Random) -> int:
    """Cut the end, and let length, head and root of the board say so."""
    first = _cut(database, cycle, random)
    _chain_anew(database, cycle)
    return first


def _change_and_fit(database: psycopg.Connection, cycle: int, random: Random) -> int:
    """Change a line, and chain everything anew from there."""
    at = random.randrange(_size(database, cycle))
    column = random.choice(["ballot_hash", "receipt_hash"])
    _set(database, cycle, at, column, f"{random.getrandbits(256):064x}")
    _chain_anew(database, cycle)
    return at + 1


def _chain_anew(database: psycopg.Connection, cycle: int) -> None:
    rows = database.execute(
        "SELECT ballot_hash, receipt_hash FROM budgeting_boardline WHERE cycle_id = %s"
        " ORDER BY position",
        [cycle],
    ).fetchall()
    lines = [Line(*row) for row in rows]
    found = database.execute(
        "SELECT first, replaced_by_paper, kept, sha256, extensions FROM budgeting_board"
        " JOIN budgeting_optionscommitment USING (cycle_id) WHERE cycle_id = %s",
        [cycle],
    ).fetchone()
    first, by_paper, kept, *committed = found or ("", 0, 0, "", 0)
    chain, last = chain_of(first, lines, (), OnBallots(*committed))
    for at, head in enumerate(chain):
        _set(database, cycle, at, "head", head)
    database.execute(
        "UPDATE budgeting_board SET size = %s, head = %s, root = %s WHERE cycle_id = %s",
        [len(lines), last, root_of(lines, close_of(last, kept, by_paper)), cycle],
    )


ALTERATIONS: dict[str, Callable[[psycopg.Connection, int, Random], int]] = {
    "a changed line": _change,
    "a deleted line": _delete,
    "a deleted line, renumbered": _close_gap,
    "two lines swapped": _swap,
    "a line inserted": _insert,
    "the end cut": _cut,
    "the end cut, all made to fit": _cut_and_fit,
    "a changed line, all chained anew": _change_and_fit,
}
