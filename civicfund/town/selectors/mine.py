"""What came of what somebody did."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import QuerySet

from budgeting.models import Cycle, Proposal
from civicfund.pledges.enums import PRIVATE_CAMPAIGN
from civicfund.pledges.models import Campaign
from civicfund.prepared import Prepared
from civicfund.projects.models import Project


def with_what_came_of_it(projects: Collection[Project]) -> list[Project]:
    """Each with its public proposals and campaigns, the newest first: two queries for all."""
    found = {project.pk: project for project in projects}
    for project in projects:
        vars(project).update(came_to_ballots=[], came_to_campaigns=[])
    if found:
        for proposal in _came_to_ballots(found):
            vars(found[proposal.project_id])["came_to_ballots"].append(proposal)
        for campaign in _came_to_campaigns(found):
            vars(found[campaign.project_id])["came_to_campaigns"].append(campaign)
    return list(projects)


@Prepared
def _came_to_ballots(projects: Collection[int]) -> QuerySet[Proposal]:
    public = Proposal.objects.standing().filter(cycle__in=Cycle.objects.public())
    return public.filter(project__in=projects).select_related("cycle").order_by("-pk")


@Prepared
def _came_to_campaigns(projects: Collection[int]) -> QuerySet[Campaign]:
    public = Campaign.objects.exclude(state__in=PRIVATE_CAMPAIGN)
    return public.filter(project__in=projects).order_by("-pk")
