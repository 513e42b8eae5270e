"""Flagging, hiding, showing again, and appeals."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from civicfund.audit.services import db_now, record
from civicfund.notices.services import tell, tell_who_gives_roles
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.people.selectors import has_role, people_with
from civicfund.talk.access import Subject, concerning
from civicfund.talk.enums import AppealOutcome, Wrong
from civicfund.talk.models import Comment, Flag, Hiding
from civicfund.talk.selectors.pauses import why_paused
from civicfund.talk.services.errors import TalkError


def flag_comment(comment: Comment, *, by: User, reason: Wrong, words: str = "") -> Flag:
    """Tell the moderators what is wrong with a comment, once. Raises ``TalkError``."""
    if paused := why_paused(by):
        raise TalkError(paused)
    if comment.author_id == by.pk:
        raise TalkError(_("This is your own: you can delete it."))
    if comment.deleted_at or comment.hiding:
        raise TalkError(_("Nobody can read this any more."))
    try:
        with transaction.atomic():
            flag = Flag.objects.create(
                comment=comment, reporter=by, reason=reason, words=words.strip()
            )
            record("comment.flagged", comment, actor=by, flag=flag.pk, reason=reason)
    except IntegrityError as error:
        if "flag_once_per_person" not in str(error):
            raise
        raise TalkError(_("You have told us already.")) from error
    return flag


def dismiss_flags(comment: Comment, subject: Subject, *, by: User, seen: int | None = None) -> int:
    """Find nothing wrong with it; how many flags that answers: those up to the one numbered
    ``seen``, where it is said. What came in since waits. Raises ``TalkError``.
    """
    with transaction.atomic():
        row = _to_judge(comment, subject, by)
        count = _handle(row, seen)
        record("comment.flags_dismissed", row, actor=by, flags=count)
    return count


def hide_comment(
    comment: Comment, subject: Subject, *, by: User, reason: Wrong, words: str = ""
) -> Hiding:
    """Put a tombstone with the reason in a comment's place, and tell its author.

    Raises ``TalkError``.
    """
    with transaction.atomic():
        row = _to_judge(comment, subject, by)
        if row.deleted_at or row.hiding:
            raise TalkError(_("Nobody can read this any more."))
        hiding = Hiding.objects.create(
            comment=row, reason=reason, words=words.strip(), hidden_by=by
        )
        flags = _handle(row)
        record("comment.hidden", row, actor=by, hiding=hiding.pk, reason=reason, flags=flags)
        _tell_author(hiding, subject, "comment_hidden")
    return hiding


def restore_comment(comment: Comment, subject: Subject, *, by: User) -> Hiding:
    """Show a hidden comment again, on a moderator's own thought. Raises ``TalkError``."""
    with transaction.atomic():
        hiding = _hidden(_to_judge(comment, subject, by))
        if hiding.appealed_at:
            raise TalkError(_("Its author has appealed: another moderator decides."))
        _lift(hiding, by)
        record("comment.restored", comment, actor=by, hiding=hiding.pk)
        _tell_author(hiding, subject, "comment_restored")
    return hiding


def appeal_hiding(comment: Comment, subject: Subject, *, by: User, words: str) -> Hiding:
    """Ask for another moderator's look at one's own hidden comment, once. Raises ``TalkError``.

    Where no other moderator may decide, superusers are told.
    """
    with transaction.atomic():
        row = Comment.objects.select_for_update().get(pk=comment.pk)
        if row.author_id != by.pk:
            raise TalkError(_("Only the person who wrote it can do this."))
        hiding = _hidden(row)
        if hiding.appealed_at:
            raise TalkError(_("You have appealed already."))
        if not words.strip():
            raise TalkError(_("Write something first."))
        hiding.appeal_words, hiding.appealed_at = words.strip(), db_now()
        hiding.save(update_fields=["appeal_words", "appealed_at"])
        record("comment.appealed", row, actor=by, hiding=hiding.pk)
        others = people_with(Role.MODERATOR).exclude(pk=hiding.hidden_by_id)
        if all(why_for_another(row, subject, other) for other in others):
            tell_who_gives_roles(hiding, what="comment", title=subject.title)
    return hiding


def decide_appeal(
    comment: Comment, subject: Subject, *, by: User, outcome: AppealOutcome
) -> Hiding:
    """Decide as another moderator than the one who hid it. Raises ``TalkError``."""
    with transaction.atomic():
        hiding = _hidden(_to_judge(comment, subject, by))
        if hiding.appealed_at is None or hiding.decided_at:
            raise TalkError(_("There is no appeal to decide."))
        if hiding.hidden_by_id == by.pk:
            raise TalkError(_("You hid it: another moderator decides."))
        hiding.outcome, hiding.decided_by, hiding.decided_at = outcome, by, db_now()
        if outcome == AppealOutcome.LIFTED:
            hiding.lifted_by, hiding.lifted_at = by, hiding.decided_at
        hiding.save()
        record(f"comment.appeal_{outcome}", comment, actor=by, hiding=hiding.pk)
        lifted = outcome == AppealOutcome.LIFTED
        _tell_author(hiding, subject, "comment_restored" if lifted else "comment_stays_hidden")
    return hiding


def why_for_another(comment: Comment, subject: Subject, by: User) -> str:
    """Why another moderator has to look at a comment, in words for this one; empty where they may:
    nobody judges what they said, nor what was said of what they run or write.
    """
    if comment.author_id == by.pk:
        return _("This is your own: another moderator looks at it.")
    if concerning(by, [subject]):
        return _("This is about something that is yours: another moderator looks at it.")
    return ""


def _to_judge(comment: Comment, subject: Subject, by: User) -> Comment:
    """The comment, locked; only for moderators whom it does not concern."""
    if not has_role(by, Role.MODERATOR):
        raise TalkError(_("Only a moderator can do this."))
    row = Comment.objects.select_for_update().get(pk=comment.pk)
    if refusal := why_for_another(row, subject, by):
        raise TalkError(refusal)
    return row


def _hidden(comment: Comment) -> Hiding:
    """What stands in its place. The caller holds the comment's lock."""
    if comment.hiding is None or comment.deleted_at:
        raise TalkError(_("This is not hidden."))
    return comment.hiding


def _handle(comment: Comment, seen: int | None = None) -> int:
    waiting = Flag.objects.waiting().filter(comment=comment)
    if seen is not None:
        waiting = waiting.filter(pk__lte=seen)
    return waiting.update(handled_at=db_now())


def _lift(hiding: Hiding, by: User) -> None:
    hiding.lifted_by, hiding.lifted_at = by, db_now()
    hiding.save(update_fields=["lifted_by", "lifted_at"])


def _tell_author(hiding: Hiding, subject: Subject, kind: str) -> None:
    author = hiding.comment.author
    if author is not None:
        tell(
            author,
            kind,
            hiding,
            subject=subject.title,
            reason=str(hiding.get_reason_display()),
            words=hiding.words,
            comment_url=hiding.comment.get_absolute_url(),
        )
