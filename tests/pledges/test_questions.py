"""Questions to the creator of a campaign: asked by anybody, answered by the creator alone."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from civicfund.notices.models import Message
from civicfund.pledges.access import subject_of_campaign
from civicfund.projects.models import CoAuthor
from civicfund.talk.enums import NewsKind
from civicfund.talk.models import Comment, News
from civicfund.talk.selectors import questions_to_creator
from civicfund.talk.selectors.desks import open_questions
from civicfund.talk.services import TalkError, answer_for_city, delete_comment, write_comment
from civicfund.talk.services.news import gather_comments
from tests.factories.people import UserFactory
from tests.factories.pledges import CampaignFactory
from tests.factories.projects import ProjectFactory
from tests.factories.talk import CommentFactory, about
from tests.talk.test_moderating import hide
from tests.talk.test_questions import spokesperson

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign():
    return CampaignFactory(project__title="Cider press")


def asked(campaign, body="May everybody pick?", by=None):
    subject = subject_of_campaign(campaign)
    return write_comment(subject, by=by or UserFactory(), body=body, asks_creator=True)


def answered(question, campaign, by=None, body="Yes."):
    subject = subject_of_campaign(campaign)
    return write_comment(subject, by=by or campaign.creator, body=body, parent=question)


def is_open(question, campaign):
    return question in questions_to_creator(campaign.pk)


def test_what_the_creator_answers_is_official_and_told(campaign):
    question = asked(campaign)
    assert not answered(question, campaign, by=UserFactory()).is_official
    assert is_open(question, campaign)
    given = answered(question, campaign)
    assert (given.is_official, given.is_of_creator) == (True, True)
    assert not is_open(question, campaign)
    message = Message.objects.get()
    assert (message.kind, message.recipient) == ("creator_answered", question.author)


def test_who_writes_the_project_finds_questions_and_answers_them(client, campaign):
    co_author, question = UserFactory(), asked(campaign)
    page = reverse("campaign_questions", args=[campaign.pk])
    client.force_login(co_author)
    assert client.get(page).status_code == 403
    assert not answered(question, campaign, by=co_author).is_official
    CoAuthor.objects.create(project=campaign.project, user=co_author)
    assert list(client.get(page).context["page"]) == [question]
    assert page in client.get(campaign.get_absolute_url()).content.decode()
    assert answered(question, campaign, by=co_author).is_official
    assert not is_open(question, campaign)
    with pytest.raises(TalkError, match="ask yourself"):
        asked(campaign, by=co_author)


def test_who_writes_the_project_reads_a_draft_and_nothing_of_its_backers(client):
    draft, live = CampaignFactory(state="draft"), CampaignFactory()
    co_author = UserFactory()
    for each in (draft, live):
        CoAuthor.objects.create(project=each.project, user=co_author)
    client.force_login(co_author)
    page = client.get(draft.get_absolute_url())
    assert page.status_code == 200
    assert "You write its project" in page.content.decode()
    assert reverse("campaign_edit", args=[draft.pk]) not in page.content.decode()
    for name in ("edit", "cancel", "backers", "backers_csv", "surveys", "take_back"):
        for each in (draft, live):
            path = reverse(f"campaign_{name}", args=[each.pk])
            assert client.get(path).status_code == 403, path
    assert client.post(reverse("campaign_submit", args=[draft.pk])).status_code == 403
    draft.refresh_from_db()
    assert draft.state == "draft"
    client.force_login(UserFactory())
    assert client.get(draft.get_absolute_url()).status_code == 404


def test_the_creator_is_told_once_of_a_question_and_the_asker_of_the_answer(campaign):
    question = asked(campaign)
    gather_comments()
    told = News.objects.get(recipient=campaign.creator)
    assert (told.kind, told.comment) == (NewsKind.QUESTION, question)
    answered(question, campaign)
    gather_comments()
    assert News.objects.get(recipient=question.author).kind == NewsKind.CREATOR
    assert News.objects.count() == 2


def test_an_answer_to_anything_else_is_not_official(campaign):
    subject = subject_of_campaign(campaign)
    plain = write_comment(subject, by=UserFactory(), body="Good luck!")
    to_city = write_comment(subject, by=UserFactory(), body="Is it allowed?", asks_city=True)
    for each in (plain, to_city):
        assert not answered(each, campaign).is_official
    assert to_city in open_questions()


def test_the_city_does_not_answer_for_the_creator(campaign):
    question = asked(campaign)
    assert question not in open_questions()
    with pytest.raises(TalkError, match="no question to the city"):
        answer_for_city(
            question, subject_of_campaign(campaign), by=spokesperson(), body="We think so."
        )
    assert is_open(question, campaign)


def test_an_answer_that_is_hidden_or_deleted_leaves_it_open(campaign):
    question = asked(campaign)
    given = answered(question, campaign)
    hide(given)
    assert is_open(question, campaign)
    again = answered(question, campaign)
    assert not is_open(question, campaign)
    delete_comment(again, by=campaign.creator)
    assert is_open(question, campaign)


def test_who_can_be_asked(campaign):
    person = UserFactory()
    with pytest.raises(TalkError, match="no creator"):
        write_comment(about(ProjectFactory()), by=person, body="Why?", asks_creator=True)
    with pytest.raises(TalkError, match="yourself"):
        asked(campaign, by=campaign.creator)
    with pytest.raises(TalkError, match="one of them"):
        write_comment(
            subject_of_campaign(campaign),
            by=person, body="Why?", asks_creator=True, asks_city=True,
        )  # fmt: skip
    assert not Comment.objects.exists()


def test_the_tables_refuse_a_question_to_both_and_one_that_answers():
    first = CommentFactory()
    for wrong, name in (
        ({"asks_creator": True, "asks_city": True}, "comment_asks_one"),
        ({"asks_creator": True, "parent": first}, "comment_question_comes_first"),
    ):
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            CommentFactory(thread=first.thread, **wrong)


def test_from_the_campaigns_page_to_the_desk_and_back(client, campaign):
    client.force_login(UserFactory())
    assert "asks_creator" in client.get(campaign.get_absolute_url()).content.decode()
    thread = reverse("thread", args=["campaign", campaign.pk])
    both = {"body": "May everybody pick?", "asks_creator": "on", "asks_city": "on"}
    refused = client.post(thread, both)
    assert refused.status_code == 400
    assert "May everybody pick?" in refused.content.decode()
    client.post(thread, {"body": "May everybody pick?", "asks_creator": "on"})
    page = client.get(campaign.get_absolute_url()).content.decode()
    assert "Question to the creator: open" in page
    question = Comment.objects.get()
    desk = reverse("campaign_questions", args=[campaign.pk])
    assert client.get(desk).status_code == 403
    client.force_login(campaign.creator)
    assert "Questions to you: 1 open" in client.get(campaign.get_absolute_url()).content.decode()
    assert question.get_absolute_url() in client.get(desk).content.decode()
    client.post(question.get_absolute_url(), {"body": "Yes."})
    client.logout()
    page = client.get(campaign.get_absolute_url()).content.decode()
    assert "Question to the creator: answered" in page
    assert "Answer of the creator" in page


def test_a_project_has_nobody_to_ask_so(client):
    client.force_login(UserFactory())
    page = client.get(reverse("project", args=[ProjectFactory().pk])).content.decode()
    assert "asks_city" in page
    assert "asks_creator" not in page


def test_over_the_api(client, campaign):
    client.force_login(UserFactory())
    thread = reverse("api_thread", args=["campaign", campaign.pk])
    given = client.post(thread, {"body": "Why?", "asks_creator": True}, "application/json")
    assert (given.status_code, given.json()["asks_creator"]) == (201, True)
    assert is_open(Comment.objects.get(), campaign)


def test_the_desk_asks_as_much_for_three_as_for_one(client, campaign):
    client.force_login(campaign.creator)
    counts = []
    for more in (1, 2):
        for _ in range(more):
            asked(campaign)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(reverse("campaign_questions", args=[campaign.pk])).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]
