"""My notices: opened one by one, narrowed, and what I follow in pages, each ended by a button."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from civicfund.projects.models import Project
from civicfund.projects.services import withdraw_project
from civicfund.talk.enums import NewsKind, Pace, SubjectKind
from civicfund.talk.models import Follow, News
from civicfund.talk.selectors import unread_count
from civicfund.talk.services import follow
from civicfund.talk.services.facts import Happened, tell_facts
from civicfund.talk.services.news import gather_comments, mail_news
from civicfund.talk.views import following
from tests.factories.people import UserFactory
from tests.factories.projects import ProjectFactory
from tests.factories.talk import CommentFactory, about, subject_of
from tests.talk.test_following import follower

pytestmark = pytest.mark.django_db
MINE = reverse("my_notices")


def opened(client, notice, status=302):
    answer = client.get(reverse("my_notice", args=[notice.pk]))
    assert answer.status_code == status
    return answer.url if status == 302 else ""


def test_whoever_opens_a_notice_has_read_that_one_and_gets_no_mail_of_it(client):
    first = CommentFactory()
    second = CommentFactory(thread=first.thread)
    person = follower(first)
    gather_comments()
    client.force_login(person)
    notice = News.objects.get(comment=first)
    assert reverse("my_notice", args=[notice.pk]) in client.get(MINE).content.decode()
    assert opened(client, notice) == first.get_absolute_url()
    assert unread_count(person) == 1
    assert News.objects.get(comment=second).read_at is None
    read_at = News.objects.get(comment=first).read_at
    opened(client, notice)
    assert News.objects.get(comment=first).read_at == read_at
    assert opened(client, News.objects.get(comment=second))
    assert mail_news(Pace.DAILY) == 0


def test_a_fact_leads_to_what_it_is_about(client):
    project = ProjectFactory()
    person = follower(project)
    tell_facts([Happened((SubjectKind.PROJECT, project.pk), NewsKind.ON_BALLOT, "phase:1")])
    client.force_login(person)
    assert opened(client, News.objects.get()) == project.get_absolute_url()


def test_nobody_opens_the_notices_of_others(client):
    person = follower(CommentFactory())
    gather_comments()
    notice = News.objects.get()
    client.force_login(UserFactory())
    opened(client, notice, status=404)
    client.logout()
    assert opened(client, notice).startswith("/accounts/login/")
    client.force_login(person)
    assert client.post(reverse("my_notice", args=[notice.pk])).status_code == 405
    client.head(reverse("my_notice", args=[notice.pk]))
    assert News.objects.get().read_at is None


def test_a_notice_of_what_is_withdrawn_is_read_and_leads_back(client):
    comment = CommentFactory()
    person = follower(comment)
    gather_comments()
    project = Project.objects.get(pk=comment.thread.subject_id)
    withdraw_project(project, by=project.proposer)
    client.force_login(person)
    assert opened(client, News.objects.get()) == MINE
    assert News.objects.get().read_at


def test_an_address_of_another_site_is_never_gone_to(client, monkeypatch):
    project = ProjectFactory()
    person = follower(project)
    tell_facts([Happened((SubjectKind.PROJECT, project.pk), NewsKind.ON_BALLOT, "phase:1")])
    monkeypatch.setattr(Project, "get_absolute_url", lambda _self: "//example.org/")
    client.force_login(person)
    assert opened(client, News.objects.get()) == MINE


def test_notices_are_narrowed_to_what_people_said_or_to_what_happened(client):
    project = ProjectFactory()
    person = follower(project)
    tell_facts([Happened((SubjectKind.PROJECT, project.pk), NewsKind.ON_BALLOT, "phase:1")])
    CommentFactory(thread=Follow.objects.get().thread)
    gather_comments()
    client.force_login(person)

    def kinds(**asked):
        return [news.kind for news, *_about in client.get(MINE, asked).context["rows"]]

    assert kinds() == ["comment", "on_ballot"]
    assert kinds(kind="said") == ["comment"]
    assert kinds(kind="facts") == ["on_ballot"]
    assert client.get(MINE, {"kind": "dull"}).status_code == 400


def test_what_i_follow_has_pages_and_a_button_each_that_ends_it(client, monkeypatch):
    monkeypatch.setattr(following, "FOLLOWED_PER_PAGE", 2)
    person, other = UserFactory(), UserFactory()
    projects = ProjectFactory.create_batch(3)
    for each in projects:
        follow(about(each), by=person)
    follow(about(projects[0]), by=other)
    client.force_login(person)
    shown = client.get(MINE)
    assert [subject.pk for _thread, subject in shown.context["followed"]] == [
        projects[2].pk, projects[1].pk,
    ]  # fmt: skip
    assert 'href="?followed=2#followed"' in shown.content.decode()
    [(thread, _subject)] = client.get(MINE, {"followed": 2}).context["followed"]
    answer = client.post(f"{MINE}?followed=2", {"unfollow": thread.pk})
    assert answer.url == f"{MINE}?followed=2#followed"
    assert set(Follow.objects.values_list("thread__subject_id", "user")) == {
        (projects[1].pk, person.pk), (projects[2].pk, person.pk), (projects[0].pk, other.pk),
    }  # fmt: skip
    for nothing in ("x", "-1", "9" * 30, ""):
        assert client.post(MINE, {"unfollow": nothing}).status_code == 302
    assert Follow.objects.count() == 3


def test_what_is_withdrawn_can_be_followed_no_more_too(client):
    project = ProjectFactory(title="In a drawer")
    person = follower(project)
    withdraw_project(project, by=project.proposer)
    client.force_login(person)
    shown = client.get(MINE).content.decode()
    assert "In a drawer" not in shown
    assert "Something that is no longer public" in shown
    client.post(MINE, {"unfollow": Follow.objects.get().thread_id})
    assert not Follow.objects.exists()


def test_a_hundred_things_followed_cost_as_much_as_three(client):
    person = UserFactory()
    client.force_login(person)
    counts = []
    for more in (3, 97):
        for comment in CommentFactory.create_batch(more):
            follow(subject_of(comment), by=person)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(MINE).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]
