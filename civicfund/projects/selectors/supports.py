"""Counting who supports what."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, Q
from django.db.models.functions import Coalesce

from civicfund.people.models import User
from civicfund.projects.models import Project, Support


def support_counts(projects: Iterable[int]) -> dict[int, int]:
    """How many people support each project, by its id; one who supports nothing counts nowhere.

    Whoever supports a project and also one that was merged into it counts once.
    """
    wanted = list(projects)
    whole = Project.objects.filter(Q(pk__in=wanted) | Q(merged_into__in=wanted)).values("pk")
    rows = (
        Support.objects.filter(project__in=whole)
        .annotate(whole=Coalesce("project__merged_into", "project"))
        .order_by()
        .values_list("whole")
        .annotate(people=Count("person", distinct=True))
    )
    return dict.fromkeys(wanted, 0) | {pk: people for pk, people in rows if pk in set(wanted)}


def supports_project(user: User | AnonymousUser, project: Project) -> bool:
    """Whether somebody supports it, or something that was merged into it."""
    if not user.is_authenticated:
        return False
    whole = Q(project=project) | Q(project__merged_into=project)
    return Support.objects.filter(whole, person=user).exists()


def supported_among(user: User, projects: Iterable[int]) -> set[int]:
    """The ids of those of the projects that somebody supports, or something merged into them."""
    wanted = set(projects)
    whole = Q(project__in=wanted) | Q(project__merged_into__in=wanted)
    rows = Support.objects.filter(whole, person=user)
    pairs = rows.values_list("project_id", "project__merged_into_id")
    return {pk for pair in pairs for pk in pair if pk in wanted}
