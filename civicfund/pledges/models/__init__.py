"""Campaigns, what they offer, what was promised to them, and each try to collect it."""

from __future__ import annotations

from civicfund.pledges.models.campaigns import (
    Campaign,
    CampaignOutcome,
    CampaignQuerySet,
    GoalLine,
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

__all__ = [
    "Campaign",
    "CampaignOutcome",
    "CampaignQuerySet",
    "CampaignReport",
    "ChargeAttempt",
    "ChosenAddOn",
    "Consent",
    "Dispute",
    "GoalLine",
    "Pledge",
    "PledgeQuerySet",
    "Refund",
    "RefundBatch",
    "Reward",
    "ShippingZone",
]
