"""How far the collection of a funded campaign has come."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Count, Q, Sum

from civicfund.audit.services import advance
from civicfund.pledges.domain import is_below_floor
from civicfund.pledges.enums import (
    CAMPAIGN_MOVES,
    CHARGED_PLEDGE,
    COLLECTING_CAMPAIGN,
    FAILED_PLEDGE,
    IN_FLIGHT_PLEDGE,
    SETTLING_PLEDGE,
    CampaignState,
    PledgeState,
)
from civicfund.pledges.models import Campaign, Pledge
from civicfund.pledges.services.letters import tell_backers, tell_creator
from civicfund.pledges.services.locks import campaign_to_move

TOLD = {
    CampaignState.SETTLED: "own_campaign_settled",
    CampaignState.SETTLED_SHORT: "own_campaign_settled",
    CampaignState.FAILED_SHORT: "own_campaign_failed_short",
}


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
        collected_minor=Sum("amount_minor", filter=Q(state__in=CHARGED_PLEDGE), default=0),
        pledged_minor=Sum("amount_minor", filter=Q(state__in=SETTLING_PLEDGE), default=0),
    )
    if now["in_flight"]:
        return
    incomplete = bool(now["failed"] or now["dropped"])
    if campaign.state == CampaignState.COLLECTING and incomplete:
        advance(campaign, CampaignState.RECOVERING, CAMPAIGN_MOVES, actor=None)
    if now["failed"]:
        return
    if not now["dropped"]:
        done = CampaignState.SETTLED
    elif is_below_floor(now["collected_minor"], now["pledged_minor"], campaign.floor_percent):
        done = CampaignState.FAILED_SHORT
    else:
        done = CampaignState.SETTLED_SHORT
    advance(campaign, done, CAMPAIGN_MOVES, actor=None)
    tell_creator(campaign, TOLD[done], collected_minor=now["collected_minor"])
    if done == CampaignState.FAILED_SHORT:
        tell_backers(campaign, "campaign_failed_short", collected_minor=now["collected_minor"])
