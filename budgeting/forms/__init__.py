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
from budgeting.forms.keys import AnswerForm, PartsForm, PublicKeyForm, ReceiptForm

__all__ = [
    "PARAMETERS",
    "AnswerForm",
    "CycleForm",
    "FilledIn",
    "PartsForm",
    "PhaseForm",
    "PotForm",
    "PotOnBallot",
    "ProposalForm",
    "PublicKeyForm",
    "ReasonForm",
    "ReceiptForm",
    "ReviewForm",
    "RollForm",
    "pot_on_ballot",
]
