"""Campaigns, what they offer, what was promised to them, and each try to collect it."""

from __future__ import annotations

from civicfund.pledges.models.campaigns import Campaign, CampaignOutcome, CampaignQuerySet, Reward
from civicfund.pledges.models.pledges import ChargeAttempt, Consent, Pledge, PledgeQuerySet

__all__ = [
    "Campaign",
    "CampaignOutcome",
    "CampaignQuerySet",
    "ChargeAttempt",
    "Consent",
    "Pledge",
    "PledgeQuerySet",
    "Reward",
]
