"""Forms about projects."""

from civicfund.projects.forms.authors import InvitationForm
from civicfund.projects.forms.writing import (
    EMPTY_LINES_OFFERED,
    CostLineForm,
    CostLines,
    MoneyField,
    PlaceField,
    ProjectForm,
    amount_hint,
    costs_of,
)

__all__ = [
    "EMPTY_LINES_OFFERED",
    "CostLineForm",
    "CostLines",
    "InvitationForm",
    "MoneyField",
    "PlaceField",
    "ProjectForm",
    "amount_hint",
    "costs_of",
]
