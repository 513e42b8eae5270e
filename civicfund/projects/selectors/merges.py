"""Reading what was merged, and what is asked."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, F, Min, Q, QuerySet
from django.db.models.functions import Greatest, Least, Now

from civicfund.people.models import User
from civicfund.prepared import Prepared
from civicfund.projects.enums import LISTED_STATES, SAME, MergeState, ProjectState
from civicfund.projects.models import Merge, Project, ProjectFlag
from civicfund.projects.selectors.similar import look_alikes


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
    # Whether some say it the other way round, on the page of the other one.
    also: bool = False
    # Whether nobody says so but the two look alike.
    found: bool = False


@dataclass(frozen=True)
class Pairs:
    """The first of a list at the desk, and whether there are more."""

    some: list[Pair]
    more: bool


MOST_PAIRS = 50
MOST_ALIKE = 10
# What proposers asked each other comes to the moderators' desk where nobody has answered for so
# long, and for so long after a no.
UNANSWERED = timedelta(days=7)
DECLINED = timedelta(weeks=6)


def reported_pairs() -> Pairs:
    """What residents say is the same and no moderator has looked at, the longest waiting first.

    Whoever says that the one is the other says the same as who says it the other way round. Which
    goes into which is as most say.
    """
    waiting = ProjectFlag.objects.waiting().filter(
        reason=SAME, project__state__in=LISTED_STATES, other__state__in=LISTED_STATES
    )
    counted = (
        waiting.annotate(one=Least("project", "other"), two=Greatest("project", "other"))
        .values("one", "two")
        .annotate(
            said=Count("pk"),
            straight=Count("pk", filter=Q(project=F("one"))),
            people=Count("reporter", distinct=True),
            since=Min("created_at"),
        )
    )
    rows = list(counted.order_by("since", "one", "two")[: MOST_PAIRS + 1])
    found = Project.objects.only("title").in_bulk(
        {pk for row in rows for pk in (row["one"], row["two"])}
    )
    # Gone since: taken off the list between the two questions.
    there = [row for row in rows[:MOST_PAIRS] if row["one"] in found and row["two"] in found]
    return Pairs([_reported(row, found) for row in there], len(rows) > MOST_PAIRS)


def _reported(row: Mapping[str, Any], found: Mapping[int, Project]) -> Pair:
    one, two = found[row["one"]], found[row["two"]]
    straight, said = row["straight"], row["said"]
    pair = (one, two) if 2 * straight > said else (two, one)
    return Pair(*pair, row["since"], row["people"], also=0 < straight < said)


def alike_pairs() -> Pairs:
    """What looks nearly the same and was proposed lately, where nobody has said anything of it: no
    resident that they are the same, and no proposer that they want to make one of them.
    """
    found = look_alikes()
    said = _said_of({each.pk for pair in found for each in pair}) if found else set()
    pairs = [
        Pair(one, two, one.published_at, found=True)
        for one, two in found
        if one.published_at and frozenset({one.pk, two.pk}) not in said
    ]
    return Pairs(pairs[:MOST_ALIKE], len(pairs) > MOST_ALIKE)


def _said_of(projects: Collection[int]) -> set[frozenset[int]]:
    """The pairs among these that somebody reported or asked to merge, whatever came of it."""
    reported = ProjectFlag.objects.filter(project__in=projects, other__in=projects)
    asked = Merge.objects.filter(project__in=projects, into__in=projects)
    rows = reported.order_by().values_list("project", "other")
    return {frozenset(pair) for pair in rows.union(asked.order_by().values_list("project", "into"))}


def unanswered_pairs() -> Pairs:
    """What proposers asked each other and nobody has answered for long, the longest first."""
    asked = _between_listed(MergeState.ASKED).filter(asked_at__lt=Now() - UNANSWERED)
    return _pairs(asked.order_by("asked_at", "pk"))


def declined_pairs() -> Pairs:
    """What proposers declined lately, the last first."""
    declined = _between_listed(MergeState.DECLINED).filter(decided_at__gt=Now() - DECLINED)
    return _pairs(declined.order_by("-decided_at", "-pk"))


def _between_listed(state: MergeState) -> QuerySet[Merge]:
    rows = Merge.objects.filter(
        state=state, project__state__in=LISTED_STATES, into__state__in=LISTED_STATES
    )
    return rows.select_related("project", "into")


def _pairs(rows: QuerySet[Merge]) -> Pairs:
    some = list(rows[: MOST_PAIRS + 1])
    pairs = [Pair(row.project, row.into, row.asked_at, merge=row) for row in some[:MOST_PAIRS]]
    return Pairs(pairs, len(some) > MOST_PAIRS)


def latest_merges() -> QuerySet[Merge]:
    """What stands merged, the newest first, for moderators."""
    agreed = Merge.objects.filter(state=MergeState.AGREED)
    return agreed.select_related("project", "into").order_by("-decided_at", "-pk")
