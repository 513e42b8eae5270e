"""What people fill in: a ballot, a project's entry into a cycle, and what a cycle is made of."""

from budgeting.forms.ballot import FilledIn, PotOnBallot, pot_on_ballot
from budgeting.forms.cycles import (
    PARAMETERS,
    AgreeForm,
    CycleForm,
    ExtensionForm,
    PhaseForm,
    PotForm,
    ProposalForm,
    ReasonForm,
    ReviewForm,
)
from budgeting.forms.keys import AnswerForm, PartsForm, PublicKeyForm, ReceiptForm
from budgeting.forms.kiosks import KioskCodeForm, OneKioskForm, RegisterKioskForm, UnlockForm
from budgeting.forms.roll import (
    CheckedForm,
    CodeForm,
    EligibilityForm,
    FileForm,
    PersonForm,
    ResidentsForm,
    SecondForm,
)

__all__ = [
    "PARAMETERS",
    "AgreeForm",
    "AnswerForm",
    "CheckedForm",
    "CodeForm",
    "CycleForm",
    "EligibilityForm",
    "ExtensionForm",
    "FileForm",
    "FilledIn",
    "KioskCodeForm",
    "OneKioskForm",
    "PartsForm",
    "PersonForm",
    "PhaseForm",
    "PotForm",
    "PotOnBallot",
    "ProposalForm",
    "PublicKeyForm",
    "ReasonForm",
    "ReceiptForm",
    "RegisterKioskForm",
    "ResidentsForm",
    "ReviewForm",
    "SecondForm",
    "UnlockForm",
    "pot_on_ballot",
]
