"""What was decided in a cycle, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass

from budgeting.models import Cycle, Option
from budgeting.selectors import PotResult, results_of
from civicfund.delivery.selectors import Progress, progress_of
from civicfund.ledger.domain import project_award
from civicfund.ledger.selectors import balances_of
from civicfund.pledges.models import Campaign
from civicfund.pledges.selectors import newest_campaigns
from civicfund.projects.models import Project


@dataclass(frozen=True, slots=True)
class Winner:
    """What a vote decided for, and what became of it. Amounts in minor units."""

    option: Option
    project: Project | None
    # Of what it was awarded, what the town has not paid out yet.
    owed_minor: int
    campaign: Campaign | None
    # How far its work has come, where it has a plan.
    progress: Progress | None = None


def decided_in(cycle: Cycle) -> list[tuple[PotResult, list[Winner]]]:
    """The outcome of each pot of a cycle whose outcome is public, with what became of winners."""
    results = results_of(cycle)
    won = [each.option.pk for result in results for each in result.winners]
    options = Option.objects.filter(pk__in=won).select_related("proposal__project")
    projects = {each.pk: each.proposal.project for each in options if each.proposal}
    pks = {project.pk for project in projects.values()}
    owed = balances_of([project_award(pk) for pk in pks])
    campaigns, progress = newest_campaigns(pks), progress_of(pks)

    def winner(option: Option) -> Winner:
        project = projects.get(option.pk)
        if project is None:
            return Winner(option, None, 0, None)
        left = -owed.get(project_award(project.pk), 0)
        campaign = campaigns.get(project.pk)
        owed_minor = max(0, min(left, option.cost_minor))
        return Winner(option, project, owed_minor, campaign, progress.get(project.pk))

    return [(result, [winner(each.option) for each in result.winners]) for result in results]
