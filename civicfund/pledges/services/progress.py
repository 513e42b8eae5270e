"""How far the collection of a funded campaign has come."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Count, Q, Sum

from civicfund.audit.services import advance
from civicfund.pledges.enums import (
    CAMPAIGN_MOVES,
    COLLECTING_CAMPAIGN,
    FAILED_PLEDGE,
    IN_FLIGHT_PLEDGE,
    CampaignState,
    PledgeState,
)
from civicfund.pledges.models import Campaign, Pledge
from civicfund.pledges.services.letters import tell_creator
from civicfund.pledges.services.locks import campaign_to_move


def follow_collection(campaign: Campaign) -> Campaign:
    """Move a funded campaign on: collecting, recovering, and settled once nothing is owed."""
    with transaction.atomic():
        locked = campaign_to_move(campaign.pk)
        if locked.state == CampaignState.FUNDED:
            advance(locked, CampaignState.COLLECTING, CAMPAIGN_MOVES, actor=None)
        if locked.state in COLLECTING_CAMPAIGN:
            _follow(locked)
    return locked


def _follow(campaign: Campaign) -> None:
    """The caller holds the campaign alone. One statement counts, so that no pledge moves between
    one count and the next.
    """
    now = Pledge.objects.filter(campaign=campaign).aggregate(
        in_flight=Count("pk", filter=Q(state__in=IN_FLIGHT_PLEDGE)),
        failed=Count("pk", filter=Q(state__in=FAILED_PLEDGE)),
        dropped=Count("pk", filter=Q(state=PledgeState.DROPPED)),
        collected_minor=Sum("amount_minor", filter=Q(state=PledgeState.COLLECTED), default=0),
    )
    if now["in_flight"]:
        return
    incomplete = bool(now["failed"] or now["dropped"])
    if campaign.state == CampaignState.COLLECTING and incomplete:
        advance(campaign, CampaignState.RECOVERING, CAMPAIGN_MOVES, actor=None)
    if now["failed"]:
        return
    done = CampaignState.SETTLED_SHORT if now["dropped"] else CampaignState.SETTLED
    advance(campaign, done, CAMPAIGN_MOVES, actor=None)
    tell_creator(campaign, "own_campaign_settled", collected_minor=now["collected_minor"])
