"""Threads and comments."""

from civicfund.talk.models.threads import EDITABLE_FOR, LONGEST, Comment, CommentQuerySet, Thread

__all__ = ["EDITABLE_FOR", "LONGEST", "Comment", "CommentQuerySet", "Thread"]
