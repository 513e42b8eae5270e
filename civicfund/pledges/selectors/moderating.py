"""Campaigns that staff have to look at, and what people told them."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Count, F, Min, OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext_lazy as _

from civicfund.people.enums import Role
from civicfund.pledges.enums import CampaignState, SuspensionOutcome
from civicfund.pledges.models import Campaign, CampaignQuerySet, CampaignReport, Suspension
from civicfund.talk.selectors.desks import Counted

# What is public of the moderation of campaigns, beside that of comments and projects.
COUNTED = {
    "campaign_reports": Counted(
        _("Reports of campaigns"), CampaignReport.objects.all, "created_at"
    ),
    "campaigns_suspended": Counted(
        _("Campaigns suspended"), Suspension.objects.all, "suspended_at"
    ),
    "campaigns_go_on": Counted(
        _("Suspended campaigns that go on"), Suspension.objects.all, "lifted_at"
    ),
    "campaign_appeals": Counted(_("Appeals for campaigns"), Suspension.objects.all, "appealed_at"),
    "campaigns_upheld": Counted(
        _("Appeals for campaigns refused"),
        lambda: Suspension.objects.filter(outcome=SuspensionOutcome.UPHELD),
        "decided_at",
    ),
}
_OPEN = Q(reports__handled_at__isnull=True)


def campaigns_to_look_at(roles: Collection[str]) -> CampaignQuerySet:
    """What waits for somebody with these roles: appeals, then what is reported, the longest
    waiting before others.

    Reviewers find what was sent for review, moderators also what is reported or suspended.
    """
    waits = Q(state=CampaignState.SUBMITTED)
    if Role.MODERATOR in roles:
        # Nobody of the staff sees a draft: what was taken back is looked at once it is sent in.
        reported = Q(open_reports__gt=0) & ~Q(state=CampaignState.DRAFT)
        waits |= reported | Q(state=CampaignState.SUSPENDED)
    appeals = Suspension.objects.undecided().filter(campaign=OuterRef("pk"))
    rows = Campaign.objects.annotate(
        open_reports=Count("reports", filter=_OPEN),
        reported_since=Min("reports__created_at", filter=_OPEN),
        appealed_since=Subquery(appeals.values("appealed_at")),
    )
    rows = rows.filter(waits).select_related("project", "creator")
    longest = (F(since).asc(nulls_last=True) for since in ("appealed_since", "reported_since"))
    return rows.order_by(*longest, "pk")


def suspension_of(campaign: Campaign) -> Suspension | None:
    """Why moderators suspend it now; None where they do not."""
    if campaign.state != CampaignState.SUSPENDED:
        return None
    return Suspension.objects.standing().filter(campaign=campaign).first()


def open_reports_of(campaign: Campaign) -> QuerySet[CampaignReport]:
    """What people told of it and nobody has looked at, the oldest first."""
    return campaign.reports.filter(handled_at__isnull=True).order_by("created_at", "pk")
