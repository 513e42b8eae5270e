"""One module for each kind of promise; the table of them all."""

from __future__ import annotations

from tests.trust.proofs import (
    alterations,
    board,
    closing,
    extensions,
    indifference,
    kept,
    keys,
    limits,
    linkage,
    moves,
    once,
    paper,
    recount,
    roll,
    tally,
)
from tests.trust.result import Proof

PROOFS = [
    Proof("B1", "One eligible person, one counted ballot", once.parallel_casts),
    Proof("B2", "Limits hold", limits.generated_ballots),
    Proof("B3", "Nobody reads who voted what", linkage.attacks),
    Proof("B4", "No partial results, for anyone", indifference.two_towns),
    Proof("B5", "My ballot is on the board", board.receipts_and_proofs),
    Proof("B6", "The board was never changed or cut", alterations.alterations),
    Proof("B7", "Anyone can recount", recount.two_verifiers),
    Proof(
        "B8", "Nothing counts after the close, all does before", closing.casts_across_the_closing
    ),
    Proof("B9", "Accepted means counted", kept.casts_while_all_breaks),
    Proof("B10", "A count does not depend on one process", tally.kills_and_rivals),
    Proof("B11", "A lost key part does not void the vote", keys.pairs_and_rehearsals),
    Proof("B12", "Paper is counted with the same care", paper.keying_errors),
    Proof("B13", "Open data does not betray people", recount.bundles_give_nobody_away),
    Proof("B14", "The roll cannot be padded in silence", roll.defects_and_lone_keepers),
    Proof("B15", "Outage is answered by a written rule", extensions.longer_by_two),
    Proof("B16", "Replayed or copied ballots change nothing", once.copied_ballots),
    Proof("B17", "Dates move by a written rule", moves.later_by_two),
]
