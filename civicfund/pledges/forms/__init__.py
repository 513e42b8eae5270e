"""The forms in which somebody backs a campaign, writes one, or writes about it."""

from __future__ import annotations

from civicfund.pledges.forms.backers import BackersForm
from civicfund.pledges.forms.campaign import AddedRewardForm, CampaignForms
from civicfund.pledges.forms.pledge import AppealForm, PledgeForm, ReasonForm, ReportForm
from civicfund.pledges.forms.surveys import (
    AnswerForm,
    Questions,
    SurveyForm,
    questions_as_typed,
)
from civicfund.pledges.forms.updates import CorrectionForm, UpdateForm

__all__ = [
    "AddedRewardForm",
    "AnswerForm",
    "AppealForm",
    "BackersForm",
    "CampaignForms",
    "CorrectionForm",
    "PledgeForm",
    "Questions",
    "ReasonForm",
    "ReportForm",
    "SurveyForm",
    "UpdateForm",
    "questions_as_typed",
]
