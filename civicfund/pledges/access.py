"""Who may see and do what with campaigns and pledges: the one door to them for every view."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404

from civicfund.people.models import User
from civicfund.pledges.models import Campaign, CampaignQuerySet, Pledge
from civicfund.pledges.models.totals import for_cards


def visible_campaigns(user: User | AnonymousUser) -> CampaignQuerySet:
    """Public campaigns, and one's own in any state."""
    mine = Q(creator=user) if user.is_authenticated else Q(pk__in=[])
    return Campaign.objects.filter(mine | Q(pk__in=Campaign.objects.public().values("pk")))


def visible_campaign(user: User | AnonymousUser, pk: int) -> Campaign:
    """The campaign with its totals; ``Http404`` where it does not exist for this person."""
    found = for_cards(visible_campaigns(user)).select_related("creator").filter(pk=pk).first()
    if found is None:
        raise Http404("No such campaign.")
    return found


def own_campaign(user: User, pk: int) -> Campaign:
    """One's own campaign; 404 where it cannot be seen, 403 where it is somebody else's."""
    campaign = visible_campaign(user, pk)
    if campaign.creator_id != user.pk:
        raise PermissionDenied
    return campaign


def own_pledge(user: User, pk: UUID) -> Pledge:
    """One's own pledge; ``Http404`` for anybody else, who is not to know that it exists."""
    found = (
        Pledge.objects.filter(pk=pk, backer=user)
        .select_related("campaign__project", "campaign__creator", "reward", "outcome")
        .first()
    )
    if found is None:
        raise Http404("No such pledge.")
    return found
