"""Writing, editing and deleting what one says."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from civicfund.audit.services import db_now, record
from civicfund.notices.services import tell
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.people.selectors import has_role
from civicfund.talk.access import Subject, runs, subject_among, subjects_of
from civicfund.talk.enums import NewsKind, SubjectKind
from civicfund.talk.models import (
    EDITABLE_FOR,
    LONGEST,
    Comment,
    Flag,
    Follow,
    Hiding,
    MailPace,
    News,
    Pause,
    Thread,
)
from civicfund.talk.selectors.pauses import why_paused
from civicfund.talk.services.errors import TalkError
from civicfund.words import seen


def write_comment(
    subject: Subject,
    *,
    by: User,
    body: str,
    parent: Comment | None = None,
    asks_city: bool = False,
    asks_creator: bool = False,
) -> Comment:
    """Say something about the subject, ask the city or a campaign's creator, or answer what
    somebody said; an answer to an answer stands beside it. What those who run
    the campaign or write its project answer to a question to them is the official answer. Raises
    ``TalkError``.
    """
    _check_not_paused(by)
    may_write = subject.may_be_answered if parent else subject.may_be_talked_about
    if not may_write:
        raise TalkError(_("Nothing can be said here now."))
    words = cleaned(body)
    if parent is None:
        _check_asked(subject, by, asks_city=asks_city, asks_creator=asks_creator)
    with transaction.atomic():
        thread, _new = Thread.objects.get_or_create(kind=subject.kind, subject_id=subject.pk)
        top = _answered(parent, thread) if parent else None
        comment = Comment.objects.create(
            thread=thread,
            parent=top,
            author=by,
            body=words,
            asks_city=asks_city and top is None,
            asks_creator=asks_creator and top is None,
            is_official=top is not None and top.asks_creator and runs(by, subject),
        )
        record("comment.written", comment, actor=by, thread=thread.pk)
        _tell_who_is_asked(comment, subject)
        if comment.is_official and top is not None:
            _tell_who_asked("creator_answered", top, comment, subject)
    comment.refresh_from_db()
    return comment


def _check_not_paused(by: User) -> None:
    if paused := why_paused(by):
        raise TalkError(paused)


def _check_asked(subject: Subject, by: User, *, asks_city: bool, asks_creator: bool) -> None:
    if asks_city and asks_creator:
        raise TalkError(_("Ask the city or the creator, one of them."))
    if asks_creator and not subject.has_creator:
        raise TalkError(_("There is no creator to ask here."))
    if asks_creator and runs(by, subject):
        raise TalkError(_("You would ask yourself: you run it, or write its project."))


def _tell_who_is_asked(question: Comment, subject: Subject) -> None:
    if question.asks_creator and subject.owner_id is not None:
        News.objects.create(
            recipient_id=subject.owner_id,
            thread=question.thread,
            comment=question,
            kind=NewsKind.QUESTION,
        )


def _tell_who_asked(kind: str, question: Comment, answer: Comment, subject: Subject) -> None:
    if question.author is not None:
        url = answer.get_absolute_url()
        tell(question.author, kind, answer, subject=subject.title, answer_url=url)


def begin_thread(kind: SubjectKind, pk: int, *, by: User, body: str) -> Comment:
    """The words of something that is nothing but words, such as an update; what people answer to
    it hangs on them. The caller is in a transaction and makes that something.
    """
    words = cleaned(body)
    thread = Thread.objects.create(kind=kind, subject_id=pk)
    comment = Comment.objects.create(thread=thread, author=by, body=words)
    record("comment.written", comment, actor=by, thread=thread.pk)
    return comment


def correct_words(words: Comment, *, by: User, body: str) -> Comment:
    """Say below words what is to be corrected in them, marked so: they stay as they are. The caller
    knows that this person may. Raises ``TalkError``.
    """
    said = cleaned(body)
    with transaction.atomic():
        held = Comment.objects.select_for_update().get(pk=words.pk)
        if held.hiding:
            raise TalkError(_("The moderators have hidden this: whoever wrote it can appeal."))
        correction = Comment.objects.create(
            thread_id=held.thread_id, parent=held, author=by, body=said, is_official=True
        )
        record("comment.corrected", held, actor=by, correction=correction.pk)
    correction.refresh_from_db()
    return correction


def answer_for_city(question: Comment, subject: Subject, *, by: User, body: str) -> Comment:
    """Answer a question as the city, marked so, and tell whoever asked. Raises ``TalkError``."""
    if not has_role(by, Role.SPOKESPERSON):
        raise TalkError(_("Only a spokesperson answers for the city."))
    _check_not_paused(by)
    words = cleaned(body)
    with transaction.atomic():
        asked = Comment.objects.select_for_update().get(pk=question.pk)
        if not asked.asks_city or asked.deleted_at or asked.hiding:
            raise TalkError(_("This is no question to the city any more."))
        answer = Comment.objects.create(
            thread_id=asked.thread_id, parent=asked, author=by, body=words, is_official=True
        )
        record("comment.answered_for_city", asked, actor=by, answer=answer.pk)
        _tell_who_asked("question_answered", asked, answer, subject)
    answer.refresh_from_db()
    return answer


def edit_comment(comment: Comment, *, by: User, body: str) -> Comment:
    """Say it in other words, within a quarter of an hour. Raises ``TalkError``."""
    _check_not_paused(by)
    words = cleaned(body)
    with transaction.atomic():
        own = _locked(comment, by)
        if own.hiding:
            raise TalkError(_("The moderators have hidden this: you can appeal."))
        _check_still_of_team(own, by)
        now = db_now()
        if now > own.created_at + EDITABLE_FOR:
            raise TalkError(_("It is too late to edit this: answer it, or delete it."))
        if words != own.body:
            own.body, own.edited_at = words, now
            own.save(update_fields=["body", "edited_at"])
            record("comment.edited", own, actor=by)
    return own


def _check_still_of_team(own: Comment, by: User) -> None:
    """``TalkError`` for an update, or its correction, of somebody who has left the team since."""
    is_told = own.thread.kind == SubjectKind.UPDATE and (own.parent_id is None or own.is_official)
    if is_told and not runs(by, subject_among(subjects_of(by, [own]), own)):
        raise TalkError(_("You are of its team no more: its creator can correct it."))


def delete_comment(comment: Comment, *, by: User) -> Comment:
    """Take back what one said: the words are gone, their place in the thread stays."""
    with transaction.atomic():
        own = _locked(comment, by)
        if own.is_of_an_update or own.is_correction:
            raise TalkError(_("An update and its corrections stay. Correct it once more."))
        own.body, own.deleted_at = "", db_now()
        own.save(update_fields=["body", "deleted_at"])
        record("comment.deleted", own, actor=by)
    return own


def forget_author(person: User) -> None:
    """Of somebody who is erased: what they said keeps its place and no longer names them; what they
    followed and were told is gone.
    """
    with transaction.atomic():
        Hiding.objects.filter(comment__author=person).update(appeal_words="")
        Pause.objects.filter(person=person).update(appeal_words="")
        Comment.objects.filter(author=person).update(author=None)
        Flag.objects.filter(reporter=person).update(reporter=None, words="")
        Follow.objects.filter(user=person).delete()
        News.objects.filter(recipient=person).delete()
        MailPace.objects.filter(user=person).delete()


def _locked(comment: Comment, by: User) -> Comment:
    """One's own comment as it is now, locked."""
    own = Comment.objects.select_for_update().get(pk=comment.pk)
    if own.author_id != by.pk:
        raise TalkError(_("Only the person who wrote it can do this."))
    if own.deleted_at:
        raise TalkError(_("This was deleted."))
    return own


def _answered(parent: Comment, thread: Thread) -> Comment:
    """What an answer hangs on: the comment itself, or the one that it answers in turn."""
    top = parent.parent or parent
    if top.thread_id != thread.pk:
        raise TalkError(_("This stands in another thread."))
    return top


def cleaned(body: str) -> str:
    """The words without what cannot be seen. Raises ``TalkError`` for none left, or too many."""
    plain = seen(body)
    if not plain:
        raise TalkError(_("Write something first."))
    if len(plain) > LONGEST:
        raise TalkError(_("No more than %(most)s characters, please.") % {"most": LONGEST})
    return plain
