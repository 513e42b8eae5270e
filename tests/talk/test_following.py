"""Following, what is told to whom and once, and mail as often as each wants it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from civicfund.notices.enums import Topic
from civicfund.notices.models import Message
from civicfund.notices.services import StopLink, send_next, stop_mail, wants_mail
from civicfund.people.enums import Role
from civicfund.people.services import grant_role
from civicfund.places.enums import PlaceKind
from civicfund.projects.enums import ProjectState
from civicfund.projects.models import Project
from civicfund.projects.services import withdraw_project
from civicfund.projects.services.merging import agree_to_merge, ask_to_merge, undo_merge
from civicfund.projects.services.moderating import hide_project
from civicfund.talk.access import visible_subject
from civicfund.talk.enums import NewsKind, Pace, SubjectKind, Wrong
from civicfund.talk.models import Comment, Fact, Follow, MailPace, News, Thread
from civicfund.talk.selectors import news_of, unread_count
from civicfund.talk.services import (
    TalkError,
    delete_comment,
    follow,
    forget_author,
    mark_read,
    set_pace,
    unfollow,
)
from civicfund.talk.services.news import gather_comments, mail_news, tell_of_projects
from civicfund.talk.tasks import mail_daily_digests, mail_weekly_digests, tell_news
from civicfund.town.selectors import alarms
from tests.factories.people import UserFactory
from tests.factories.places import NeighborhoodFactory
from tests.factories.projects import ProjectFactory
from tests.factories.talk import CommentFactory, ThreadFactory, about, subject_of
from tests.talk.test_moderating import hide, moderator
from tests.talk.test_questions import answer

pytestmark = pytest.mark.django_db


def follower(comment_or_project, pace=None):
    """Somebody who follows what a comment is about, or a project."""
    person = UserFactory()
    project = hasattr(comment_or_project, "proposer")
    subject = about(comment_or_project) if project else subject_of(comment_or_project)
    follow(subject, by=person)
    if pace:
        set_pace(pace, by=person)
    return person


def told(person):
    return [(news.kind, news.comment) for news in news_of(person)]


def sent_mails():
    while send_next():
        pass
    return mail.outbox


def test_followers_are_told_of_a_comment_once_and_its_author_is_not():
    comment = CommentFactory()
    person = follower(comment)
    follow(subject_of(comment), by=comment.author)
    assert [gather_comments(), gather_comments()] == [1, 0]
    assert told(person) == [(NewsKind.COMMENT, comment)]
    assert told(comment.author) == []


def test_whoever_follows_a_part_is_told_of_what_is_said_of_the_whole():
    comment, child = CommentFactory(), ProjectFactory()
    whole = Project.objects.get(pk=comment.thread.subject_id)
    person, both = follower(child), follower(child)
    follow(about(whole), by=both)
    merge = agree_to_merge(
        ask_to_merge(child, whole, reason="The same.", by=child.proposer), by=whole.proposer
    )
    gather_comments()
    assert told(person) == told(both) == [(NewsKind.COMMENT, comment)]
    undo_merge(merge, reason="Another one.", by=moderator())
    later = CommentFactory(thread=comment.thread)
    gather_comments()
    assert told(person) == [(NewsKind.COMMENT, comment)]
    assert (NewsKind.COMMENT, later) in told(both)


def test_whoever_is_answered_is_told_without_following():
    first = CommentFactory()
    reply = CommentFactory(thread=first.thread, parent=first)
    gather_comments()
    assert told(first.author) == [(NewsKind.ANSWER, reply)]


def test_an_answer_of_the_city_is_told_as_such():
    question = CommentFactory(asks_city=True)
    person = follower(question)
    given = answer(question)
    gather_comments()
    assert told(person)[0] == (NewsKind.CITY, given)


def test_of_what_is_hidden_or_deleted_nobody_is_told():
    hidden, deleted, late = (CommentFactory(thread=ThreadFactory()) for _ in range(3))
    people = [follower(each) for each in (hidden, deleted, late)]
    hide(hidden)
    delete_comment(deleted, by=deleted.author)
    gather_comments()
    delete_comment(late, by=late.author)
    assert [told(person) for person in people] == [[], [], []]
    assert mail_news(Pace.DAILY) == 0


def test_whoever_follows_no_more_is_told_no_more():
    comment = CommentFactory()
    person = follower(comment)
    unfollow(subject_of(comment), by=person)
    gather_comments()
    assert told(person) == []


def test_a_new_project_is_told_to_who_follows_its_place_or_what_that_lies_in():
    district = NeighborhoodFactory(kind=PlaceKind.DISTRICT)
    place = NeighborhoodFactory(parent=district)
    people = [UserFactory() for _ in range(3)]
    for person, where in zip(people, (place, district, NeighborhoodFactory()), strict=True):
        follow(visible_subject(person, SubjectKind.NEIGHBORHOOD, where.pk), by=person)
    ProjectFactory(neighborhood=place, state=ProjectState.DRAFT)
    project = ProjectFactory(neighborhood=place)
    assert [tell_of_projects(), tell_of_projects()] == [1, 0]
    assert [told(person) for person in people] == [[(NewsKind.PROJECT, None)]] * 2 + [[]]
    assert News.objects.filter(thread__subject_id=project.pk).count() == 2


def test_a_draft_is_not_followed():
    project = ProjectFactory(state=ProjectState.DRAFT)
    with pytest.raises(TalkError, match="followed"):
        follow(about(project), by=project.proposer)
    assert not Follow.objects.exists()


def test_mail_comes_as_often_as_each_wants_it_and_once():
    comment = CommentFactory()
    by_pace = {pace: follower(comment, pace) for pace in Pace}
    silent = follower(comment)
    tell_news()
    assert set(Message.objects.values_list("recipient", flat=True)) == {by_pace[Pace.INSTANT].pk}
    mail_daily_digests()
    mail_daily_digests()
    mail_weekly_digests()
    tell_news()
    recipients = sorted(Message.objects.values_list("recipient", flat=True))
    expected = [by_pace[pace] for pace in Pace if pace != Pace.NEVER] + [silent]
    assert recipients == sorted(person.pk for person in expected)


def test_what_was_read_is_not_mailed():
    person = follower(comment := CommentFactory())
    gather_comments()
    assert unread_count(person) == 1
    assert mark_read(by=person) == 1
    assert (unread_count(person), mail_news(Pace.DAILY)) == (0, 0)
    assert told(person) == [(NewsKind.COMMENT, comment)]


def test_a_digest_counts_by_subject_and_holds_no_words_and_no_names():
    project = ProjectFactory(title="Trees & <b>benches</b>")
    person = follower(project)
    comments = CommentFactory.create_batch(2, thread=Thread.objects.get(), body="He cheats.")
    gather_comments()
    assert mail_news(Pace.DAILY) == 1
    assert Message.objects.get().context["items"] == [
        {
            "about": ["project", project.pk],
            "title": project.title,
            "url": project.get_absolute_url(),
            "comment": 2,
        }
    ]
    [sent] = sent_mails()
    assert (
        f"Trees & <b>benches</b>: 2 new comments\nhttp://127.0.0.1:8000/projects/{project.pk}/"
        in sent.body
    )
    html = sent.alternatives[0][0]
    assert "Trees &amp; &lt;b&gt;benches&lt;/b&gt;" in html
    for part in (sent.body, html):
        assert "He cheats." not in part
        assert comments[0].author.display_name not in part
    assert sent.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    stop_mail(StopLink(person, Topic.FOLLOWING))
    CommentFactory(thread=comments[0].thread)
    gather_comments()
    assert mail_news(Pace.DAILY) == 0


def test_a_digest_that_waits_says_nothing_of_what_is_hidden_meanwhile():
    gone, stays = ProjectFactory(title="Mrs Quill steals"), ProjectFactory(title="Benches")
    person, other = follower(gone), follower(gone)
    follow(about(stays), by=person)
    for thread in Thread.objects.all():
        CommentFactory(thread=thread)
    gather_comments()
    assert mail_news(Pace.DAILY) == 2
    hide_project(gone, by=moderator(), reason=Wrong.OTHER)
    [sent] = [each for each in sent_mails() if "News of what you follow" in each.subject]
    assert sent.to == [person.email]
    assert "Benches: 1 new comment" in sent.body
    assert "Quill" not in sent.body + str(sent.alternatives[0][0])
    unsent = Message.objects.get(kind="news", recipient=other)
    assert (unsent.sent_at, unsent.given_up_at is None) == (None, False)


def test_what_is_old_is_not_mailed_to_who_switches_mail_on_again():
    person = follower(CommentFactory(), Pace.NEVER)
    gather_comments()
    News.objects.update(created_at=timezone.now() - timedelta(days=15))
    set_pace(Pace.DAILY, by=person)
    assert mail_news(Pace.DAILY) == 0
    assert unread_count(person) == 1


def test_of_somebody_who_is_erased_no_follow_and_no_notice_is_left():
    comment = CommentFactory()
    gone, stays = follower(comment, Pace.NEVER), follower(comment, Pace.NEVER)
    gather_comments()
    forget_author(gone)
    assert [each.user for each in Follow.objects.all()] == [stays]
    assert [each.recipient for each in News.objects.all()] == [stays]
    assert [each.user for each in MailPace.objects.all()] == [stays]


def test_the_tables_refuse_to_follow_or_tell_twice_and_what_is_unknown():
    comment = CommentFactory()
    person, thread = follower(comment), comment.thread
    gather_comments()
    known = Fact.objects.create(thread=thread, what=NewsKind.PROJECT, source="made-up:1")
    project = {"recipient": person, "thread": thread, "kind": NewsKind.PROJECT, "fact": known}
    News.objects.create(**project)
    for make, name in (
        (lambda: Follow.objects.create(user=person, thread=thread), "follow_once"),
        (lambda: News.objects.create(**project), "news_told_once"),
        (
            lambda: News.objects.create(**project | {"comment": comment}),
            "news_of_a_comment_or_a_fact",
        ),
        (lambda: News.objects.create(**project | {"kind": "gossip"}), "news_kind_known"),
        (lambda: MailPace.objects.create(user=person, pace="hourly"), "mail_pace_known"),
    ):
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            make()
    other = {"recipient": UserFactory(), "thread": thread, "kind": NewsKind.COMMENT}
    with pytest.raises(IntegrityError, match="comment_or_a_fact"), transaction.atomic():
        News.objects.create(**other)


def test_the_pages_follow_show_and_set(client):
    comment = CommentFactory(body="A slide, too.")
    person = UserFactory()
    project = reverse("project", args=[comment.thread.subject_id])
    following = reverse("follow", args=["project", comment.thread.subject_id])
    assert "Follow this" not in client.get(project).content.decode()
    client.force_login(person)
    assert "Follow this<" in client.get(project).content.decode()
    assert client.post(following).url == project
    assert "Follow this no more" in client.get(project).content.decode()
    gather_comments()
    assert "My notices: 1 is new" in client.get(reverse("my_page")).content.decode()
    mine = reverse("my_notices")
    shown = client.get(mine).content.decode()
    opened = reverse("my_notice", args=[News.objects.get().pk])
    for words in ("1 is new", "A slide, too.", opened, "What I follow"):
        assert words in shown
    client.post(mine, {"read": "yes"})
    assert "Nothing is new" in client.get(mine).content.decode()
    assert client.post(mine, {"pace": "hourly"}).status_code == 400
    client.post(mine, {"pace": "weekly"})
    assert person.mail_pace.pace == Pace.WEEKLY
    client.post(following, {"stop": "yes"})
    assert not Follow.objects.exists()
    assert client.post(reverse("follow", args=["project", 10**9])).status_code == 404


def test_a_notice_of_what_is_gone_is_counted_and_shown_and_says_nothing_of_it(client):
    comment = CommentFactory(body="A slide, too.")
    project = Project.objects.get(pk=comment.thread.subject_id)
    client.force_login(person := follower(comment))
    gather_comments()
    withdraw_project(project, by=project.proposer)
    shown = client.get(reverse("my_notices")).content.decode()
    assert unread_count(person) == 1
    assert "1 is new" in shown
    assert "A new comment: Something that is no longer public" in shown
    for hidden in (project.title, "A slide, too.", comment.get_absolute_url()):
        assert hidden not in shown
    client.post(reverse("my_notices"), {"read": "yes"})
    assert unread_count(person) == 0


@pytest.mark.parametrize("topic", Topic)
def test_what_a_link_switched_off_is_shown_as_off_and_switched_on_again(client, topic):
    person = UserFactory()
    grant_role(person, Role.REVIEWER, by=None)
    client.force_login(person)
    page = reverse("my_notices")
    stop_mail(StopLink(person, topic))
    fields = client.get(page).context["form"]
    off = {name for name, on in fields.initial.items() if on in (False, Pace.NEVER)}
    # Nobody gets the town's mail who has not asked for it.
    assert off == {"town", "pace" if topic == Topic.FOLLOWING else topic.value}
    every_box = {name: "on" for name in fields.fields if name != "pace"}
    client.post(page, every_box | {"pace": "daily"})
    assert [each for each in Topic if not wants_mail(person, each)] == []


def test_mail_that_a_link_ended_stays_ended_until_another_pace_is_chosen(client):
    person = follower(comment := CommentFactory(), Pace.WEEKLY)
    stop_mail(StopLink(person, Topic.FOLLOWING))
    client.force_login(person)
    page = reverse("my_notices")
    client.post(page, {"pace": "never", "voting": "on"})
    assert not wants_mail(person, Topic.FOLLOWING)
    assert MailPace.objects.get(user=person).pace == Pace.WEEKLY
    client.post(page, {"pace": "daily", "voting": "on"})
    CommentFactory(thread=comment.thread)
    gather_comments()
    assert (wants_mail(person, Topic.FOLLOWING), mail_news(Pace.DAILY)) == (True, 1)


def test_what_is_told_too_late_raises_an_alarm():
    late = CommentFactory()
    Comment.objects.filter(pk=late.pk).update(created_at=timezone.now() - timedelta(minutes=11))
    CommentFactory()
    name = "comments that nobody was told of"
    assert alarms()[name] == 1
    gather_comments()
    assert alarms()[name] == 0


def test_my_notices_ask_as_much_for_a_hundred_as_for_one(client):
    person = UserFactory()
    client.force_login(person)
    counts = []
    for more in (1, 99):
        for comment in CommentFactory.create_batch(more):
            follow(subject_of(comment), by=person)
        gather_comments()
        with CaptureQueriesContext(connection) as queries:
            assert client.get(reverse("my_notices")).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]
