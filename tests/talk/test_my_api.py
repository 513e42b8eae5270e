"""What I follow and what I was told, over the API."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from civicfund.projects.enums import ProjectState
from civicfund.projects.models import Project
from civicfund.talk.enums import NewsKind, SubjectKind
from civicfund.talk.models import News
from civicfund.talk.services import follow
from civicfund.talk.services.facts import Happened, tell_facts
from civicfund.talk.services.news import gather_comments
from tests.factories.people import UserFactory
from tests.factories.talk import CommentFactory, subject_of
from tests.talk.test_moderating import hide

pytestmark = pytest.mark.django_db

FOLLOWS, NOTICES = "api_follows", "api_notices"


def told(person, number=1):
    """So many comments and facts of projects that somebody follows."""
    comments = CommentFactory.create_batch(number)
    for comment in comments:
        follow(subject_of(comment), by=person)
        subject = (SubjectKind.PROJECT, comment.thread.subject_id)
        tell_facts([Happened(subject, NewsKind.GOAL, f"made-up:{comment.pk}")])
    gather_comments()
    return comments


def test_i_read_what_i_follow_and_was_told_and_nobody_else_does(client):
    person = UserFactory()
    [comment] = told(person)
    project = f"/projects/{comment.thread.subject_id}/"
    for name in (FOLLOWS, NOTICES):
        assert client.get(reverse(name)).status_code in (401, 403)
    client.force_login(UserFactory())
    assert client.get(reverse(FOLLOWS)).json()["results"] == []
    assert client.get(reverse(NOTICES)).json()["results"] == []
    client.force_login(person)
    [followed] = client.get(reverse(FOLLOWS)).json()["results"]
    assert (followed["kind"], followed["page"]) == ("project", project)
    notices = client.get(reverse(NOTICES)).json()["results"]
    assert [(each["kind"], each["page"]) for each in notices] == [
        ("comment", comment.get_absolute_url()),
        ("goal", project),
    ]
    assert notices[0]["about"] == followed
    assert not News.objects.filter(read_at__isnull=False).exists()


def test_what_is_hidden_or_withdrawn_by_now_is_left_out(client):
    person = UserFactory()
    [comment] = told(person)
    hide(comment)
    client.force_login(person)
    assert [each["kind"] for each in client.get(reverse(NOTICES)).json()["results"]] == ["goal"]
    Project.objects.update(state=ProjectState.WITHDRAWN)
    for name in (FOLLOWS, NOTICES):
        assert client.get(reverse(name)).json()["results"] == []


def test_it_stands_in_the_description(client):
    described = client.get(reverse("api_schema"), HTTP_ACCEPT="application/json").json()
    for path in ("/api/v1/me/follows/", "/api/v1/me/notices/"):
        assert set(described["paths"][path]) == {"get"}


def test_it_asks_as_much_for_many_as_for_one(client):
    person, counts = UserFactory(), []
    client.force_login(person)
    for more in (1, 9):
        told(person, more)
        asked = []
        for name in (FOLLOWS, NOTICES):
            with CaptureQueriesContext(connection) as queries:
                client.get(reverse(name))
            asked.append(len(queries))
        counts.append(asked)
    assert counts[0] == counts[1]
