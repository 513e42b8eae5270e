"""The forms in which somebody backs a campaign or writes one."""

from __future__ import annotations

from civicfund.pledges.forms.campaign import CampaignForms
from civicfund.pledges.forms.pledge import PledgeForm, ReasonForm, ReportForm

__all__ = ["CampaignForms", "PledgeForm", "ReasonForm", "ReportForm"]
