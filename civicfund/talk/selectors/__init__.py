"""Reading threads."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import (
    CharField,
    Count,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Value,
    Window,
)
from django.db.models.functions import Cast, Concat, Now, RowNumber
from django.urls import reverse

from civicfund.audit.models import Event
from civicfund.notices.enums import Topic
from civicfund.notices.models import OptOut
from civicfund.people.models import User
from civicfund.prepared import Prepared
from civicfund.talk.enums import Pace, SubjectKind
from civicfund.talk.models import (
    Comment,
    CommentQuerySet,
    Fact,
    Follow,
    Hiding,
    MailPace,
    News,
    Thread,
)

PER_PAGE = 50
# Under what it is about: each brings its answers along.
COMMENTS_PER_PAGE = 20
REPLIES_SHOWN = 10


@dataclass(slots=True)
class Branch:
    """A comment with its newest answers, oldest first, and how many there are in all."""

    comment: Comment
    replies: list[Comment] = field(default_factory=list)
    reply_count: int = 0

    @property
    def more(self) -> int:
        """How many answers stand only on the comment's own page."""
        return self.reply_count - len(self.replies)


def _comments_of(thread: Thread) -> CommentQuerySet:
    """What was said first, newest first; the answers hang on it."""
    return thread.comments.filter(parent__isnull=True).written().order_by("-id")


def page_of(thread: Thread | None, number: str | int) -> Page[Comment]:
    """A page of the thread, each with ``answered``. Raises ``InvalidPage``."""
    rows: CommentQuerySet | list[Comment] = _comments_of(thread) if thread else []
    page: Page[Comment] = Paginator(rows, COMMENTS_PER_PAGE).page(number)
    comments = list(page.object_list)
    _say_what_is_answered(comments)
    page.object_list = comments
    return page


def newest_of(thread: Thread | None) -> tuple[list[Comment], bool]:
    """The first page of the thread, and whether it has another. Nothing is counted."""
    rows = _newest(thread.pk) if thread else []
    comments = rows[:COMMENTS_PER_PAGE]
    for comment in comments:
        comment.thread = thread  # type: ignore[assignment]  # without one there are none
    _say_what_is_answered(comments)
    _read_hidings(comments)
    return comments, len(rows) > len(comments)


@Prepared
def _newest(thread: int) -> CommentQuerySet:
    rows = Comment.objects.filter(thread=thread, parent__isnull=True).select_related("author")
    return rows.order_by("-id")[: COMMENTS_PER_PAGE + 1]


def _say_what_is_answered(comments: Iterable[Comment]) -> None:
    asked = [comment.pk for comment in comments if comment.asks_city or comment.asks_creator]
    answered = set(_answered(asked)) if asked else set()
    for comment in comments:
        comment.answered = comment.pk in answered  # type: ignore[attr-defined]  # as annotated


@Prepared
def _answered(asked: Collection[int]) -> QuerySet[Comment, int | None]:
    official = Comment.objects.official_answers().filter(parent__in=asked)
    return official.values_list("parent", flat=True)


def _read_hidings(comments: Collection[Comment]) -> None:
    standing = _standing([comment.pk for comment in comments]) if comments else []
    hidings = {hiding.comment_id: hiding for hiding in standing}
    for comment in comments:
        comment.hiding_read = hidings.get(comment.pk)


@Prepared
def _standing(comments: Collection[int]) -> QuerySet[Hiding]:
    return Hiding.objects.standing().filter(comment__in=comments)


def with_replies(comments: Iterable[Comment]) -> list[Branch]:
    """Each comment with its newest answers, those of the city among them; a few queries in all."""
    branches = {comment.pk: Branch(comment) for comment in comments}
    for parent, reply_count in _reply_counts(branches).items():
        branches[parent].reply_count = reply_count
    talked_about = [pk for pk, branch in branches.items() if branch.reply_count]
    if not talked_about:
        return list(branches.values())
    if any(branch.reply_count > REPLIES_SHOWN for branch in branches.values()):
        replies = _newest_replies(talked_about)
    else:
        replies = _replies(talked_about)
    for reply in replies:
        branch = branches[reply.parent_id or 0]
        reply.parent, reply.thread = branch.comment, branch.comment.thread
        branch.replies.append(reply)
    _read_hidings(replies)
    return list(branches.values())


@Prepared
def _replies(parents: Collection[int]) -> CommentQuerySet:
    rows = Comment.objects.filter(parent__in=parents).select_related("author")
    return rows.order_by("id")


@Prepared
def _newest_replies(parents: Collection[int]) -> CommentQuerySet:
    rows = Comment.objects.filter(parent__in=parents).select_related("author")
    nth = Window(RowNumber(), partition_by="parent", order_by=F("id").desc())
    shown = Q(nth__lte=REPLIES_SHOWN) | Q(is_official=True)
    return rows.annotate(nth=nth).filter(shown).order_by("id")


def _reply_counts(comments: Collection[int]) -> dict[int, int]:
    """How many answers those of the comments have that have any."""
    return dict(_counted_replies(comments)) if comments else {}


@Prepared
def _counted_replies(comments: Collection[int]) -> QuerySet[Comment, Any]:
    rows = Comment.objects.filter(parent__in=comments).order_by()
    return rows.values_list("parent").annotate(Count("pk"))


def replies_page(comment: Comment, number: str | int) -> Page[Comment]:
    """A page of the answers to a comment, oldest first. Raises ``InvalidPage``."""
    answers = Comment.objects.filter(parent=comment).whole().order_by("id")
    return Paginator(answers, PER_PAGE).page(number)


def place_of(answer: Comment) -> str:
    """The address of an answer: its page of the answers to the comment, and its place there."""
    before = Comment.objects.filter(parent=answer.parent_id, id__lt=answer.pk).count()
    page = f"?page={before // PER_PAGE + 1}" if before >= PER_PAGE else ""
    return f"{reverse('comment', args=[answer.parent_id])}{page}#{answer.anchor}"


def questions_to_city(about: Q) -> CommentQuerySet:
    """Those in such threads: first what nobody has answered for the city (``answered`` says so),
    then the newest.
    """
    answers = Comment.objects.official_answers().filter(parent=OuterRef("pk"))
    asked = Comment.objects.shown().filter(about, asks_city=True)
    return asked.annotate(answered=Exists(answers)).order_by("answered", "-created_at", "-pk")


def questions_to_creator(campaign: int) -> CommentQuerySet:
    """What a campaign's creator was asked and has not answered, the oldest first."""
    here = Comment.objects.filter(thread__kind=SubjectKind.CAMPAIGN, thread__subject_id=campaign)
    return here.open_to_creator().whole().order_by("created_at", "pk")


def news_of(person: User | int) -> QuerySet[News]:
    """What somebody was told, newest first, without what is hidden or deleted by now."""
    stands = Q(comment__isnull=True) | Q(comment__in=Comment.objects.shown())
    told = News.objects.filter(stands, recipient=person)
    return told.select_related("thread", "comment__author").order_by("-id")


# What happened before is not news any more, whoever was not told of it.
NEWS_FOR = timedelta(days=7)


def source_of(event: Event) -> str:
    """The name of the fact that an event tells of."""
    return f"event:{event.pk}"


def is_told(kind: str) -> Exists:
    """Whether a row's fact of this kind, named ``kind:pk``, was told."""
    source = Concat(Value(f"{kind}:"), Cast(OuterRef("pk"), CharField()))
    return Exists(Fact.objects.filter(source=source))


def untold_events(rows: QuerySet[Any], verbs: Collection[str]) -> QuerySet[Event]:
    """Moves of these rows to new states that nobody was told of yet, the oldest first."""
    keys = rows.order_by().annotate(key=Cast("pk", CharField())).values("key")
    lately = Event.objects.filter(
        target_type=rows.model._meta.label_lower,
        target_id__in=keys,
        verb__in=verbs,
        at__gt=Now() - NEWS_FOR,
        data__has_key="old",
    )
    return lately.filter(~is_told("event")).order_by("pk")


def untold(*, minutes: int) -> int:
    """How many comments were written so long ago, and nobody was told of them."""
    late = Now() - timedelta(minutes=minutes)
    return Comment.objects.filter(gathered_at__isnull=True, created_at__lte=late).count()


def unread_count(person: User) -> int:
    """How much of it they have not read."""
    return _unread.count(person.pk)


@Prepared
def _unread(person: int) -> QuerySet[News]:
    return news_of(person).filter(read_at__isnull=True)


def followed_by(person: User | int) -> QuerySet[Thread]:
    """What somebody follows, the newest first."""
    return Thread.objects.filter(follows__user=person).order_by("-follows__id")


def follows(person: User, kind: str, pk: int) -> bool:
    """Whether somebody follows this subject."""
    return bool(_follows(person.pk, kind, pk))


@Prepared
def _follows(person: int, kind: str, subject: int) -> QuerySet[Follow, int]:
    here = Follow.objects.filter(thread__kind=kind, thread__subject_id=subject, user=person)
    return here.values_list("pk", flat=True)[:1]


def pace_of(person: User) -> Pace:
    """How often mail about it comes; never, where the link in such a mail has ended it."""
    if OptOut.objects.filter(user=person, topic=Topic.FOLLOWING).exists():
        return Pace.NEVER
    said = MailPace.objects.filter(user=person).first()
    return Pace(said.pace) if said else Pace.DAILY
