"""Counting who supports what."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Collection, Iterable
from typing import Any, NamedTuple

from django.contrib.auth.models import AnonymousUser
from django.core.cache import cache
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


# To order all projects by them takes longer than all the rest of a page.
ORDER_KEPT_SECONDS = 60


def most_supported() -> list[int]:
    """The ids of all projects on the list, the most supported first, of as many the newest.

    At most ``ORDER_KEPT_SECONDS`` old: what came on the list since is not among them.
    """
    kept = cache.get_or_set("projects_most_supported", _most_supported, ORDER_KEPT_SECONDS)
    return array("q", kept or b"").tolist()


def _most_supported() -> bytes:
    counted = Support.objects.order_by().values_list("project")
    people = dict(counted.annotate(people=Count("person")))
    # Few projects have taken others in: of these alone it is looked at who supports several.
    parts = Project.objects.filter(merged_into__isnull=False).order_by()
    wholes = parts.values_list("merged_into", flat=True).distinct()
    people |= support_counts(pk for pk in wholes if pk)
    newest = Project.objects.listed().order_by("-published_at", "-pk")
    found = newest.values_list("pk", flat=True)
    return array("q", sorted(found, key=lambda pk: -people.get(pk, 0))).tobytes()


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


class Gathering(NamedTuple):
    """How far a project is whose supports are being gathered, for something that asks for some."""

    asked_by: str
    """What asks for them, by its name."""
    people: int
    needed: int
    counted: str = ""
    """Who counts, in words; empty where everybody does."""

    @property
    def short(self) -> int:
        """How many are missing."""
        return max(0, self.needed - self.people)


Gatherings = Callable[[Collection[int]], dict[int, list[Gathering]]]
"""Of projects, by their ids: those whose supports are being gathered. As many queries for many as
for one, and one where there are none."""

_gatherings: list[Gatherings] = []


def gathered_as(gatherings: Gatherings) -> None:
    """Ask this, too, before cards are drawn. Said once, when an app is ready."""
    _gatherings.append(gatherings)


def with_gathering(projects: Iterable[Project]) -> list[Project]:
    """The projects of a page, each with ``gathering``: how far it is where supports are wanted."""
    shown = list(projects)
    ids = [project.pk for project in shown]
    found = [gatherings(ids) for gatherings in _gatherings] if ids else []
    for project in shown:
        vars(project)["gathering"] = tuple(
            one for each in found for one in each.get(project.pk, ())
        )
    return shown
