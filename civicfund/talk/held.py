"""What talk holds of a person."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from civicfund.holdings import columns, erases, holds, leaves_out
from civicfund.talk.models import Comment, Flag, Follow, Hiding, MailPace, News, Pause
from civicfund.talk.services import forget_author


def declare() -> None:
    """Say it."""
    erases(forget_author)
    subject = "thread__kind thread__subject_id"
    holds(
        "comments", _("What you said"), Comment, "author",
        columns(
            f"id {subject} body asks_city asks_creator is_official created_at edited_at deleted_at"
        ),
    )  # fmt: skip
    holds(
        "hidden_comments", _("What moderators hid of it, and your appeals"), Hiding,
        "comment__author", columns("comment_id reason hidden_at appeal_words appealed_at outcome"),
    )  # fmt: skip
    holds(
        "reports_of_comments", _("Comments that you reported"), Flag, "reporter",
        columns("comment_id reason words"),
    )  # fmt: skip
    holds(
        "pauses", _("When moderators paused your writing, and your appeals"), Pause, "person",
        columns("reason words paused_at until appeal_words appealed_at outcome lifted_at"),
    )  # fmt: skip
    holds("follows", _("What you follow"), Follow, "user", columns(f"{subject} created_at"))
    holds(
        "notices", _("What you were told in the site"), News, "recipient",
        columns(f"kind {subject} created_at read_at mailed_at"),
    )  # fmt: skip
    holds("mail_pace", _("How often you want mail"), MailPace, "user", columns("pace"))
    leaves_out(
        _("Done as a moderator to somebody else's comment; it stands among your acts."),
        "talk.Hiding.hidden_by",
        "talk.Hiding.decided_by",
        "talk.Hiding.lifted_by",
    )
    leaves_out(
        _("Done as a moderator to somebody else; it stands among your acts."),
        "talk.Pause.paused_by",
        "talk.Pause.decided_by",
        "talk.Pause.lifted_by",
    )
