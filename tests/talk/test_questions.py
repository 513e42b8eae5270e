"""Questions to the city: asked by anybody, answered by spokespeople, listed while they are open."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from civicfund.notices.models import Message
from civicfund.people.enums import Role
from civicfund.people.services import grant_role
from civicfund.projects.models import Project
from civicfund.projects.services import withdraw_project
from civicfund.talk.models import Comment
from civicfund.talk.selectors import REPLIES_SHOWN
from civicfund.talk.selectors.desks import open_questions
from civicfund.talk.services import (
    TalkError,
    answer_for_city,
    delete_comment,
    restore_comment,
    write_comment,
)
from tests.factories.people import UserFactory
from tests.factories.talk import CommentFactory, subject_of
from tests.signing_in import sign_in_with_second_factor
from tests.talk.test_moderating import hide, moderator

pytestmark = pytest.mark.django_db


def spokesperson():
    user = UserFactory()
    grant_role(user, Role.SPOKESPERSON, by=None)
    return user


@pytest.fixture
def question():
    return CommentFactory(body="Who waters the trees?", asks_city=True)


def answer(question, by=None, body="We do, twice a week."):
    return answer_for_city(question, subject_of(question), by=by or spokesperson(), body=body)


def is_open(question):
    return question in open_questions()


def test_anybody_asks_and_a_spokesperson_answers_for_the_city(question):
    write_comment(subject_of(question), by=UserFactory(), body="Not me.", parent=question)
    assert is_open(question)
    given = answer(question)
    assert (given.is_official, given.parent) == (True, question)
    assert not is_open(question)
    told = Message.objects.get()
    assert (told.kind, told.recipient) == ("question_answered", question.author)


def test_an_answer_that_is_hidden_or_deleted_leaves_the_question_open(question):
    given = answer(question)
    hide(given)
    assert is_open(question)
    restore_comment(given, subject_of(given), by=moderator())
    assert not is_open(question)
    delete_comment(given, by=given.author)
    assert is_open(question)


def test_nobody_else_answers_for_the_city(question):
    for by in (UserFactory(), question.author, moderator()):
        with pytest.raises(TalkError, match="Only a spokesperson"):
            answer(question, by)
    assert Comment.objects.count() == 1


def test_only_a_question_that_stands_is_answered(question):
    gone, hidden = (CommentFactory(asks_city=True) for _ in range(2))
    delete_comment(gone, by=gone.author)
    hide(hidden)
    for each in (CommentFactory(), gone, hidden):
        with pytest.raises(TalkError, match="no question"):
            answer(each)
        assert not is_open(each)
    assert not Comment.objects.filter(is_official=True).exists()


def test_an_answer_asks_nothing(question):
    subject = subject_of(question)
    further = write_comment(
        subject, by=UserFactory(), body="And in May?", parent=question, asks_city=True
    )
    assert not further.asks_city


def test_the_tables_refuse_a_question_that_answers_and_an_answer_to_nothing(question):
    for wrong, name in (
        ({"asks_city": True, "parent": question}, "comment_question_comes_first"),
        ({"is_official": True}, "comment_official_is_an_answer"),
    ):
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            CommentFactory(thread=question.thread, **wrong)


def test_a_question_is_asked_on_the_page_and_answered_at_the_desk(client):
    old = CommentFactory(asks_city=True, body="When?")
    Comment.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=3))
    project = reverse("project", args=[old.thread.subject_id])
    client.force_login(UserFactory())
    client.post(
        reverse("thread", args=["project", old.thread.subject_id]),
        {"body": "Who pays?", "asks_city": "on"},
    )
    new = Comment.objects.latest("pk")
    assert client.get(project).content.decode().count("Question to the city: open") == 2
    client.logout()
    sign_in_with_second_factor(client, spokesperson())
    listed = client.get(reverse("questions_desk")).content.decode()
    assert listed.index("When?") < listed.index("Who pays?")
    assert "3\xa0days" in listed
    page = reverse("answer_question", args=[new.pk])
    assert "Who pays?" in client.get(page).content.decode()
    assert client.post(page, {"body": ""}).status_code == 400
    assert client.post(page, {"body": "The city."}).url == reverse("questions_desk")
    shown = client.get(project).content.decode()
    assert "Answer of the city" in shown
    assert shown.count("Question to the city: answered") == 1
    assert (
        client.post(
            reverse("answer_question", args=[CommentFactory().pk]), {"body": "x"}
        ).status_code
        == 400
    )


def test_the_citys_answer_is_shown_however_many_came_after_it(client, question):
    answer(question)
    CommentFactory.create_batch(REPLIES_SHOWN + 1, thread=question.thread, parent=question)
    page = client.get(reverse("project", args=[question.thread.subject_id])).content.decode()
    assert "We do, twice a week." in page
    assert page.count('class="comment"') == 1 + REPLIES_SHOWN + 1


def test_the_desk_asks_as_much_for_a_hundred_as_for_one(client):
    sign_in_with_second_factor(client, spokesperson())
    counts = []
    for more in (1, 99):
        CommentFactory.create_batch(more, asks_city=True)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(reverse("questions_desk")).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_question_about_what_was_withdrawn_does_not_wait(client, question):
    asked = CommentFactory(asks_city=True, body="Who pays?")
    project = Project.objects.get(pk=asked.thread.subject_id)
    withdraw_project(project, by=project.proposer)
    sign_in_with_second_factor(client, spokesperson())
    listed = client.get(reverse("questions_desk")).content.decode()
    assert "1 question is open." in listed
    assert "Who pays?" not in listed
    assert list(open_questions()) == [question]
