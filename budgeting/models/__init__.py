"""The ballot half's rows."""

from budgeting.models.announcements import LONGEST_BODY, Announcement, Mailing
from budgeting.models.ballots import OpenedBallot
from budgeting.models.bundles import BundlePart, KeptBundle
from budgeting.models.cycles import Cycle, CycleQuerySet, Phase, Pot
from budgeting.models.extensions import Extension, PhaseMove
from budgeting.models.kiosks import Kiosk, KioskEnd, KioskOpening, KioskUnlock
from budgeting.models.paper import (
    CheckIn,
    Keying,
    KeyingAnew,
    KeyingEnd,
    PaperCount,
    PaperVote,
    PlaceTotals,
    PollingPlace,
    SampledSheet,
    SampleReading,
    Sheet,
    SheetBatch,
)
from budgeting.models.proposals import (
    BallotOmission,
    BallotRemoval,
    Option,
    PotChange,
    Proposal,
    SupportCount,
)
from budgeting.models.reminders import StartedBallot
from budgeting.models.reviews import (
    Appeal,
    ChangeRequest,
    Review,
    ReviewerRule,
    ReviewPlan,
    ReviewQuerySet,
    ReviewTakenBack,
    VerdictPublication,
)
from budgeting.models.rewordings import Rewording
from budgeting.models.roll import (
    Eligibility,
    Participation,
    PostedCode,
    RollBatch,
    RollEntry,
)
from budgeting.models.sealing import (
    Board,
    BoardLine,
    Casting,
    OptionsCommitment,
    Rehearsal,
    SealedBallot,
    Trustee,
    TrusteeKey,
)
from budgeting.models.tallies import Counterfactual, Tally
from budgeting.models.trials import Trial

__all__ = [
    "LONGEST_BODY",
    "Announcement",
    "Appeal",
    "BallotOmission",
    "BallotRemoval",
    "Board",
    "BoardLine",
    "BundlePart",
    "Casting",
    "ChangeRequest",
    "CheckIn",
    "Counterfactual",
    "Cycle",
    "CycleQuerySet",
    "Eligibility",
    "Extension",
    "KeptBundle",
    "Keying",
    "KeyingAnew",
    "KeyingEnd",
    "Kiosk",
    "KioskEnd",
    "KioskOpening",
    "KioskUnlock",
    "Mailing",
    "OpenedBallot",
    "Option",
    "OptionsCommitment",
    "PaperCount",
    "PaperVote",
    "Participation",
    "Phase",
    "PhaseMove",
    "PlaceTotals",
    "PollingPlace",
    "PostedCode",
    "Pot",
    "PotChange",
    "Proposal",
    "Rehearsal",
    "Review",
    "ReviewPlan",
    "ReviewQuerySet",
    "ReviewTakenBack",
    "ReviewerRule",
    "Rewording",
    "RollBatch",
    "RollEntry",
    "SampleReading",
    "SampledSheet",
    "SealedBallot",
    "Sheet",
    "SheetBatch",
    "StartedBallot",
    "SupportCount",
    "Tally",
    "Trial",
    "Trustee",
    "TrusteeKey",
    "VerdictPublication",
]
