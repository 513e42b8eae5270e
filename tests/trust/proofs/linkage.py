"""Nobody reads who voted what, whoever runs the database server included."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from statistics import fmean, pstdev
from unittest.mock import patch

import psycopg

from budgeting.services import unsealing
from budgeting.services.closing import close_cycle
from tests.factories.budgeting import open_by_trustees
from tests.trust.browsers import CHANNELS
from tests.trust.electorate import Vote, Voter, end_voting, open_vote
from tests.trust.result import Result, faults
from tests.trust.scan import planted_lines_found, traces
from tests.trust.town import Town

OPTIONS = 8
SHUFFLES = 400
Guess = Mapping[int, int]  # a line of the roll, the option that its voter is said to have chosen


@dataclass(frozen=True, slots=True)
class Known:
    """What somebody with the whole database wrote down, and what was really chosen."""

    vote: Vote
    chosen: Mapping[int, int]
    receipts: Mapping[int, list[str]]
    # Ways to put voters into an order, and to put what was opened into one.
    voters: Mapping[str, Sequence[int]]
    opened: Mapping[str, Sequence[int]]
    sealed: Mapping[str, Sequence[int]]


def attacks(town: Town, full: bool) -> Result:
    """Every order of voters laid beside every order of what was opened: at chance, or it leaks."""
    voters = 1_000 if full else 32
    town.site.wait()
    # With so many channels one of them is beyond three deviations by chance every so often. Such
    # a channel is tried again on a second vote: what leaks does so again. A small trial, which
    # runs often, asks for more.
    bound = 3.0 if full else 5.0
    known = _known(town, voters)
    linked = _linked(known, bound)
    tried_again = len(linked)
    if linked:
        linked &= _linked(_known(town, voters), bound)
    words, places = traces(town, known.vote, known.receipts)
    unshuffled = _known(town, max(32, voters // 5), shuffled=False)
    careless = _linked(unshuffled, 5.0)
    planted, found = planted_lines_found(town, known.vote, known.receipts)
    channels = len(known.voters) * len(known.opened) + len(known.sealed)
    return Result(
        tried=f"{channels} channels of linkage by SQL; {', '.join(places)} read for a voter and a"
        " receipt, hash or choice in one line",
        size=f"{voters} casts, {tried_again} channels beyond {bound:.0f} deviations once,"
        f" {len(linked)} twice; {sum(places.values())} lines read",
        faults=faults(channels_that_link=len(linked), lines_with_voter_and_ballot=len(words))
        + tuple(sorted(linked))
        + tuple(words[:5]),
        control=f"opened without a shuffle, {len(careless)} channels link; of {planted} planted"
        f" lines {found} are found",
        control_failed=bool(careless) and planted == found,
    )


def _known(town: Town, voters: int, *, shuffled: bool = True) -> Known:
    """A vote from its first cast to its opening, and every order that the database gave away."""
    vote, random = open_vote(voters, options=OPTIONS), Random()  # noqa: S311 -- an attack's luck
    chosen = {voter.entry.pk: random.randrange(OPTIONS) for voter in vote.voters}
    receipts = _cast_all(town, vote, chosen, random)
    end_voting(town, vote.cycle)
    with town.superuser() as database:
        casts = _ids(database, BY_CAST, vote)
        sealed = {name: _ids(database, query, vote) for name, query in SEALED_WHILE_OPEN.items()}
        close_cycle(vote.cycle)
        orders = {name: _ids(database, query, vote) for name, query in VOTERS.items()}
        orders |= {name: _ids(database, query, vote) for name, query in IN_CLOSED_URN.items()}
        if shuffled:
            open_by_trustees(vote.cycle)
        else:
            with patch.object(unsealing, "SystemRandom", _NoShuffle), _in_order(database):
                open_by_trustees(vote.cycle)
        opened = {name: _ids(database, query, vote) for name, query in OPENED.items()}
    if sorted(casts) != sorted(chosen):
        raise RuntimeError("not everybody's cast was found")
    return Known(vote, chosen, receipts, orders, opened, sealed)


@contextmanager
def _in_order(database: psycopg.Connection) -> Iterator[None]:
    """The database, too, writes what it opens in the order in which it is given."""
    [text] = database.execute(
        "SELECT pg_get_functiondef('budgeting_open_ballots'::regproc)"
    ).fetchone() or [""]
    if "ORDER BY gen_random_uuid()" not in text:
        raise RuntimeError("the opening shuffles otherwise than was known here")
    database.execute(text.replace("ORDER BY gen_random_uuid()", ""))
    try:
        yield
    finally:
        database.execute(text)


class _NoShuffle:
    def shuffle(self, rows: list[str]) -> None:
        """Leave them in the order of the urn."""


def _cast_all(
    town: Town, vote: Vote, chosen: Mapping[int, int], random: Random
) -> dict[int, list[str]]:
    """Everybody casts over HTTP, several at once; every fifth had chosen something else first."""

    def act(voter: Voter) -> list[str]:
        enter = CHANNELS[voter.number % len(CHANNELS)]
        browser = enter(town.site.url, vote, voter, "")
        last = chosen[voter.entry.pk]
        first = [(last + 1) % OPTIONS] if voter.number % 5 == 0 else []
        told = [browser.send(vote.page, browser.form(vote, [place])) for place in (*first, last)]
        if not all(each.cast for each in told):
            raise RuntimeError(f"a ballot was not cast: {told}")
        return [each.receipt for each in told]

    people = list(vote.voters)
    random.shuffle(people)
    with ThreadPoolExecutor(8) as pool:
        given = list(pool.map(act, people))
    return {voter.entry.pk: receipts for voter, receipts in zip(people, given, strict=True)}


def _ids(database: psycopg.Connection, query: str, vote: Vote) -> list[int]:
    found = database.execute(query, {"cycle": vote.cycle.pk}).fetchall()
    return [int(row[0]) for row in found]


def _linked(known: Known, bound: float) -> set[str]:
    """The channels on which more voters' choices are told than a blind guess tells."""
    truth = list(known.chosen.values())
    chance, deviation = _chance(truth)
    most = chance + bound * deviation
    guesses: dict[str, Guess] = {}
    for voters, order in known.voters.items():
        for opened, choices in known.opened.items():
            guesses[f"{voters} beside {opened}"] = dict(zip(order, choices, strict=True))
    # Sealed ballots have no choice to read; the guess is that like choices look alike.
    alike = sorted(truth)
    for name, order in known.sealed.items():
        guesses[name] = dict(zip(order, alike, strict=True))
    return {name for name, guess in guesses.items() if _hits(known.chosen, guess) > most}


def _hits(chosen: Mapping[int, int], guess: Guess) -> int:
    return sum(chosen[entry] == choice for entry, choice in guess.items())


def _chance(truth: Sequence[int]) -> tuple[float, float]:
    """What blind guesses with the right number of each choice hit: on average, and how widely."""
    random, hits = Random(1), []  # noqa: S311 -- a figure, no secret
    shuffled = list(truth)
    for _ in range(SHUFFLES):
        random.shuffle(shuffled)
        hits.append(sum(one == other for one, other in zip(truth, shuffled, strict=True)))
    return fmean(hits), pstdev(hits)


_CASTS = """
    SELECT DISTINCT ON (p.roll_entry_id) p.roll_entry_id AS entry, c.id, c.cast_at, c.xmin, c.ctid,
        p.id AS participation, p.ctid AS participation_ctid, p.at, r.person_key, r.claimed_by_id
    FROM budgeting_casting c JOIN budgeting_participation p ON p.id = c.participation_id
        JOIN budgeting_rollentry r ON r.id = p.roll_entry_id
    WHERE p.cycle_id = %(cycle)s ORDER BY p.roll_entry_id, c.version DESC
"""
# Ballots were cast in the transactions that wrote the castings: whoever reads xmin knows which
# line of the board, and which sealed ballot, is whose. What it holds is another matter.
_LINES = f"""
    SELECT casts.entry, line.position, line.ballot_hash, line.receipt_hash
    FROM ({_CASTS}) casts JOIN budgeting_boardline line
        ON line.xmin = casts.xmin AND line.cycle_id = %(cycle)s
"""  # noqa: S608
BY_CAST = f"SELECT entry FROM ({_CASTS}) casts ORDER BY id"  # noqa: S608
VOTERS = {
    f"voters by {name}": f"SELECT entry FROM ({_CASTS}) casts ORDER BY {order}"  # noqa: S608
    for name, order in {
        "last cast": "cast_at", "transaction": "xmin::text::bigint", "casting's row": "ctid",
        "participation": "participation", "participation's row": "participation_ctid",
        "time of participation": "at", "line of the roll": "entry", "person key": "person_key",
        "account": "claimed_by_id",
    }.items()
} | {
    f"voters by {name}": f"SELECT entry FROM ({_LINES}) lines ORDER BY {order}"  # noqa: S608
    for name, order in {
        "place on the board": "position", "hash of the ballot": "ballot_hash",
        "hash of the receipt": "receipt_hash",
    }.items()
}  # fmt: skip
IN_CLOSED_URN = {
    f"voters by {name}": f"""
        SELECT entry FROM ({_LINES}) lines JOIN budgeting_sealedballot sealed
            ON sealed.cycle_id = %(cycle)s
            AND encode(sha256(sealed.ciphertext), 'hex') = lines.ballot_hash
        ORDER BY {order}
    """  # noqa: S608
    for name, order in {
        "row in the closed urn": "sealed.ctid",
        "id in the closed urn": "sealed.id",
        "sealed ballot": "sealed.ciphertext",
    }.items()
}
SEALED_WHILE_OPEN = {
    name: f"""
        SELECT casts.entry FROM ({_CASTS}) casts JOIN budgeting_sealedballot sealed
            ON sealed.xmin = casts.xmin AND sealed.cycle_id = %(cycle)s
        ORDER BY {order}
    """  # noqa: S608
    for name, order in {
        "length and content of the sealed ballot": "length(sealed.ciphertext), sealed.ciphertext",
        "last bytes of the sealed ballot": "right(encode(sealed.ciphertext, 'hex'), 16)",
        "slot": "sealed.slot", "id of the sealed ballot": "sealed.id",
        "row of the sealed ballot": "sealed.ctid",
    }.items()
}  # fmt: skip
OPENED = {
    f"ballots by {name}": f"SELECT options[1] FROM budgeting_openedballot"  # noqa: S608
    f" WHERE cycle_id = %(cycle)s ORDER BY {order}"
    for name, order in {
        "id": "id",
        "id, backwards": "id DESC",
        "row": "ctid",
        "row, backwards": "ctid DESC",
        "transaction and row": "xmin::text::bigint, cmin::text::bigint, ctid",
    }.items()
}
