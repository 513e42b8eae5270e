"""The locks of the pledge half, always in this order: campaign, pledge, reward."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.utils.translation import gettext as _

from civicfund.audit.services import db_now
from civicfund.pledges.enums import OPEN_CAMPAIGN, CampaignState
from civicfund.pledges.models import Campaign, Pledge
from civicfund.pledges.services.errors import RefusedError

KEEPING = (CampaignState.LIVE, CampaignState.SUSPENDED)
# A card that is not needed any more is forgotten at the provider, once the rush is over.
FORGET_AFTER = timedelta(hours=1)


def campaign_to_act_in(campaign_id: int) -> Campaign:
    """The campaign, kept from closing until the transaction ends; others may act at once."""
    query = "SELECT * FROM pledges_campaign WHERE id = %s FOR SHARE"
    return Campaign.objects.raw(query, [campaign_id])[0]


def campaign_taking_pledges(campaign_id: int) -> Campaign:
    """The campaign, kept from closing, if it takes pledges at this instant.

    The clock is read once the lock is held. Raises ``RefusedError`` otherwise.
    """
    campaign = campaign_to_act_in(campaign_id)
    if campaign.state != CampaignState.LIVE or db_now() >= campaign.deadline_at:
        raise RefusedError(_("This campaign takes no pledges now. Nothing was changed."))
    return campaign


def campaign_keeping_pledges(campaign_id: int) -> Campaign:
    """The campaign, kept from closing, if pledges can still be taken back at this instant: while
    it is live, and while it is suspended. Raises ``RefusedError`` otherwise.
    """
    campaign = campaign_to_act_in(campaign_id)
    if campaign.state not in KEEPING or db_now() >= campaign.deadline_at:
        raise RefusedError(_("Pledging is over, so this pledge can no longer be taken back."))
    return campaign


def campaign_to_move(campaign_id: int) -> Campaign:
    """The campaign, alone: nobody acts in it until the transaction ends. Raises ``RefusedError``
    where its draft has just been thrown away.
    """
    found = Campaign.objects.select_for_update().filter(pk=campaign_id).first()
    if found is None:
        raise RefusedError(_("This draft was thrown away."))
    return found


def pledge_alone(pledge_id: UUID) -> Pledge:
    """The pledge, locked. Where the campaign matters as well, lock that first."""
    return Pledge.objects.select_for_update().get(pk=pledge_id)


def is_open(campaign: Campaign) -> bool:
    """Whether a card that was begun in time may still be saved."""
    return campaign.state in OPEN_CAMPAIGN
