"""A dishonest operator: whoever writes a bundle alters it, and recomputes whatever can be.

What was published before stays as it was: the lines of the board and its root.
"""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable

from budgeting.domain.ballots import BallotKind, Ballots
from budgeting.domain.board import Line, OnBallots, chain_of, close_of, root_of
from budgeting.domain.bundle import taken_of
from budgeting.domain.digest import election_digest
from budgeting.domain.election import Election, Option
from budgeting.domain.outcome import digest_of
from budgeting.domain.pot_checks import options_digest
from budgeting.domain.rules import count
from budgeting.domain.ties import seeded
from budgeting.enums import BallotKind as NamedKind


class Forgery:
    """A bundle taken apart, to be altered and put together again."""

    def __init__(self, content: bytes) -> None:
        bundle = zipfile.ZipFile(io.BytesIO(content))
        self.files = {name: bundle.read(name).decode() for name in bundle.namelist()}
        self.record = json.loads(self.files["bundle.json"])

    @property
    def pot(self) -> dict:
        return self.record["pots"][0]

    @property
    def rows(self) -> list[list[str]]:
        """The first pot's ballots: times, options, points."""
        return list(csv.reader(io.StringIO(self.files[f"pots/{self.pot['id']}.csv"])))[1:]

    def write_rows(self, rows: list[list[str]]) -> None:
        text = "".join(",".join(row) + "\n" for row in [["times", "options", "points"], *rows])
        self.files[f"pots/{self.pot['id']}.csv"] = text

    def hide_ballots(self) -> None:
        for kind in ("csv", "pb"):
            self.files.pop(f"pots/{self.pot['id']}.{kind}", None)

    def recount(self) -> None:
        """By what the pot says of itself now; the .pb file, which need not be there, goes."""
        pot, election = self.pot, self._election()
        ties = seeded(bytes.fromhex(self.record["tie_seed"]), election.options)
        outcome = count(pot["outcome"]["rule"], election, ties, **pot["outcome"]["parameters"])
        pot["outcome"], pot["outcome_digest"] = outcome.to_json(), outcome.digest
        pot["election_digest"], pot["ballots"] = election_digest(election), election.ballots.count
        self.files.pop(f"pots/{pot['id']}.pb", None)

    def _election(self) -> Election:
        pot = self.pot
        options = tuple(
            Option(each["id"], each["cost_minor"], each["name"], each["group"])
            for each in pot["options"]
        )
        rows = [
            ([*map(int, chosen.split())], [*map(int, points.split())] or None, int(times))
            for times, chosen, points in self.rows
        ]
        ballots = Ballots.from_rows(BallotKind(pot["kind"]), rows, len(options))
        return Election(
            options, pot["amount_minor"], ballots, increment_minor=pot["increment_minor"]
        )

    def packed(self) -> bytes:
        self.files["bundle.json"] = json.dumps(self.record)
        held = io.BytesIO()
        with zipfile.ZipFile(held, "w") as made:
            for name, text in self.files.items():
                made.writestr(name, text)
        return held.getvalue()

    def chain_anew(self) -> None:
        """Rules, opening, every head and the root, so that the board fits itself."""
        record, board = self.record, self.record["board"]
        record["opening"]["rules"] = digest_of(record["rules"])
        board["first"] = digest_of(record["opening"])
        rows = list(csv.reader(io.StringIO(self.files["board.csv"])))
        lines = [Line(row[1], row[2]) for row in rows[1:]]
        options = OnBallots(**board["options"]) if board["options"] else None
        chain, board["head"] = chain_of(board["first"], lines, taken_of(board), options)
        for row, head in zip(rows[1:], chain, strict=True):
            row[3] = head
        self.files["board.csv"] = "".join(",".join(row) + "\n" for row in rows)

    def root_anew(self) -> None:
        board = self.record["board"]
        rows = list(csv.reader(io.StringIO(self.files["board.csv"])))[1:]
        kept = board["size"] - board["superseded"]
        close = close_of(board["head"], kept, board["replaced_by_paper"])
        board["root"] = root_of([Line(row[1], row[2]) for row in rows], close)


def forged(content: bytes, change: Callable[[Forgery], None]) -> bytes:
    """The bundle as somebody would have it."""
    forgery = Forgery(content)
    change(forgery)
    return forgery.packed()


def _other_threshold(forgery: Forgery) -> None:
    forgery.pot["outcome"]["parameters"]["threshold"] = 20
    forgery.recount()


def _other_kind(forgery: Forgery) -> None:
    forgery.pot["kind"] = "choose_one"
    forgery.recount()


def _other_step(forgery: Forgery) -> None:
    forgery.pot["increment_minor"] = 7
    forgery.recount()


def _pot_left_out(forgery: Forgery) -> None:
    forgery.hide_ballots()
    forgery.record["pots"] = []


def _pot_twice(forgery: Forgery) -> None:
    forgery.record["pots"] *= 2


def _pot_hidden(forgery: Forgery) -> None:
    forgery.hide_ballots()
    forgery.pot["outcome"]["selected"] = [forgery.pot["options"][-1]["id"]]
    forgery.pot.update(published_ballots=False, ballots=5)


def _many_hidden(forgery: Forgery) -> None:
    forgery.hide_ballots()
    forgery.pot["published_ballots"] = False


def _file_slipped_in(forgery: Forgery) -> None:
    forgery.files["pots/0.pb"] = forgery.files[f"pots/{forgery.pot['id']}.pb"]


def _researchers_misled(old: str, new: str) -> Callable[[Forgery], None]:
    def change(forgery: Forgery) -> None:
        name = f"pots/{forgery.pot['id']}.pb"
        assert old in forgery.files[name]
        forgery.files[name] = forgery.files[name].replace(old, new, 1)

    return change


def _first_option(forgery: Forgery) -> str:
    return forgery.pot["options"][0]["id"]


def _vote_in_pabulib(forgery: Forgery) -> None:
    name = f"pots/{forgery.pot['id']}.pb"
    second = forgery.pot["options"][1]["id"]
    text = forgery.files[name].replace(f"1;{_first_option(forgery)}\n", f"1;{second}\n", 1)
    assert text != forgery.files[name]
    forgery.files[name] = text


def _ballots_said(forgery: Forgery) -> None:
    forgery.recount()
    forgery.pot["ballots"] -= 1


def _first_row(chosen: str, points: str = "") -> Callable[[Forgery], None]:
    def change(forgery: Forgery) -> None:
        rows = forgery.rows
        forgery.write_rows([[rows[0][0], chosen, points], *rows[1:]])
        forgery.recount()

    return change


def _option_as(part: str, value: object) -> Callable[[Forgery], None]:
    def change(forgery: Forgery) -> None:
        forgery.pot["options"][0][part] = value
        forgery.recount()

    return change


def _options_never_committed(forgery: Forgery) -> None:
    """Another cost, and a board that says that it never held any; whoever has the root sees it."""
    _option_as("cost_minor", 7)(forgery)
    forgery.record["board"]["options"] = None
    forgery.chain_anew()


def _options_committed_anew(forgery: Forgery) -> None:
    _option_as("cost_minor", 7)(forgery)
    forgery.record["board"]["options"]["sha256"] = options_digest(forgery.record["pots"])
    forgery.chain_anew()


def _one_trustee(forgery: Forgery) -> None:
    """Somebody who alone is all three; everything made anew to fit."""
    opening = forgery.record["opening"]
    opening["trustees"] = [opening["trustees"][0]] * 3
    forgery.chain_anew()
    forgery.root_anew()


def _opened_otherwise(forgery: Forgery) -> None:
    """Other parameters, as if they had been opened."""
    forgery.record["rules"]["rule_parameters"]["threshold"] = 20
    _other_threshold(forgery)
    forgery.chain_anew()


def _ballots_put_away(forgery: Forgery) -> None:
    """So many fewer counted, as if their voters had voted again."""
    first, *rows = forgery.rows
    forgery.write_rows([[str(int(first[0]) - 2), *first[1:]], *rows])
    forgery.recount()
    forgery.record["counted"] -= 2
    forgery.record["board"]["counted"] -= 2
    forgery.record["board"]["superseded"] += 2


def _counted_more_often(forgery: Forgery) -> None:
    """Two ballots counted that were never left, and the void made to fit."""
    first, *rows = forgery.rows
    forgery.write_rows([[str(int(first[0]) + 2), *first[1:]], *rows])
    forgery.recount()
    forgery.record["counted"] += 2
    forgery.record["board"]["counted"] += 2
    forgery.record["board"]["void"] -= 2


# What a forger does, and what finds it, of a vote where two projects at most are ticked.
FORGED = [
    (_other_threshold, ": parameters"),
    (_other_kind, "of the kind that was opened"),
    (_other_step, "shares are raised as was opened"),
    (_pot_left_out, "the pots are those that were opened"),
    (_pot_twice, "the pots are those that were opened"),
    (_pot_hidden, "at least as many ballots as were counted"),
    (_many_hidden, "published where there are enough"),
    (_file_slipped_in, "nothing else is in the file"),
    (_researchers_misled("budget;5000", "budget;9000"), "the .pb file"),
    (_researchers_misled(";3000;", ";30;"), "the .pb file"),
    (_researchers_misled("num_votes;32", "num_votes;33"), "the .pb file"),
    (_vote_in_pabulib, "the .pb file"),
    (_ballots_said, ": ballots"),
    (_first_row("0 1 2"), "keeps to the limits"),
    (_first_row(""), "keeps to the limits"),
    (_option_as("cost_minor", 7), "those that voting began with"),
    (_option_as("name", "Another"), "those that voting began with"),
    (_option_as("group", "site"), "those that voting began with"),
    (_options_never_committed, "the root is that of the lines and of the close"),
    (_options_committed_anew, "the root is that of the lines and of the close"),
    (_one_trustee, "three people are named as trustees"),
    (_opened_otherwise, "the root is that of the lines and of the close"),
    (_counted_more_often, "no number of ballots is below zero"),
    (_counted_more_often, "no more counted than were left at the close"),
    (_ballots_put_away, "the root is that of the lines and of the close"),
]


def _winners(*places: int) -> Callable[[Forgery], None]:
    def change(forgery: Forgery) -> None:
        ids = [each["id"] for each in forgery.pot["options"]] + ["nobody"]
        forgery.pot["outcome"]["selected"] = [ids[place] for place in places]

    return change


# The same of a pot with too few ballots to publish, whose options cost more than there is: all of
# them win, one that is not on the ballot, one twice.
FORGED_WINNERS = [_winners(0, 1, 2), _winners(3), _winners(0, 0)]


def made_anew(forgery: Forgery) -> None:
    """All of it, the root too: only whoever noted the root, or a head, can tell."""
    _opened_otherwise(forgery)
    forgery.root_anew()


# The same of votes of other kinds.
FORGED_ROWS = [
    ({"kind": NamedKind.KNAPSACK}, _first_row("0 1 2")),
    (
        {
            "kind": NamedKind.CUMULATIVE, "rule": "greedy_points", "max_points": 6,
            "max_sum_points": 10,
        },
        _first_row("0 1", "6 5"),
    ),
    (
        {
            "kind": NamedKind.CUMULATIVE, "rule": "greedy_points", "max_points": 6,
            "max_sum_points": 10,
        },
        _first_row("0", "7"),
    ),
]  # fmt: skip
