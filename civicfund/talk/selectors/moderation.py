"""What moderators look through: what waits, narrowed down; what they hid; what one account wrote.

Comments and projects stand in one list: first the keys of a page's rows, then the rows of each
table, however many there are.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import CharField, F, Q, QuerySet, Value

from civicfund.paging import LeanPaginator
from civicfund.people.models import User
from civicfund.places.models import Neighborhood, NeighborhoodQuerySet
from civicfund.projects.access import authored_by
from civicfund.projects.enums import PUBLIC_STATES, ProjectState
from civicfund.projects.models import Project, ProjectFlag, ProjectHiding, ProjectQuerySet
from civicfund.projects.selectors.moderation import flagged_projects, project_appeals_for
from civicfund.talk.enums import SubjectKind
from civicfund.talk.models import Comment, CommentQuerySet, Flag, Hiding
from civicfund.talk.selectors.desks import (
    FLAGGED_PER_PAGE,
    appeals_for,
    flagged_comments,
    flagged_paged,
)

PER_PAGE = 25
COMMENT, PROJECT = "comment", "project"
# When, of which kind, and its key.
Key = tuple[datetime, str, int]

Lying = Callable[[NeighborhoodQuerySet], QuerySet[Any, Any]]
"""The ids of those things of a kind that lie in these places."""

_lying: dict[str, Lying] = {}


def lies_in(kind: SubjectKind, lying: Lying) -> None:
    """Find where things of this kind lie so; others are left out where a place is asked for."""
    _lying[kind] = lying


lies_in(
    SubjectKind.PROJECT,
    lambda places: Project.objects.filter(neighborhood__in=places).order_by().values("pk"),
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list is narrowed to; everything where nothing is said."""

    kind: str = ""
    reason: str = ""
    place: Neighborhood | None = None
    by: int | None = None
    since: datetime | None = None

    @property
    def is_everything(self) -> bool:
        """Whether nothing is left out."""
        return self == Wanted()

    def said_there(self, way: str = "") -> Q:
        """Comments about what lies in the place, which are found by this ``way``."""
        if self.place is None or self.place.parent_id is None:
            return Q()
        places, found = Neighborhood.objects.within(self.place), Q(pk__in=[])
        for kind, lying in _lying.items():
            there = {"kind": kind, "subject_id__in": lying(places)}
            found |= Q(**{f"{way}thread__{name}": value for name, value in there.items()})
        return found

    def lying_there(self, way: str = "") -> Q:
        """Projects in the place, which are found by this ``way``."""
        if self.place is None or self.place.parent_id is None:
            return Q()
        return Q(**{f"{way}neighborhood__in": Neighborhood.objects.within(self.place)})

    def hidden_so(self) -> Q:
        """What was hidden for the reason, by the person, since the instant."""
        found = Q(reason=self.reason) if self.reason else Q()
        if self.by is not None:
            found &= Q(hidden_by=self.by)
        return found & Q(hidden_at__gte=self.since) if self.since else found


def reported_projects(wanted: Wanted) -> ProjectQuerySet:
    """Projects with reports that nobody has looked at, narrowed, the longest waiting first."""
    return flagged_projects().filter(_reported(wanted), wanted.lying_there())


def reported_projects_paged(wanted: Wanted) -> LeanPaginator:
    """The same in pages."""
    flags = ProjectFlag.objects.waiting().order_by().values("project")
    there = Project.objects.public().filter(_reported(wanted), wanted.lying_there(), pk__in=flags)
    return LeanPaginator(reported_projects(wanted), PER_PAGE, count=there.count())


def _reported(wanted: Wanted) -> Q:
    if not wanted.reason:
        return Q()
    flags = ProjectFlag.objects.waiting().filter(reason=wanted.reason).order_by()
    return Q(pk__in=flags.values("project"))


def reported_comments_paged(wanted: Wanted) -> LeanPaginator:
    """Comments with reports that nobody has looked at, narrowed, each with its author, thread and
    parent; the longest waiting first.
    """
    if not (wanted.reason or wanted.place):
        return flagged_paged()
    rows = flagged_comments().filter(wanted.said_there())
    if wanted.reason:
        flags = Flag.objects.waiting().filter(reason=wanted.reason).order_by()
        rows = rows.filter(pk__in=flags.values("comment"))
    whole = rows.select_related("author", "thread", "parent")
    return LeanPaginator(
        rows, FLAGGED_PER_PAGE, count=rows.count(), read=lambda keys: whole.filter(pk__in=keys)
    )


def comment_appeals(moderator: User, wanted: Wanted) -> QuerySet[Hiding]:
    """Appeals for comments that this moderator may decide, narrowed, the longest waiting first."""
    return appeals_for(moderator).filter(wanted.said_there("comment__"), wanted.hidden_so())


def project_appeals(moderator: User, wanted: Wanted) -> QuerySet[ProjectHiding]:
    """The same of projects."""
    return project_appeals_for(moderator).filter(
        wanted.lying_there("project__"), wanted.hidden_so()
    )


def appeals_page(
    moderator: User, wanted: Wanted, number: str | None
) -> tuple[Page[Key], list[Hiding | ProjectHiding]]:
    """A page of the appeals of both kinds, the longest waiting first, and their rows."""
    comments, projects = comment_appeals(moderator, wanted), project_appeals(moderator, wanted)
    parts = [_keys(comments, COMMENT, "appealed_at"), _keys(projects, PROJECT, "appealed_at")]
    listed = parts[0].union(parts[1], all=True).order_by("at", "kind", "key")
    page: Page[Key] = Paginator(listed, PER_PAGE).get_page(number)
    return page, _rows_of(page, {COMMENT: comments, PROJECT: projects})


def hidden_page(
    moderator: User, wanted: Wanted, number: str | None
) -> tuple[Page[Key], list[Hiding | ProjectHiding]]:
    """A page of what moderators hid, the newest first, and its rows; none of what this moderator
    said or writes.
    """
    people = ("hidden_by", "decided_by", "lifted_by")
    comments = Hiding.objects.filter(wanted.said_there("comment__"), wanted.hidden_so())
    projects = ProjectHiding.objects.filter(wanted.lying_there("project__"), wanted.hidden_so())
    own = Project.objects.filter(authored_by(moderator)).order_by()
    comments = comments.exclude(comment__author=moderator)
    projects = projects.exclude(project__in=own.values("pk"))
    parts = [
        _keys(rows, kind, "hidden_at")
        for kind, rows in ((COMMENT, comments), (PROJECT, projects))
        if wanted.kind in ("", kind)
    ]
    listed = parts[0].union(*parts[1:], all=True).order_by("-at", "-kind", "-key")
    page: Page[Key] = Paginator(listed, PER_PAGE).get_page(number)
    whole = {
        COMMENT: comments.select_related("comment__thread", "comment__author", *people),
        PROJECT: projects.select_related("project", *people),
    }
    return page, _rows_of(page, whole)


def who_hid() -> QuerySet[User]:
    """Those who hid anything, by name."""
    comments = Hiding.objects.order_by().values("hidden_by")
    projects = ProjectHiding.objects.order_by().values("hidden_by")
    rows = User.objects.filter(Q(pk__in=comments) | Q(pk__in=projects))
    return rows.only("display_name", "erased_at").order_by("display_name", "pk")


def written_page(author: User, number: str | None) -> tuple[Page[Key], list[Comment | Project]]:
    """A page of what one account says and proposes in public, hidden or not, the newest first."""
    comments = Comment.objects.filter(author=author, deleted_at__isnull=True)
    shown = (*PUBLIC_STATES, ProjectState.HIDDEN)
    projects = Project.objects.filter(proposer=author, state__in=shown)
    parts = [_keys(comments, COMMENT, "created_at"), _keys(projects, PROJECT, "created_at")]
    listed = parts[0].union(parts[1], all=True).order_by("-at", "-kind", "-key")
    page: Page[Key] = Paginator(listed, PER_PAGE).get_page(number)
    whole: dict[str, CommentQuerySet | ProjectQuerySet] = {
        COMMENT: comments.select_related("thread").prefetch_related("hidings"),
        PROJECT: projects.defer("story"),
    }
    return page, _rows_of(page, whole)


def _keys(rows: QuerySet[Any], kind: str, when: str) -> QuerySet[Any, Any]:
    named = rows.order_by().annotate(at=F(when), kind=Value(kind, CharField()), key=F("pk"))
    keys: QuerySet[Any, Any] = named.values_list("at", "kind", "key")
    return keys


def _rows_of(page: Sequence[Key] | Page[Key], tables: dict[str, Any]) -> list[Any]:
    """The rows of a page's keys, in its order: one query for each table."""
    found: dict[tuple[str, int], Any] = {}
    for kind, rows in tables.items():
        keys: Collection[int] = [key for _at, each, key in page if each == kind]
        found |= {(kind, row.pk): row for row in rows.filter(pk__in=keys)} if keys else {}
    return [found[kind, key] for _at, kind, key in page if (kind, key) in found]
