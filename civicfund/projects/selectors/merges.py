"""Reading what was merged, and what is asked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, Min, Q, QuerySet

from civicfund.people.models import User
from civicfund.prepared import Prepared
from civicfund.projects.enums import LISTED_STATES, SAME, MergeState, ProjectState
from civicfund.projects.models import Merge, Project, ProjectFlag


def merge_of(project: Project) -> Merge | None:
    """How a project became part of another; None where it did not."""
    if project.merged_into_id is None:
        return None
    return project.merges.filter(state=MergeState.AGREED).first()


def taken_in(project: Project) -> list[Project]:
    """What became part of a project, each with whoever proposed it."""
    return _taken_in(project.pk)


@Prepared
def _taken_in(whole: int) -> QuerySet[Project]:
    merged = Project.objects.filter(merged_into=whole).exclude(state=ProjectState.HIDDEN)
    return merged.select_related("proposer").defer("story", "search").order_by("pk")


def parts_of(projects: Iterable[int]) -> dict[int, set[int]]:
    """The ids of what became part of each of the projects, by the project's."""
    merged = Project.objects.filter(merged_into__in=set(projects), state=ProjectState.MERGED)
    parts: dict[int, set[int]] = {}
    for whole, part in merged.order_by().values_list("merged_into_id", "pk"):
        parts.setdefault(whole, set()).add(part)
    return parts


def asked_of(user: User | AnonymousUser, project: Project) -> list[Merge]:
    """What is asked about a project, for the proposers of it and of the other one."""
    return _asked(user.pk, project.pk) if user.is_authenticated else []


@Prepared
def _asked(proposer: int, project: int) -> QuerySet[Merge]:
    theirs = Q(project__proposer=proposer) | Q(into__proposer=proposer)
    about = Q(project=project) | Q(into=project)
    asked = Merge.objects.filter(theirs, about, state=MergeState.ASKED)
    return asked.select_related("project", "into", "asked_by").order_by("pk")


@dataclass(frozen=True)
class Pair:
    """Two projects that somebody holds for one: why, since when, and how many say so."""

    project: Project
    into: Project
    since: datetime
    people: int = 1
    merge: Merge | None = None


MOST_PAIRS = 50


def reported_pairs() -> list[Pair]:
    """What residents say is the same and no moderator has looked at, the longest waiting first."""
    waiting = ProjectFlag.objects.waiting().filter(
        reason=SAME, project__state__in=LISTED_STATES, other__state__in=LISTED_STATES
    )
    counted = waiting.values("project", "other").annotate(
        people=Count("pk"), since=Min("created_at")
    )
    rows = list(counted.order_by("since", "project", "other")[:MOST_PAIRS])
    ids = {pk for row in rows for pk in (row["project"], row["other"])}
    found = Project.objects.only("title").in_bulk(ids)
    return [
        Pair(found[row["project"]], found[row["other"]], row["since"], row["people"])
        for row in rows
        if row["project"] in found and row["other"] in found
    ]


def asked_pairs() -> list[Pair]:
    """Of what proposers asked for: what waits for an answer, the longest first, then what was
    declined, the last first. Both have to be there still.
    """
    rows = Merge.objects.filter(
        project__state__in=LISTED_STATES, into__state__in=LISTED_STATES
    ).select_related("project", "into")
    open_ones = rows.filter(state=MergeState.ASKED).order_by("asked_at", "pk")[:MOST_PAIRS]
    declined = rows.filter(state=MergeState.DECLINED).order_by("-decided_at", "-pk")[:MOST_PAIRS]
    return [Pair(row.project, row.into, row.asked_at, merge=row) for row in [*open_ones, *declined]]


def latest_merges() -> QuerySet[Merge]:
    """What stands merged, the newest first, for moderators."""
    agreed = Merge.objects.filter(state=MergeState.AGREED)
    return agreed.select_related("project", "into").order_by("-decided_at", "-pk")
