"""Counting who supports what."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from civicfund.people.models import User
from civicfund.people.selectors import proved_residencies_on
from civicfund.prepared import Prepared
from civicfund.projects.models import Project, Support


def support_counts(projects: Iterable[int]) -> dict[int, int]:
    """How many people support each project, by its id; one who supports nothing counts nowhere.

    Whoever supports a project and also one that was merged into it counts once.
    """
    wanted = set(projects)
    rows = _people(wanted)
    return dict.fromkeys(wanted, 0) | {pk: people for pk, people in rows if pk in wanted}


@Prepared
def _people(wanted: Collection[int]) -> QuerySet[Any]:
    rows = _supports_of(wanted).values_list("whole")
    counted: QuerySet[Any] = rows.annotate(people=Count("person", distinct=True))
    return counted


def supports_by_home(projects: Iterable[int]) -> dict[int, dict[int, int]]:
    """The same of people with a confirmed home alone, by the place where they live today.

    Nobody has two homes at a time, so that places can be added up.
    """
    wanted = set(projects)
    homes = proved_residencies_on(timezone.localdate())
    rows = (
        _supports_of(wanted)
        .filter(person__residencies__in=homes)
        .values_list("whole", "person__residencies__neighborhood")
        .annotate(people=Count("person", distinct=True))
    )
    found: dict[int, dict[int, int]] = {pk: {} for pk in wanted}
    for pk, home, people in rows:
        if pk in found:
            found[pk][home] = people
    return found


def _supports_of(wanted: Collection[int]) -> QuerySet[Any]:
    """Supports of these projects, each with ``whole``: the one that it counts for."""
    whole = Project.objects.filter(Q(pk__in=wanted) | Q(merged_into__in=wanted)).values("pk")
    supports = Support.objects.filter(project__in=whole).order_by()
    return supports.annotate(whole=Coalesce("project__merged_into", "project"))


def supports_project(user: User | AnonymousUser, project: Project) -> bool:
    """Whether somebody supports it, or something that was merged into it."""
    return user.is_authenticated and bool(_supported(user.pk, project.pk))


@Prepared
def _supported(person: int, project: int) -> QuerySet[Support, int]:
    whole = Q(project=project) | Q(project__merged_into=project)
    return Support.objects.filter(whole, person=person).values_list("pk", flat=True)[:1]


def supported_among(user: User, projects: Iterable[int]) -> set[int]:
    """The ids of those of the projects that somebody supports, or something merged into them."""
    wanted = set(projects)
    whole = Q(project__in=wanted) | Q(project__merged_into__in=wanted)
    rows = Support.objects.filter(whole, person=user)
    pairs = rows.values_list("project_id", "project__merged_into_id")
    return {pk for pair in pairs for pk in pair if pk in wanted}
