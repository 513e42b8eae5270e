"""Reading updates of campaigns, and who is told of what becomes of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q
from django.db.models.functions import Now

from civicfund.pledges.enums import RETURNING_CAMPAIGN
from civicfund.pledges.models import (
    Campaign,
    CampaignUpdate,
    CampaignUpdateQuerySet,
    Pledge,
    PledgeQuerySet,
)
from civicfund.projects.models import Project
from civicfund.talk.models import Comment, CommentQuerySet, News
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


def untold_corrections() -> CommentQuerySet:
    """Corrections of the last days that nobody was told of yet, the oldest first, of updates that
    people were told of and that are not hidden.
    """
    updates = CampaignUpdate.objects.shown().filter(is_told("update")).values("words")
    lately = Comment.objects.shown().filter(is_official=True, created_at__gt=Now() - NEWS_FOR)
    return lately.filter(~is_told("correction"), parent__in=updates).order_by("pk")


def corrected_by(correction: Comment) -> CampaignUpdate:
    """The update that a correction stands below."""
    rows = CampaignUpdate.objects.select_related("campaign__project", "words")
    return rows.get(words=correction.parent_id)


def pledges_of_mailed(update: CampaignUpdate, mailed: Iterable[int]) -> list[Pledge]:
    """The last pledge of each of these people, of those who may read the update now."""
    rows = Pledge.objects.backing() if update.is_for_backers else Pledge.objects.all()
    theirs = rows.filter(campaign=update.campaign_id, backer__in=mailed).select_related("backer")
    return list({pledge.backer_id: pledge for pledge in theirs.order_by("created_at")}.values())


def backers_told_of(update: CampaignUpdate) -> frozenset[int]:
    """Those of its backers who have a notice of the update in the site, whether mailed or not."""
    backing = Pledge.objects.backing().filter(campaign=update.campaign_id).values("backer")
    told = News.objects.filter(fact__source=f"update:{update.pk}", recipient__in=backing)
    return frozenset(told.values_list("recipient_id", flat=True))


def backers_to_tell(campaign: Campaign) -> Iterable[Pledge]:
    """The pledges whose backers are told of an update, but for the creator's own."""
    rows = Pledge.objects.backing().filter(campaign=campaign).filter(~Q(backer=campaign.creator_id))
    return rows.select_related("backer").order_by("pk")


def pledges_for(project: Project) -> PledgeQuerySet:
    """The pledges of all who stand by one of its campaigns, the oldest first; not of one whose
    money goes back.
    """
    rows = Pledge.objects.backing().filter(campaign__project=project)
    stands = rows.exclude(campaign__state__in=RETURNING_CAMPAIGN)
    return stands.select_related("backer", "campaign").order_by("created_at", "pk")
