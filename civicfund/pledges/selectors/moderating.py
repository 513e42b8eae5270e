"""Campaigns that staff have to look at, and what people told them."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Count, F, Min, Q, QuerySet

from civicfund.people.enums import Role
from civicfund.pledges.enums import CampaignState
from civicfund.pledges.models import Campaign, CampaignQuerySet, CampaignReport

_OPEN = Q(reports__handled_at__isnull=True)


def campaigns_to_look_at(roles: Collection[str]) -> CampaignQuerySet:
    """What waits for somebody with these roles: reported first, the longest waiting before others.

    Reviewers find what was sent for review, moderators also what is reported or suspended.
    """
    waits = Q(state=CampaignState.SUBMITTED)
    if Role.MODERATOR in roles:
        waits |= Q(open_reports__gt=0) | Q(state=CampaignState.SUSPENDED)
    rows = Campaign.objects.annotate(
        open_reports=Count("reports", filter=_OPEN),
        reported_since=Min("reports__created_at", filter=_OPEN),
    )
    rows = rows.filter(waits).select_related("project", "creator")
    return rows.order_by(F("reported_since").asc(nulls_last=True), "pk")


def open_reports_of(campaign: Campaign) -> QuerySet[CampaignReport]:
    """What people told of it and nobody has looked at, the oldest first."""
    return campaign.reports.filter(handled_at__isnull=True).order_by("created_at", "pk")
