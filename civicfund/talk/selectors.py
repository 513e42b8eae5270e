"""Reading threads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.core.paginator import Page, Paginator
from django.db.models import Count, F, Window
from django.db.models.functions import RowNumber

from civicfund.talk.models import Comment, CommentQuerySet, Thread

PER_PAGE = 50
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


def comments_of(thread: Thread | None) -> CommentQuerySet:
    """What was said first, newest first; the answers hang on it."""
    comments = Comment.objects.filter(thread=thread) if thread else Comment.objects.none()
    return comments.filter(parent__isnull=True).whole().order_by("-id")


def page_of(thread: Thread | None, number: str | int) -> Page[Comment]:
    """A page of the thread. Raises ``InvalidPage``."""
    return Paginator(comments_of(thread), PER_PAGE).page(number)


def with_replies(comments: Iterable[Comment]) -> list[Branch]:
    """Each comment with its newest answers; one query, however many there are."""
    branches = {comment.pk: Branch(comment) for comment in comments}
    answers = Window(RowNumber(), partition_by="parent", order_by=F("id").desc())
    newest = (
        Comment.objects.filter(parent__in=branches)
        .whole()
        .annotate(nth=answers, reply_count=Window(Count("*"), partition_by="parent"))
        .filter(nth__lte=REPLIES_SHOWN)
        .order_by("id")
    )
    for reply in newest:
        branch = branches[reply.parent_id or 0]
        branch.replies.append(reply)
        branch.reply_count = reply.reply_count  # type: ignore[attr-defined]  # annotated
    return list(branches.values())


def replies_page(comment: Comment, number: str | int) -> Page[Comment]:
    """A page of the answers to a comment, oldest first. Raises ``InvalidPage``."""
    answers = Comment.objects.filter(parent=comment).whole().order_by("id")
    return Paginator(answers, PER_PAGE).page(number)
