"""Forms about projects."""

from civicfund.projects.forms.authors import DoesForm, InvitationForm, JoinForm, OnPaperForm
from civicfund.projects.forms.copying import CopyForm
from civicfund.projects.forms.files import FileForm, WordsForm
from civicfund.projects.forms.merging import AskToMergeForm, ModeratorMergeForm, UndoForm
from civicfund.projects.forms.moderation import (
    AppealForm,
    FlagForm,
    HidingForm,
    ProjectFlagForm,
)
from civicfund.projects.forms.money import MoneyField, amount_hint
from civicfund.projects.forms.offers import HelpFilter, OfferForm
from civicfund.projects.forms.similar import IdeaForm
from civicfund.projects.forms.writing import (
    EMPTY_LINES_OFFERED,
    CostLineForm,
    CostLines,
    PlaceField,
    ProjectForm,
    costs_of,
)

__all__ = [
    "EMPTY_LINES_OFFERED",
    "AppealForm",
    "AskToMergeForm",
    "CopyForm",
    "CostLineForm",
    "CostLines",
    "DoesForm",
    "FileForm",
    "FlagForm",
    "HelpFilter",
    "HidingForm",
    "IdeaForm",
    "InvitationForm",
    "JoinForm",
    "ModeratorMergeForm",
    "MoneyField",
    "OfferForm",
    "OnPaperForm",
    "PlaceField",
    "ProjectFlagForm",
    "ProjectForm",
    "UndoForm",
    "WordsForm",
    "amount_hint",
    "costs_of",
]
