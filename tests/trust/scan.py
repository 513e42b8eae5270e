"""Reads everything that a town leaves behind for lines that tell who cast which ballot."""

from __future__ import annotations

import pickle
import re
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module

from django.conf import settings
from django.contrib.sessions.models import Session
from psycopg import sql
from redis import Redis

from budgeting.domain.board import receipt_hash
from budgeting.models import BoardLine
from civicfund.launch.ports import HOST
from tests.trust.electorate import Vote
from tests.trust.town import Town

_RECEIPT = re.compile(r"\b[A-Z2-7]{4}(?:-?[A-Z2-7]{4}){4}\b")
_HASH = re.compile(r"\b[0-9a-f]{64}\b")
_CHOICE = re.compile(r"""pot-\d+|['"]options['"]\s*:""")
# As the accounts and lines of the roll of these trials are called.
_PERSON = re.compile(r"voter-\d+-\d+@trust\.example|Voter [0-9a-f]{32}|\b[0-9a-f]{64}\b")
_VOTER_ID = re.compile(
    r"""(?:user_id|user|voter|entry|roll_entry|roll_entry_id|_auth_user_id)['"]?\s*[=:]\s*['"]?(\d+)"""
)
Receipts = Mapping[int, list[str]]
Lines = Iterator[tuple[str, str]]


class _Marks:
    """What names a voter, and what names a ballot."""

    def __init__(self, vote: Vote, receipts: Receipts) -> None:
        self.people = {
            word
            for voter in vote.voters
            for word in (voter.user.email, voter.user.display_name, voter.entry.person_key)
        }
        self.ids = {str(pk) for voter in vote.voters for pk in (voter.user.pk, voter.entry.pk)}
        given = [receipt for each in receipts.values() for receipt in each]
        self.receipts = {receipt.replace("-", "") for receipt in given}
        lines = BoardLine.objects.filter(cycle=vote.cycle)
        self.hashes = {receipt_hash(receipt) for receipt in given}
        self.hashes |= set(lines.values_list("ballot_hash", flat=True))
        self.codes = re.compile("|".join(rf"\b{re.escape(code)}\b" for code in vote.named))

    def tells(self, line: str) -> bool:
        """Whether a line holds both."""
        return self._names_a_ballot(line) and self._names_a_voter(line)

    def _names_a_voter(self, line: str) -> bool:
        ids = set(_VOTER_ID.findall(line))
        return bool(ids & self.ids or self.people.intersection(_PERSON.findall(line)))

    def _names_a_ballot(self, line: str) -> bool:
        receipts = {found.replace("-", "") for found in _RECEIPT.findall(line)}
        return bool(
            receipts & self.receipts
            or self.hashes.intersection(_HASH.findall(line))
            or (_CHOICE.search(line) and self.codes.search(line))
        )


def traces(town: Town, vote: Vote, receipts: Receipts) -> tuple[list[str], dict[str, int]]:
    """Lines that hold a voter and a ballot, by where they are; how many were read where."""
    marks, read = _Marks(vote, receipts), dict.fromkeys(("logs", "tables", "sessions", "Redis"), 0)
    found = []
    for place, line in _everything(town):
        read[place] += 1
        if marks.tells(line):
            found.append(f"{place}: {line[:200]}")
    return found, read


def _everything(town: Town) -> Lines:
    for path in town.logs:
        with path.open(errors="replace") as log:
            yield from (("logs", line) for line in log)
    yield from _tables(town)
    yield from (("sessions", f"{row.get_decoded()}") for row in Session.objects.all())
    yield from (("Redis", line) for line in _redis(town))


def _tables(town: Town) -> Lines:
    """Every row of every table, mails and messages among them, as its owner reads it."""
    with town.superuser() as database:
        names = database.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
            " AND relkind IN ('r', 'p') AND NOT relispartition"
        ).fetchall()
        for (name,) in names:
            query = sql.SQL("SELECT to_jsonb(t)::text FROM {} t").format(sql.Identifier(name))
            with database.cursor(name="rows") as rows, database.transaction():
                rows.execute(query)
                yield from (("tables", line) for (line,) in rows)


def _redis(town: Town) -> Iterator[str]:
    """Every key of every database: cached sessions and values, and Celery's messages."""
    for number in range(16):
        with Redis(HOST, town.valkey.port, db=number) as server:
            for key in server.scan_iter():
                yield from (_text(key) + " " + _text(part) for part in _held(server, key))


def _held(server: Redis, key: bytes) -> Iterable[bytes]:
    match server.type(key):
        case b"string":
            return [server.get(key) or b""]
        case b"list":
            return server.lrange(key, 0, -1)
        case b"set":
            return server.smembers(key)
        case b"hash":
            return [part for pair in server.hgetall(key).items() for part in pair]
        case b"zset":
            return server.zrange(key, 0, -1)
        case kind:
            raise RuntimeError(f"Redis holds a {kind!r}, which nobody reads here")


def _text(content: bytes) -> str:
    """As text; what Django's cache pickled, unpickled."""
    try:
        return str(pickle.loads(content))  # noqa: S301 -- what this very trial has put there
    except Exception:  # it is no pickle, then: pickle raises whatever it likes
        return content.decode("utf-8", "replace")


def planted_lines_found(town: Town, vote: Vote, receipts: Receipts) -> tuple[int, int]:
    """The control: a line in a log, a session and a key of Redis, each with both; those found."""
    before = len(traces(town, vote, receipts)[0])
    voter = vote.voters[0]
    [receipt, *_] = receipts[voter.entry.pk]
    planted = town.home / "planted.log"
    planted.write_text(f"ballot.cast user_id={voter.user.pk} receipt={receipt}\n")
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session["told"] = f"{voter.user.email} {receipt_hash(receipt)}"
    session.save()
    with Redis.from_url(town.valkey.url) as server:
        server.set("planted", f"{voter.entry.person_key} pot-1={vote.named[0]}")
        found = len(traces(town, vote, receipts)[0]) - before
        server.delete("planted")
    session.delete()
    planted.unlink()
    # The session stands in its table and in Redis: four lines.
    return 4, found
