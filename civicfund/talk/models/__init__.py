"""Threads and comments, and what becomes of them."""

from civicfund.talk.models.follows import Fact, Follow, MailPace, News
from civicfund.talk.models.moderation import Flag, Hiding, HidingQuerySet
from civicfund.talk.models.pauses import Pause, PauseQuerySet
from civicfund.talk.models.threads import EDITABLE_FOR, LONGEST, Comment, CommentQuerySet, Thread

__all__ = [
    "EDITABLE_FOR",
    "LONGEST",
    "Comment",
    "CommentQuerySet",
    "Fact",
    "Flag",
    "Follow",
    "Hiding",
    "HidingQuerySet",
    "MailPace",
    "News",
    "Pause",
    "PauseQuerySet",
    "Thread",
]
