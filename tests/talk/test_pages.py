"""The pages on which people talk, without a browser."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from civicfund.pledges.enums import CampaignState
from civicfund.projects.enums import ProjectState
from civicfund.projects.models import Project
from civicfund.projects.services import withdraw_project
from civicfund.talk.access import visible_subject
from civicfund.talk.models import Comment
from civicfund.talk.selectors import COMMENTS_PER_PAGE, PER_PAGE, REPLIES_SHOWN
from civicfund.talk.services import delete_comment, follow, forget_author
from tests.factories.budgeting import draft_cycle, running_cycle
from tests.factories.people import UserFactory
from tests.factories.pledges import CampaignFactory
from tests.factories.projects import ProjectFactory
from tests.factories.talk import CommentFactory, ThreadFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def person(client):
    user = UserFactory(joined_at=timezone.now() - timedelta(days=30))
    client.force_login(user)
    return user


@pytest.fixture
def project():
    return ProjectFactory()


@pytest.fixture
def thread(project):
    return ThreadFactory(subject_id=project.pk)


def page(client, address):
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def thread_of(project):
    return reverse("thread", args=["project", project.pk])


def say(client, project, body="A bench, please."):
    return client.post(thread_of(project), {"body": body})


def test_a_comment_stands_on_the_page_of_its_project(client, person, project):
    answer = say(client, project, "One.\n\nTwo: https://example.org/a?b=1&c=2")
    assert answer.url == f"{project.get_absolute_url()}#talk"
    shown = page(client, project.get_absolute_url())
    assert "<p>One.</p>" in shown
    assert (
        '<a href="https://example.org/a?b=1&amp;c=2" rel="nofollow noopener noreferrer">' in shown
    )
    assert person.display_name in shown


def test_a_stranger_reads_and_is_asked_to_sign_in_to_write(client, thread, project):
    CommentFactory(thread=thread, body="Trees, too.")
    shown = page(client, project.get_absolute_url())
    assert "Trees, too." in shown
    assert f"/accounts/login/?next={thread_of(project)}" in shown
    assert "<textarea" not in shown
    answer = say(client, project)
    assert answer.url.startswith("/accounts/login/")
    assert Comment.objects.count() == 1


def test_a_refusal_keeps_what_was_typed(client, person, project):
    answer = say(client, project, "a" * 4001)
    assert answer.status_code == 400
    assert "a" * 4001 in answer.content.decode()
    assert not Comment.objects.exists()


def test_what_is_not_seen_has_no_thread(client, person):
    draft = ProjectFactory(state=ProjectState.DRAFT)
    for kind, pk in (("project", draft.pk), ("project", 10**12), ("nothing", 1), ("ballot", 1)):
        address = reverse("thread", args=[kind, pk])
        assert client.get(address).status_code == 404
        assert client.post(address, {"body": "x"}).status_code == 404
    hidden = CommentFactory(thread=ThreadFactory(subject_id=draft.pk))
    assert client.get(hidden.get_absolute_url()).status_code == 404


def test_an_answer_is_written_on_the_comments_own_page(client, person, thread):
    first = CommentFactory(thread=thread)
    answer = client.post(reverse("comment", args=[first.pk]), {"body": "Yes."})
    reply = Comment.objects.get(parent=first)
    here = f"{first.get_absolute_url()}#comment-{reply.pk}"
    assert (answer.url, reply.author) == (here, person)
    assert "Yes." in page(client, first.get_absolute_url())
    assert client.get(reply.get_absolute_url()).url == here


def test_an_answer_is_found_on_its_page_of_many(client, thread):
    first = CommentFactory(thread=thread)
    *_, last = CommentFactory.create_batch(PER_PAGE + 1, thread=thread, parent=first)
    address = client.get(last.get_absolute_url()).url
    assert address == f"{first.get_absolute_url()}?page=2#comment-{last.pk}"
    assert f'id="comment-{last.pk}"' in page(client, address)


def test_my_own_comment_is_edited_and_deleted(client, person, thread):
    mine = CommentFactory(thread=thread, author=person)
    edit, delete = (reverse(name, args=[mine.pk]) for name in ("comment_edit", "comment_delete"))
    shown = page(client, mine.get_absolute_url())
    assert edit in shown
    assert delete in shown
    client.post(edit, {"body": "Two benches."})
    assert "edited" in page(client, mine.get_absolute_url())
    assert "for good" in page(client, delete)
    client.post(delete)
    left = page(client, mine.get_absolute_url())
    assert "Deleted by the person who wrote it." in left
    assert "Two benches." not in left
    assert edit not in left


def test_what_another_said_is_not_mine_to_change(client, person, thread):
    comment = CommentFactory(thread=thread)
    for name in ("comment_edit", "comment_delete"):
        address = reverse(name, args=[comment.pk])
        assert client.get(address).status_code == 403
        assert client.post(address, {"body": "x"}).status_code == 403
        assert address not in page(client, comment.get_absolute_url())
    comment.refresh_from_db()
    assert (comment.body, comment.deleted_at) == ("A bench would be good.", None)


def test_an_edit_that_comes_too_late_keeps_what_was_typed(client, person, thread):
    mine = CommentFactory(thread=thread, author=person)
    Comment.objects.filter(pk=mine.pk).update(created_at=timezone.now() - timedelta(hours=1))
    edit = reverse("comment_edit", args=[mine.pk])
    assert edit not in page(client, mine.get_absolute_url())
    answer = client.post(edit, {"body": "Too late."})
    assert answer.status_code == 400
    assert "Too late." in answer.content.decode()
    mine.refresh_from_db()
    assert mine.body == "A bench would be good."


def test_somebody_who_has_left_is_not_named(client, thread):
    comment = CommentFactory(thread=thread, author__display_name="Orla Quick")
    forget_author(comment.author)
    shown = page(client, comment.get_absolute_url())
    assert "Somebody who has left" in shown
    assert "Orla Quick" not in shown


@pytest.mark.parametrize(("days", "most"), [(1, 2), (30, 3)])
def test_a_new_account_says_less_within_an_hour(client, project, settings, days, most):
    limits = {"comment_when_new": "2/h/user", "comment": "3/h/user"}
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | limits
    client.force_login(UserFactory(joined_at=timezone.now() - timedelta(days=days)))
    statuses = [say(client, project).status_code for _ in range(most + 1)]
    assert statuses == [302] * most + [429]
    assert Comment.objects.count() == most


def test_so_many_stand_on_a_page_and_ten_answers_below_each(client, thread, project):
    comments = CommentFactory.create_batch(COMMENTS_PER_PAGE + 1, thread=thread)
    CommentFactory.create_batch(REPLIES_SHOWN + 2, thread=thread, parent=comments[-1], body="Yes.")
    shown = page(client, thread_of(project))
    assert shown.count('class="comment"') == COMMENTS_PER_PAGE + REPLIES_SHOWN
    assert "All 12 answers" in shown
    assert page(client, f"{thread_of(project)}?page=2").count('class="comment"') == 1
    for wrong in ("3", "x", "0"):
        assert client.get(f"{thread_of(project)}?page={wrong}").status_code == 404


def test_a_thread_asks_as_much_for_a_hundred_as_for_one(client, person, thread, project):
    counts = []
    addresses = [project.get_absolute_url(), thread_of(project)]
    addresses.append(reverse("api_thread", args=["project", project.pk]))
    for more in (1, 99):
        for comment in CommentFactory.create_batch(more, thread=thread):
            CommentFactory(thread=thread, parent=comment)
        own = CommentFactory(thread=thread).get_absolute_url()
        asked = []
        for address in (*addresses, own):
            with CaptureQueriesContext(connection) as queries:
                page(client, address)
            asked.append(len(queries))
        counts.append(asked)
    assert counts[0] == counts[1]


# --- the API


def api(project):
    return reverse("api_thread", args=["project", project.pk])


def test_the_api_writes_answers_edits_and_deletes(client, person, project):
    written = client.post(api(project), {"body": "One."}, "application/json")
    assert written.status_code == 201
    first = written.json()
    answered = {"body": "Two.", "parent": first["id"]}
    assert client.post(api(project), answered, "application/json").json()["parent"] == first["id"]
    own = reverse("api_comment", args=[first["id"]])
    assert client.patch(own, {"body": "Three."}, "application/json").json()["body"] == "Three."
    gone = client.delete(own).json()
    assert (gone["body"], gone["is_deleted"], gone["author"]) == ("", True, person.display_name)
    listed = client.get(api(project)).json()["results"]
    assert [each["body"] for each in listed] == ["Two.", ""]


def test_the_api_refuses_as_the_pages_do(client, person, project, settings):
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"comment": "1/h/user"}
    other = CommentFactory()
    own = reverse("api_comment", args=[other.pk])
    assert client.patch(own, {"body": "x"}, "application/json").status_code == 403
    assert client.delete(own).status_code == 403
    assert client.post(api(project), {"body": " "}, "application/json").status_code == 400
    assert client.post(api(project), {"body": "One."}, "application/json").status_code == 201
    assert client.post(api(project), {"body": "Two."}, "application/json").status_code == 429
    client.logout()
    assert client.post(api(project), {"body": "x"}, "application/json").status_code == 403
    delete_comment(other, by=other.author)
    assert Comment.objects.exclude(pk=other.pk).get().body == "One."


def test_people_talk_about_campaigns_and_cycles_too(client, person):
    campaign, (cycle, _voters) = CampaignFactory(), running_cycle()
    for kind, subject in (("campaign", campaign), ("cycle", cycle)):
        answer = client.post(reverse("thread", args=[kind, subject.pk]), {"body": f"On a {kind}."})
        assert answer.url == f"{subject.get_absolute_url()}#talk"
        assert f"<p>On a {kind}.</p>" in page(client, subject.get_absolute_url())


def test_what_is_drafted_is_not_talked_about(client, person):
    campaign = CampaignFactory(state=CampaignState.DRAFT)
    for kind, subject in (("campaign", campaign), ("cycle", draft_cycle())):
        address = reverse("thread", args=[kind, subject.pk])
        assert client.post(address, {"body": "x"}).status_code == 404
    client.force_login(campaign.creator)
    answer = client.post(reverse("thread", args=["campaign", campaign.pk]), {"body": "x"})
    assert answer.status_code == 400
    assert not Comment.objects.exists()


def test_a_draft_has_no_place_for_words_that_nobody_can_write(client):
    draft = CampaignFactory(state=CampaignState.DRAFT)
    client.force_login(draft.creator)
    assert "What people say" not in page(client, draft.get_absolute_url())
    live = CampaignFactory(project__proposer=draft.creator)
    assert "What people say" in page(client, live.get_absolute_url())


def test_what_was_said_and_a_follow_stay_within_reach_once_a_project_is_withdrawn(client, person):
    said, followed, silent = (ProjectFactory(proposer=person) for _ in range(3))
    say(client, said)
    follow(visible_subject(person, "project", followed.pk), by=person)
    for project in (said, followed, silent):
        withdraw_project(project, by=person)
    pages = [page(client, each.get_absolute_url()) for each in (said, followed, silent)]
    assert ["What people say" in each for each in pages] == [True, True, False]


def test_ones_own_words_are_read_and_deleted_once_the_project_is_withdrawn(client, person, thread):
    first, other = CommentFactory(thread=thread, author=person), CommentFactory(thread=thread)
    answer = CommentFactory(thread=thread, parent=other, author=person, body="Yes, please.")
    others = CommentFactory(thread=thread, parent=first, body="Where, then?")
    project = Project.objects.get(pk=thread.subject_id)
    withdraw_project(project, by=project.proposer)
    for mine in (first, answer):
        shown = page(client, mine.get_absolute_url())
        assert mine.body in shown
        for hidden in (project.title, others.body, "<textarea"):
            assert hidden not in shown
        assert client.post(mine.get_absolute_url(), {"body": "More."}).status_code == 400
        delete = reverse("comment_delete", args=[mine.pk])
        assert delete in shown
        assert client.post(delete).url == mine.get_absolute_url()
        assert "Deleted by the person who wrote it." in page(client, mine.get_absolute_url())
        assert client.delete(reverse("api_comment", args=[mine.pk])).status_code == 400
    assert Comment.objects.filter(body="").count() == 2
    for theirs in (other, others):
        for name in ("comment", "comment_edit", "comment_delete", "api_comment"):
            assert client.get(reverse(name, args=[theirs.pk])).status_code == 404
