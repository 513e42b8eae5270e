"""Campaigns, what they offer, what was promised to them, and each try to collect it."""

from __future__ import annotations

from civicfund.pledges.models.campaigns import (
    Campaign,
    CampaignOutcome,
    CampaignQuerySet,
    GoalLine,
    LeadPicture,
    Reward,
    ShippingZone,
)
from civicfund.pledges.models.pledges import (
    ChargeAttempt,
    ChosenAddOn,
    Consent,
    Pledge,
    PledgeQuerySet,
)
from civicfund.pledges.models.refunds import Dispute, Refund, RefundBatch
from civicfund.pledges.models.reports import CampaignReport
from civicfund.pledges.models.surveys import (
    Survey,
    SurveyAnswer,
    SurveyQuerySet,
    SurveyQuestion,
    SurveyReminder,
    SurveyReply,
)
from civicfund.pledges.models.suspensions import Suspension, SuspensionQuerySet
from civicfund.pledges.models.updates import CampaignUpdate, CampaignUpdateQuerySet

__all__ = [
    "Campaign",
    "CampaignOutcome",
    "CampaignQuerySet",
    "CampaignReport",
    "CampaignUpdate",
    "CampaignUpdateQuerySet",
    "ChargeAttempt",
    "ChosenAddOn",
    "Consent",
    "Dispute",
    "GoalLine",
    "LeadPicture",
    "Pledge",
    "PledgeQuerySet",
    "Refund",
    "RefundBatch",
    "Reward",
    "ShippingZone",
    "Survey",
    "SurveyAnswer",
    "SurveyQuerySet",
    "SurveyQuestion",
    "SurveyReminder",
    "SurveyReply",
    "Suspension",
    "SuspensionQuerySet",
]
