"""What came of what somebody did."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import QuerySet

from budgeting.models import Cycle, Proposal
from budgeting.selectors import fate
from civicfund.delivery.selectors import Progress, progress_of
from civicfund.people.models import User
from civicfund.pledges.access import visible_campaigns
from civicfund.pledges.models import Campaign
from civicfund.prepared import Prepared
from civicfund.projects.models import Project


@dataclass(frozen=True, slots=True)
class CameOf:
    """A project, and how many milestones of its plan are reached; None where it has no plan."""

    project: Project
    progress: Progress | None


def what_came_of(projects: Collection[Project], user: User | None = None) -> list[CameOf]:
    """The projects with how far their work has come, each with its public proposals and campaigns,
    for somebody also those that they have drafted; the newest first. Three queries for all.
    """
    found = {project.pk: project for project in projects}
    for project in projects:
        vars(project).update(came_to_ballots=[], came_to_campaigns=[])
    if not found:
        return []
    for proposal in _came_to_ballots(found):
        vars(found[proposal.project_id])["came_to_ballots"].append(proposal)
    campaigns = _came_to_campaigns(user.pk, found) if user else _came_to_public(found)
    for campaign in campaigns:
        vars(found[campaign.project_id])["came_to_campaigns"].append(campaign)
    progress = progress_of(found)
    return [CameOf(project, progress.get(project.pk)) for project in projects]


@Prepared
def _came_to_ballots(projects: Collection[int]) -> QuerySet[Proposal]:
    public = Proposal.objects.standing().filter(cycle__in=Cycle.objects.public())
    rows = public.filter(project__in=projects).annotate(fate=fate())
    return rows.select_related("cycle").order_by("-pk")


@Prepared
def _came_to_campaigns(user: int, projects: Collection[int]) -> QuerySet[Campaign]:
    return visible_campaigns(user).filter(project__in=projects).order_by("-pk")


@Prepared
def _came_to_public(projects: Collection[int]) -> QuerySet[Campaign]:
    return Campaign.objects.public().filter(project__in=projects).order_by("-pk")
