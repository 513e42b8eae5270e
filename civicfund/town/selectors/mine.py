"""What came of what somebody did."""

from __future__ import annotations

from django.db.models import Prefetch, QuerySet

from budgeting.models import Cycle, Proposal
from civicfund.pledges.enums import PRIVATE_CAMPAIGN
from civicfund.pledges.models import Campaign
from civicfund.projects.models import Project


def with_what_came_of_it(projects: QuerySet[Project]) -> QuerySet[Project]:
    """Each with its public proposals and campaigns, the newest first: two queries for all."""
    public = Proposal.objects.standing().filter(cycle__in=Cycle.objects.public())
    proposals = public.select_related("cycle")
    campaigns = Campaign.objects.exclude(state__in=PRIVATE_CAMPAIGN)
    return projects.prefetch_related(
        Prefetch("proposals", proposals.order_by("-pk"), to_attr="came_to_ballots"),
        Prefetch("campaigns", campaigns.order_by("-pk"), to_attr="came_to_campaigns"),
    )
