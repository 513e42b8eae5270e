"""Reading plans, and how far projects have come."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import (
    Count,
    Exists,
    F,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    prefetch_related_objects,
)
from django.db.models.functions import Now

from civicfund.delivery.enums import Reach
from civicfund.delivery.models import Milestone, MilestoneReport, MilestoneVerdict
from civicfund.prepared import Prepared
from civicfund.projects.models import Project
from civicfund.talk.selectors import NEWS_FOR, is_told

# Whether a plan can no longer change for a reason that another app knows.
Fixed = Callable[[int], bool]
_fixes: list[Fixed] = []


def fixed_by(fixes: Fixed) -> None:
    """Ask this, too, before a plan changes. Said once, when an app is ready.

    The app that says it refuses the change in the database as well.
    """
    _fixes.append(fixes)


def plan_of(project: Project) -> list[Milestone]:
    """A project's milestones in their order, with what was said and found of each."""
    plan = _milestones(project.pk)
    reports = MilestoneReport.objects.select_related("verdict").order_by("pk")
    prefetch_related_objects(plan, Prefetch("reports", reports))
    return plan


@Prepared
def _milestones(project: int) -> QuerySet[Milestone]:
    return Milestone.objects.filter(project=project).order_by("position")


def has_plan(project_id: int) -> bool:
    """Whether a project's money goes by milestones."""
    return Milestone.objects.filter(project=project_id).exists()


def is_fixed(project: Project) -> bool:
    """Whether the plan stays: something was said of it, or money was asked for."""
    said = MilestoneReport.objects.filter(milestone__project=project).exists()
    return said or any(fixes(project.pk) for fixes in _fixes)


def next_milestone(plan: Iterable[Milestone]) -> Milestone | None:
    """The first that is not reached; None where all are, or there is no plan."""
    return next((each for each in plan if each.reach != Reach.REACHED), None)


def unreached_milestones() -> QuerySet[Milestone]:
    """Those of all plans that nobody has confirmed."""
    reached = MilestoneVerdict.objects.filter(report__milestone=OuterRef("pk"), confirmed=True)
    return Milestone.objects.filter(~Exists(reached))


def milestones_to_come(projects: QuerySet[Project]) -> QuerySet[Milestone]:
    """Those of these projects that are not reached, the first by their date coming first."""
    rows = unreached_milestones().filter(project__in=projects.order_by().values("pk"))
    return rows.select_related("project").order_by("due_on", "pk")


def next_milestones(projects: QuerySet[Project]) -> QuerySet[Milestone]:
    """Of each of these projects the first that is not reached; the soonest coming first."""
    coming = milestones_to_come(projects).order_by("project", "position").distinct("project")
    rows = Milestone.objects.filter(pk__in=coming.values("pk"))
    return rows.select_related("project").order_by("due_on", "pk")


def reached_milestones(project_id: int) -> QuerySet[Milestone]:
    """Those that are confirmed, in their order."""
    reached = Milestone.objects.filter(project=project_id, reports__verdict__confirmed=True)
    return reached.order_by("position")


def share_until(milestone: Milestone) -> int:
    """Percent of a project's money that the plan lets go once this milestone is reached."""
    until = Milestone.objects.filter(project=milestone.project_id, position__lte=milestone.position)
    return sum(until.values_list("share_percent", flat=True))


@dataclass(frozen=True, slots=True)
class Progress:
    """How many of a plan's milestones are reached."""

    reached: int
    planned: int


def progress_of(project_ids: Iterable[int]) -> dict[int, Progress]:
    """How far each of these projects has come; those without a plan are left out."""
    rows = _reached(set(project_ids))
    return {project: Progress(reached, planned) for project, planned, reached in rows}


@Prepared
def _reached(projects: Collection[int]) -> QuerySet[Milestone, Any]:
    rows = Milestone.objects.filter(project__in=projects).order_by().values_list("project")
    return rows.annotate(
        planned=Count("pk", distinct=True),
        reached=Count("pk", filter=Q(reports__verdict__confirmed=True), distinct=True),
    )


def waiting_reports() -> QuerySet[MilestoneReport]:
    """What owners say is reached and nobody has looked at, the oldest first."""
    waiting = MilestoneReport.objects.filter(verdict__isnull=True)
    waiting = waiting.select_related("milestone__project", "by").annotate(
        project_id=F("milestone__project")
    )
    return waiting.order_by("pk")


def untold_milestones() -> QuerySet[MilestoneVerdict]:
    """What was found to be reached in the last days and nobody was told of yet, oldest first."""
    lately = MilestoneVerdict.objects.filter(confirmed=True, at__gt=Now() - NEWS_FOR)
    untold = lately.filter(~is_told("milestone"))
    return untold.select_related("report__milestone__project").order_by("pk")
