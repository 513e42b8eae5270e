"""Reading cycles, ballots and outcomes."""

from budgeting.selectors.ballots import (
    BallotStatus,
    Standing,
    ballot_status,
    in_ballot_order,
    my_participations,
)
from budgeting.selectors.boards import Recorded, board_lines, board_of, board_rows, find_receipt
from budgeting.selectors.cycles import (
    awarded_in_minor,
    counting_cycles,
    finished_cycles,
    past_cycles,
    phase_steps,
    proposals_of,
    running_cycles,
    turnout,
    why_apart_in_cycles,
    why_on_ballot,
)
from budgeting.selectors.desk import Step, TwoPeople, acts_of_two, readiness, small_pots
from budgeting.selectors.kiosks import kiosk_by_key, kiosks_of, sitting_at
from budgeting.selectors.may_vote import MayVote, may_vote
from budgeting.selectors.observing import withheld
from budgeting.selectors.options import OptionsOnBallot, options_on_ballot, pots_on_ballot
from budgeting.selectors.paper import (
    Compared,
    PaperSums,
    Sample,
    channels_of,
    compared_sheets,
    paper_sums,
    paper_vote,
    people_by_channel,
    people_by_place,
    void_reasons,
)
from budgeting.selectors.progress import Progress, counting_progress, progress_key
from budgeting.selectors.proposals import PotOfDesk, ballot_desk
from budgeting.selectors.results import Figures, OptionResult, PotResult, results_of
from budgeting.selectors.reviews import (
    WHOSE,
    next_verdicts,
    own_proposal,
    proposal_to_review,
    ready_for,
    ready_verdicts,
    review_sums,
    reviews_of,
    waiting_reviews,
)
from budgeting.selectors.roll import (
    eligibility_of,
    roll_batches,
    rules_of_voting,
    valid_codes,
    voting_places,
)
from budgeting.selectors.rounds import Rounds, rounds_of
from budgeting.selectors.supports import Supports, supports_by_proposal
from budgeting.selectors.timeline import timeline_warnings

__all__ = [
    "WHOSE",
    "BallotStatus",
    "Compared",
    "Figures",
    "MayVote",
    "OptionResult",
    "OptionsOnBallot",
    "PaperSums",
    "PotOfDesk",
    "PotResult",
    "Progress",
    "Recorded",
    "Rounds",
    "Sample",
    "Standing",
    "Step",
    "Supports",
    "TwoPeople",
    "acts_of_two",
    "awarded_in_minor",
    "ballot_desk",
    "ballot_status",
    "board_lines",
    "board_of",
    "board_rows",
    "channels_of",
    "compared_sheets",
    "counting_cycles",
    "counting_progress",
    "eligibility_of",
    "find_receipt",
    "finished_cycles",
    "in_ballot_order",
    "kiosk_by_key",
    "kiosks_of",
    "may_vote",
    "my_participations",
    "next_verdicts",
    "options_on_ballot",
    "own_proposal",
    "paper_sums",
    "paper_vote",
    "past_cycles",
    "people_by_channel",
    "people_by_place",
    "phase_steps",
    "pots_on_ballot",
    "progress_key",
    "proposal_to_review",
    "proposals_of",
    "readiness",
    "ready_for",
    "ready_verdicts",
    "results_of",
    "review_sums",
    "reviews_of",
    "roll_batches",
    "rounds_of",
    "rules_of_voting",
    "running_cycles",
    "sitting_at",
    "small_pots",
    "supports_by_proposal",
    "timeline_warnings",
    "turnout",
    "valid_codes",
    "void_reasons",
    "voting_places",
    "waiting_reviews",
    "why_apart_in_cycles",
    "why_on_ballot",
    "withheld",
]
