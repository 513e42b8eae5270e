"""Reading what was merged, and what is asked."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet

from civicfund.people.models import User
from civicfund.prepared import Prepared
from civicfund.projects.enums import MergeState, ProjectState
from civicfund.projects.models import Merge, Project


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


def latest_merges() -> QuerySet[Merge]:
    """What stands merged, the newest first, for moderators."""
    agreed = Merge.objects.filter(state=MergeState.AGREED)
    return agreed.select_related("project", "into").order_by("-decided_at", "-pk")
