"""Writing, answering, editing and deleting: what is kept, and what is refused."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone

from civicfund.audit.models import Event
from civicfund.projects.enums import ProjectState
from civicfund.talk.models import LONGEST, Comment, Thread
from civicfund.talk.services import (
    TalkError,
    delete_comment,
    edit_comment,
    forget_author,
    write_comment,
)
from tests.factories.people import UserFactory
from tests.factories.projects import ProjectFactory
from tests.factories.talk import CommentFactory, ThreadFactory, about, subject_of

pytestmark = pytest.mark.django_db

QUARTER = timedelta(minutes=15)


def say(project=None, by=None, body="A bench would be good.", **more):
    return write_comment(
        about(project or ProjectFactory()), by=by or UserFactory(), body=body, **more
    )


def grow_old(comment, by=QUARTER + timedelta(seconds=1)):
    Comment.objects.filter(pk=comment.pk).update(created_at=timezone.now() - by)


def words_of(comment):
    return Comment.objects.get(pk=comment.pk).body


def test_what_is_said_stands_in_the_thread_of_its_subject():
    project, person = ProjectFactory(), UserFactory()
    first, second = say(project, person), say(project)
    assert first.thread == second.thread == Thread.objects.get()
    assert (first.thread.kind, first.thread.subject_id) == ("project", project.pk)
    assert (first.author, first.body, first.parent) == (person, "A bench would be good.", None)
    event = Event.objects.get(verb="comment.written", target_id=first.pk)
    assert (event.actor, event.data) == (person, {"thread": first.thread_id})


def test_an_answer_to_an_answer_stands_beside_it():
    first = say()
    answer = write_comment(subject_of(first), by=UserFactory(), body="Yes.", parent=first)
    further = write_comment(subject_of(first), by=UserFactory(), body="No.", parent=answer)
    assert (answer.parent, further.parent) == (first, first)


def test_an_answer_belongs_to_the_thread_of_what_it_answers():
    first = say()
    with pytest.raises(TalkError, match="another thread"):
        say(parent=first)
    assert Comment.objects.count() == 1


@pytest.mark.parametrize("state", [ProjectState.DRAFT, ProjectState.WITHDRAWN])
def test_nothing_is_said_about_what_is_not_public(state):
    project = ProjectFactory(state=state)
    with pytest.raises(TalkError, match="here now"):
        say(project, project.proposer)
    assert not Thread.objects.exists()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("  one\r\n\r\ntwo ", "one\n\ntwo"),
        ("a\u202eb\u0000c\u200b", "abc"),
        ("👩\u200d🌾", "👩\u200d🌾"),
    ],
)
def test_what_cannot_be_seen_is_left_out(body, words):
    assert say(body=body).body == words


@pytest.mark.parametrize(("body", "why"), [(" \u200b\n", "Write something"), ("a" * 4001, "4000")])
def test_nothing_and_too_much_are_refused(body, why):
    with pytest.raises(TalkError, match=why):
        say(body=body)
    assert not Comment.objects.exists()


def test_an_edit_shows_and_one_that_changes_nothing_does_not():
    comment = say()
    assert edit_comment(comment, by=comment.author, body=comment.body).edited_at is None
    edited = edit_comment(comment, by=comment.author, body="Two benches.")
    assert (words_of(comment), edited.edited_at is None) == ("Two benches.", False)
    assert Event.objects.filter(verb="comment.edited").count() == 1


def test_after_a_quarter_of_an_hour_it_stays_as_it_is():
    comment = say()
    grow_old(comment, QUARTER - timedelta(seconds=30))
    edit_comment(comment, by=comment.author, body="In time.")
    grow_old(late := say())
    with pytest.raises(TalkError, match="too late"):
        edit_comment(late, by=late.author, body="Too late.")
    assert (words_of(comment), words_of(late)) == ("In time.", "A bench would be good.")


def test_nobody_edits_or_deletes_what_another_said():
    comment = say()
    for act in (
        lambda by: edit_comment(comment, by=by, body="x"),
        lambda by: delete_comment(comment, by=by),
    ):
        with pytest.raises(TalkError, match="Only the person"):
            act(UserFactory())
    assert words_of(comment) == "A bench would be good."


def test_a_deleted_comment_leaves_its_place_and_no_words():
    comment = say()
    answer = write_comment(subject_of(comment), by=UserFactory(), body="Yes.", parent=comment)
    grow_old(comment)
    delete_comment(comment, by=comment.author)
    left = Comment.objects.get(pk=comment.pk)
    assert (left.body, left.deleted_at is None, left.replies.get()) == ("", False, answer)
    for act in (
        lambda: delete_comment(left, by=left.author),
        lambda: edit_comment(left, by=left.author, body="x"),
    ):
        with pytest.raises(TalkError, match="was deleted"):
            act()


def test_of_somebody_who_is_erased_the_words_stay_and_the_name_goes():
    comment, other = say(), say()
    forget_author(comment.author)
    left = Comment.objects.get(pk=comment.pk)
    assert (left.author, left.body) == (None, "A bench would be good.")
    assert Comment.objects.get(pk=other.pk).author == other.author


def refused(name):
    return pytest.raises((IntegrityError, DatabaseError), match=name)


def test_the_tables_refuse_an_answer_to_an_answer_and_one_in_another_thread():
    answer = CommentFactory(parent=(first := CommentFactory()), thread=first.thread)
    for wrong in (
        {"parent": answer, "thread": first.thread},
        {"parent": first, "thread": ThreadFactory()},
    ):
        with refused("hangs on a first comment"), transaction.atomic():
            CommentFactory(**wrong)
    other = CommentFactory(thread=first.thread)
    with refused("stays where it is"), transaction.atomic():
        Comment.objects.filter(pk=first.pk).update(parent=other)
    assert Comment.objects.count() == 3


def test_the_tables_refuse_other_words_once_the_minutes_are_over():
    comment = CommentFactory()
    grow_old(comment)
    with refused("stays as it is"), transaction.atomic():
        Comment.objects.filter(pk=comment.pk).update(body="Never said.")
    with refused("comment_edited_in_time"), transaction.atomic():
        Comment.objects.filter(pk=comment.pk).update(edited_at=timezone.now())
    assert words_of(comment) == "A bench would be good."


def test_the_tables_refuse_words_that_are_deleted_and_come_back():
    comment = CommentFactory()
    for wrong in ({"body": ""}, {"deleted_at": timezone.now()}):
        with refused("comment_empty_iff_deleted"), transaction.atomic():
            Comment.objects.filter(pk=comment.pk).update(**wrong)
    delete_comment(comment, by=comment.author)
    with refused("stays as it is"), transaction.atomic():
        Comment.objects.filter(pk=comment.pk).update(body="Again.", deleted_at=None)


def test_the_tables_refuse_a_flood_of_words_an_unknown_kind_and_a_second_thread():
    with refused("comment_not_too_long"), transaction.atomic():
        CommentFactory(body="a" * (LONGEST + 1))
    with refused("thread_kind_known"), transaction.atomic():
        ThreadFactory(kind="ballot")
    thread = ThreadFactory()
    with refused("thread_of_subject"), transaction.atomic():
        Thread.objects.create(kind=thread.kind, subject_id=thread.subject_id)
