"""What waits at the desks of moderators and of the city; what moderators did, in counts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.core.cache import cache
from django.db.models import Count, DateField, Exists, Min, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import TruncMonth
from django.utils import timezone
from django.utils.functional import Promise, SimpleLazyObject
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from civicfund.audit.models import Event
from civicfund.audit.selectors import events_of
from civicfund.paging import LeanPaginator
from civicfund.people.models import User
from civicfund.prepared import Prepared
from civicfund.projects.enums import PUBLIC_STATES
from civicfund.projects.models import Project, ProjectFlag, ProjectHiding, Veil
from civicfund.projects.selectors.moderation import MOST_ON_DESK
from civicfund.talk.enums import AppealOutcome, PauseOutcome, SubjectKind, Wrong
from civicfund.talk.models import Comment, CommentQuerySet, Flag, Hiding, Pause

# As many as somebody judges in one go.
FLAGGED_PER_PAGE = 12
QUESTIONS_PER_PAGE = 20
# How old the counts of moderation may be that anybody reads.
COUNTS_KEPT = timedelta(minutes=1)


def told_to_staff(comment: Comment) -> QuerySet[Event]:
    """What happened to it, newest first, except who reported it."""
    return events_of(comment).exclude(verb="comment.flagged")


def flagged_comments() -> CommentQuerySet:
    """Comments with flags that nobody has looked at, the longest waiting first; ``waiting`` counts.

    What is deleted or hidden by now does not wait.
    """
    waiting = Flag.objects.filter(handled_at__isnull=True).order_by()
    of_one = waiting.filter(comment=OuterRef("pk")).values("comment")
    rows = Comment.objects.shown().filter(pk__in=waiting.values("comment"))
    counted = rows.annotate(
        waiting=Subquery(of_one.annotate(found=Count("pk")).values("found")),
        since=Subquery(of_one.annotate(found=Min("created_at")).values("found")),
    )
    return counted.order_by("since", "pk")


def flagged_paged() -> LeanPaginator:
    """The same in pages, each with its author, thread and parent."""
    rows: Any = SimpleLazyObject(flagged_comments)
    return LeanPaginator(
        rows,
        FLAGGED_PER_PAGE,
        count=_flagged.count(),
        read=_flagged_on,
        first=_first_flagged,
    )


@Prepared
def _flagged() -> CommentQuerySet:
    return flagged_comments()


@Prepared
def _first_flagged() -> QuerySet[Comment, int]:
    return flagged_comments().values_list("pk", flat=True)[:FLAGGED_PER_PAGE]


@Prepared
def _flagged_on(keys: Collection[int]) -> CommentQuerySet:
    rows = flagged_comments().filter(pk__in=keys)
    return rows.select_related("author", "thread", "parent")


def last_flag() -> int:
    """The number of the newest flag of any comment; 0 where there is none."""
    return _newest_flag.first() or 0


@Prepared
def _newest_flag() -> QuerySet[Flag, int]:
    return Flag.objects.order_by("-pk").values_list("pk", flat=True)[:1]


def appeals_for(moderator: User | int) -> QuerySet[Hiding]:
    """Appeals that this moderator may decide: of what somebody else hid and somebody else wrote."""
    others = Hiding.objects.appealed().exclude(hidden_by=moderator)
    mine = Q(comment__author=moderator)
    return others.exclude(mine).select_related("comment__thread", "comment__author", "hidden_by")


@Prepared
def first_appeals(moderator: int) -> QuerySet[Hiding]:
    """Those of ``appeals_for`` that stand on a desk, and one that says that there are more."""
    return appeals_for(moderator)[: MOST_ON_DESK + 1]


def open_questions() -> CommentQuerySet:
    """Questions to the city that nobody has answered for it, the oldest first.

    One about a project that was withdrawn does not wait: nobody would read the answer.
    """
    public = Project.objects.filter(pk=OuterRef("thread__subject_id"), state__in=PUBLIC_STATES)
    read = ~Q(thread__kind=SubjectKind.PROJECT) | Exists(public)
    return Comment.objects.open_questions().filter(read).order_by("created_at", "pk")


def questions_paged() -> LeanPaginator:
    """The same in pages, each with its thread."""
    return LeanPaginator(
        open_questions(), QUESTIONS_PER_PAGE, count=_open.count(), read=_open_on, first=_first_open
    )


@Prepared
def _open() -> CommentQuerySet:
    return open_questions()


@Prepared
def _first_open() -> QuerySet[Comment, int]:
    return open_questions().values_list("pk", flat=True)[:QUESTIONS_PER_PAGE]


@Prepared
def _open_on(keys: Collection[int]) -> CommentQuerySet:
    return Comment.objects.filter(pk__in=keys).select_related("thread")


@dataclass(frozen=True, slots=True)
class Counted:
    """What is public of moderation: rows of a table, by the month of one of their instants."""

    label: Promise | str
    rows: Callable[[], QuerySet[Any]]  # rows of several tables
    when: str


def _hidden(reason: Wrong) -> Counted:
    why = format_lazy(_("Hidden: {why}"), why=reason.label)
    return Counted(why, lambda: Hiding.objects.filter(reason=reason), "hidden_at")


def _project_hidden(reason: Wrong) -> Counted:
    why = format_lazy(_("Projects hidden: {why}"), why=reason.label)
    return Counted(why, lambda: ProjectHiding.objects.filter(reason=reason), "hidden_at")


# By its name in the file.
COUNTED: dict[str, Counted] = {
    "comments": Counted(_("Comments"), Comment.objects.all, "created_at"),
    "flags": Counted(_("Reports"), Flag.objects.all, "created_at"),
    "hidden": Counted(_("Hidden"), Hiding.objects.all, "hidden_at"),
    "shown_again": Counted(_("Shown again"), Hiding.objects.all, "lifted_at"),
    "appeals": Counted(_("Appeals"), Hiding.objects.all, "appealed_at"),
    "upheld": Counted(
        _("Appeals refused"),
        lambda: Hiding.objects.filter(outcome=AppealOutcome.UPHELD),
        "decided_at",
    ),
    **{f"hidden_{reason.value}": _hidden(reason) for reason in Wrong},
    "project_flags": Counted(_("Reports of projects"), ProjectFlag.objects.all, "created_at"),
    "projects_hidden": Counted(_("Projects hidden"), ProjectHiding.objects.all, "hidden_at"),
    "projects_shown_again": Counted(
        _("Projects shown again"), ProjectHiding.objects.all, "lifted_at"
    ),
    "project_appeals": Counted(_("Appeals for projects"), ProjectHiding.objects.all, "appealed_at"),
    "projects_upheld": Counted(
        _("Appeals for projects refused"),
        lambda: ProjectHiding.objects.filter(outcome=AppealOutcome.UPHELD),
        "decided_at",
    ),
    "parts_taken_down": Counted(_("Versions and files taken down"), Veil.objects.all, "veiled_at"),
    **{f"projects_hidden_{reason.value}": _project_hidden(reason) for reason in Wrong},
    "pauses": Counted(_("Accounts paused"), Pause.objects.all, "paused_at"),
    "pauses_ended": Counted(_("Pauses ended before their time"), Pause.objects.all, "lifted_at"),
    "pause_appeals": Counted(_("Appeals against pauses"), Pause.objects.all, "appealed_at"),
    "pauses_upheld": Counted(
        _("Appeals against pauses refused"),
        lambda: Pause.objects.filter(outcome=PauseOutcome.UPHELD),
        "decided_at",
    ),
}


def count_too(more: Mapping[str, Counted]) -> None:
    """Let an app that stands above say what it moderates; it comes behind what is there."""
    COUNTED.update(more)


def months_of_moderation() -> list[tuple[date, list[int]]]:
    """The counts of ``COUNTED`` for each month of the last year that has any, newest first.

    They are ``COUNTS_KEPT`` old at most: every comment of a year is counted for them.
    """
    kept: list[tuple[date, list[int]]] | None = cache.get_or_set(
        "months_of_moderation", _months_of_moderation, COUNTS_KEPT.seconds
    )
    return kept or []


def _months_of_moderation() -> list[tuple[date, list[int]]]:
    first = _first_month()
    months: dict[date, list[int]] = {}
    for place, each in enumerate(COUNTED.values()):
        for month, count in _by_month(each.rows(), each.when, first):
            months.setdefault(month, [0] * len(COUNTED))[place] = count
    return sorted(months.items(), reverse=True)


def _first_month() -> date:
    today = timezone.localdate()
    return today.replace(year=today.year - 1, day=1)


def _by_month(rows: QuerySet[Any], when: str, first: date) -> list[tuple[date, int]]:
    """How many rows fall into each month since the first, by the town's clock."""
    since = timezone.make_aware(datetime.combine(first, time()))
    counted = (
        rows.filter(**{f"{when}__gte": since})
        .annotate(month=TruncMonth(when, output_field=DateField()))
        .values("month")
        .order_by()
        .annotate(count=Count("pk"))
    )
    return [(row["month"], row["count"]) for row in counted]
