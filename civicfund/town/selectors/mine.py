"""What came of what somebody did."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Prefetch, QuerySet

from budgeting.models import Cycle, Proposal
from civicfund.delivery.selectors import Progress, progress_of
from civicfund.people.models import User
from civicfund.pledges.access import visible_campaigns
from civicfund.projects.models import Project


@dataclass(frozen=True, slots=True)
class CameOf:
    """A project, and how many milestones of its plan are reached; None where it has no plan."""

    project: Project
    progress: Progress | None


def with_what_came_of_it(projects: QuerySet[Project], user: User) -> QuerySet[Project]:
    """Each with its public proposals and the campaigns that somebody may see, which are also their
    own drafts; the newest first. Two queries for all.
    """
    public = Proposal.objects.standing().filter(cycle__in=Cycle.objects.public())
    proposals = public.select_related("cycle")
    campaigns = visible_campaigns(user)
    return projects.prefetch_related(
        Prefetch("proposals", proposals.order_by("-pk"), to_attr="came_to_ballots"),
        Prefetch("campaigns", campaigns.order_by("-pk"), to_attr="came_to_campaigns"),
    )


def what_came_of(projects: Iterable[Project]) -> list[CameOf]:
    """The projects with how far their work has come: one query for all."""
    rows = list(projects)
    progress = progress_of(project.pk for project in rows) if rows else {}
    return [CameOf(project, progress.get(project.pk)) for project in rows]
