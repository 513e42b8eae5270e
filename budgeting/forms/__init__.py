"""What people fill in: a ballot, a project's entry into a cycle, and what a cycle is made of."""

from budgeting.forms.ballot import FilledIn, PotOnBallot, pot_on_ballot
from budgeting.forms.cycles import (
    PARAMETERS,
    CycleForm,
    PhaseForm,
    PotForm,
    ProposalForm,
    ReasonForm,
    ReviewForm,
    RollForm,
)

__all__ = [
    "PARAMETERS",
    "CycleForm",
    "FilledIn",
    "PhaseForm",
    "PotForm",
    "PotOnBallot",
    "ProposalForm",
    "ReasonForm",
    "ReviewForm",
    "RollForm",
    "pot_on_ballot",
]
