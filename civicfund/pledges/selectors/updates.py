"""Reading updates of campaigns."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q
from django.db.models.functions import Now

from civicfund.pledges.models import Campaign, CampaignUpdate, CampaignUpdateQuerySet, Pledge
from civicfund.talk.selectors import NEWS_FOR, is_told


@dataclass(frozen=True, slots=True)
class Listed:
    """An update in a list, and whether whoever looks at it may read it."""

    update: CampaignUpdate
    is_open: bool


def updates_of(campaign: Campaign) -> CampaignUpdateQuerySet:
    """All of a campaign's updates, the newest first."""
    return campaign.updates.whole().order_by("-number")


def listed(found: Iterable[CampaignUpdate], readable: CampaignUpdateQuerySet) -> list[Listed]:
    """Each with whether it is among those that somebody may read; one query for all of them."""
    rows = list(found)
    pks = [row.pk for row in rows]
    open_ = set(readable.filter(pk__in=pks).values_list("pk", flat=True))
    return [Listed(row, row.pk in open_) for row in rows]


def untold_updates() -> CampaignUpdateQuerySet:
    """Those of the last days that nobody was told of yet, the oldest first."""
    lately = CampaignUpdate.objects.shown().filter(published_at__gt=Now() - NEWS_FOR)
    rows = lately.filter(~is_told("update")).select_related("campaign__project", "words")
    return rows.order_by("pk")


def backers_to_tell(campaign: Campaign) -> Iterable[Pledge]:
    """The pledges whose backers are told of an update, but for the creator's own."""
    rows = Pledge.objects.backing().filter(campaign=campaign).filter(~Q(backer=campaign.creator_id))
    return rows.select_related("backer").order_by("pk")
