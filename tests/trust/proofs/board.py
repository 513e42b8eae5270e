"""The public board: every receipt is proved by it, and no altered one is."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random

from budgeting.domain.board import Line, proof_of, proves, receipt_hash
from budgeting.models import Board, Cycle
from budgeting.selectors import board_lines, close_of_board, find_receipt
from budgeting.services.ballots import Choice, cast
from budgeting.services.bundles import write_bundle
from budgeting.services.closing import close_cycle
from budgeting.services.counting import count_cycle
from budgeting.services.results import certify, publish
from civicfund.launch.servers import ROOT
from tests.factories.budgeting import certifier, open_by_trustees
from tests.trust.electorate import Vote, end_voting, open_vote
from tests.trust.result import Result, faults
from tests.trust.town import Town

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
Steps = list[tuple[str, str]]


def published_vote(town: Town, voters: int) -> tuple[Cycle, list[str]]:
    """A published cycle in which everybody voted, every tenth twice, and the casts' receipts."""
    vote = open_vote(voters, options=8, letters=False)
    receipts = [_cast(vote, number) for number in range(voters)]
    receipts += [_cast(vote, number) for number in range(0, voters, 10)]
    end_voting(town, vote.cycle)
    cycle = open_by_trustees(close_cycle(vote.cycle))
    count_cycle(cycle)
    cycle.refresh_from_db()
    return publish(certify(cycle, by=certifier()), by=certifier()), receipts


def _cast(vote: Vote, number: int) -> str:
    pot = vote.cycle.pots.get()
    chosen = [vote.named[number % 8], vote.named[(number // 8) % 8]]
    return cast(
        vote.cycle, vote.voters[number].entry, {pot.pk: Choice(sorted(set(chosen)))}
    ).receipt


def receipts_and_proofs(town: Town, full: bool) -> Result:
    """Every receipt is found by the verifier as a program of its own, no altered one is."""
    voters = 9_091 if full else 40
    random = Random(3)  # noqa: S311 -- repeatable
    cycle, receipts = published_vote(town, voters)
    file = town.home / "receipts.zip"
    with file.open("wb") as target:
        write_bundle(cycle, target)
    altered = [_altered(receipt, random) for receipt in receipts]
    held = _verified(file, receipts)
    forged = _verified(file, altered)
    board = Board.objects.get(pk=cycle.pk)
    lines = board_lines(board)
    where = {line.receipt_hash: place for place, line in enumerate(lines)}
    places = [where[receipt_hash(receipt)] for receipt in receipts]
    close = close_of_board(board)
    paths = _paths(lines, close)
    not_proved = sum(not proves(lines[at], paths[at], board.root) for at in places)
    sample = random.sample(range(len(receipts)), min(50, len(receipts)))
    others = sum(_shown(board, receipts[n]) != paths[places[n]] for n in sample)
    others += proof_of(lines, places[0], close) != paths[places[0]]
    bent = [_bent(lines, paths, at, random) for at in places]
    careless = sum(_leads_somewhere(path) for _, path in bent)
    return Result(
        tried="receipts and their proofs of inclusion; the same with one letter, hash, side or"
        " step altered",
        size=f"{len(receipts)} receipts, {len(receipts)} altered; {len(places)} proofs,"
        f" {len(places)} altered",
        faults=faults(
            receipts_not_verified=len(receipts) - held,
            altered_receipts_verified=forged,
            proofs_that_do_not_lead_to_the_root=not_proved,
            proofs_shown_by_the_site_that_are_others=others,
            altered_proofs_taken=sum(proves(line, path, board.root) for line, path in bent),
        ),
        control=f"a verifier without the published root takes {careless} altered proofs",
        control_failed=careless > 0,
    )


def _verified(file: Path, receipts: Sequence[str]) -> int:
    """How many of the receipts the verifier finds, run as anyone runs it."""
    done = subprocess.run(
        [sys.executable, "-m", "budgeting.domain.verify", str(file), *receipts],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    said = Counter(line.split(":")[0].strip() for line in done.stdout.splitlines())
    broken = [name for name in said if name.startswith("BROKEN") and "receipt" not in name]
    if broken or not said:
        raise RuntimeError(f"the bundle does not verify: {broken or done.stderr}")
    return sum(f"holds   receipt {receipt}" in said for receipt in receipts)


def _altered(receipt: str, random: Random) -> str:
    at = random.choice([place for place, letter in enumerate(receipt) if letter != "-"])
    other = random.choice([letter for letter in LETTERS if letter != receipt[at]])
    return receipt[:at] + other + receipt[at + 1 :]


def _shown(board: Board, receipt: str) -> Steps:
    found = find_receipt(board, receipt)
    return found.proof if found else []


def _paths(lines: Sequence[Line], close: str) -> list[Steps]:
    """The proof of every line at once: ``proof_of`` makes the whole tree for each.

    Written for this proof from RFC 6962; a sample is compared with what the site shows.
    """

    def node(left: bytes, right: bytes) -> bytes:
        return hashlib.sha256(b"\x01" + left + right).digest()

    leaves = [bytes.fromhex(line.ballot_hash + line.receipt_hash) for line in lines]
    last = hashlib.sha256(b"\x02" + bytes.fromhex(close)).digest()
    levels = [[*(hashlib.sha256(b"\x00" + leaf).digest() for leaf in leaves), last]]
    while len(levels[-1]) > 1:
        below = levels[-1]
        paired = [below[at : at + 2] for at in range(0, len(below), 2)]
        levels.append([node(*pair) if len(pair) == 2 else pair[0] for pair in paired])
    paths: list[Steps] = []
    for place in range(len(lines)):
        path, at = [], place
        for level in levels[:-1]:
            other = at ^ 1
            if other < len(level):
                path.append(("left" if other < at else "right", level[other].hex()))
            at //= 2
        paths.append(path)
    return paths


def _bent(
    lines: Sequence[Line], paths: Sequence[Steps], at: int, random: Random
) -> tuple[Line, Steps]:
    """A line and its proof, one of them altered in one of four ways."""
    line, path = lines[at], list(paths[at])
    step = random.randrange(len(path))
    side, hashed = path[step]
    match random.randrange(4):
        case 0:
            path[step] = (side, f"{int(hashed, 16) ^ 1 << random.randrange(256):064x}")
        case 1:
            path[step] = ("left" if side == "right" else "right", hashed)
        case 2:
            del path[step]
        case _:
            line = Line(line.ballot_hash, f"{int(line.receipt_hash, 16) ^ 1:064x}")
    return line, path


def _leads_somewhere(path: Steps) -> bool:
    """All that the control looks at: that a proof has the form of one."""
    return all(side in ("left", "right") and len(bytes.fromhex(it)) == 32 for side, it in path)
