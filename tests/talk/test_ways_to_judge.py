"""The way to judge something stands where it does, for whoever may judge it and nobody else."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from civicfund.people.enums import Role
from civicfund.people.services import grant_role
from civicfund.pledges.enums import Audience
from civicfund.pledges.services.updates import publish_update
from civicfund.projects.models import CoAuthor, Project
from civicfund.talk.models import Hiding
from civicfund.talk.services import delete_comment
from tests.factories.people import UserFactory
from tests.factories.pledges import CampaignFactory
from tests.factories.talk import CommentFactory
from tests.signing_in import sign_in_with_second_factor
from tests.talk.test_moderating import hide, moderator
from tests.talk.test_moderation_pages import page

pytestmark = pytest.mark.django_db


def judging(comment):
    return reverse("judge_comment", args=[comment.pk])


def come(client, person=None):
    person = person or moderator()
    client.logout()
    sign_in_with_second_factor(client, person)
    return person


def test_moderators_find_the_way_to_judge_a_comment_where_it_stands_and_nobody_else(client):
    comment = CommentFactory()
    answer = CommentFactory(thread=comment.thread, parent=comment)
    project = Project.objects.get(pk=comment.thread.subject_id)
    places = [
        project.get_absolute_url(),
        comment.get_absolute_url(),
        reverse("thread", args=["project", project.pk]),
    ]
    # What is remembered is nobody else's; with a password alone a moderator is anybody.
    for finds, enter in (
        (True, lambda: come(client)),
        (False, lambda: client.force_login(UserFactory())),
        (False, lambda: client.force_login(moderator())),
        (True, lambda: come(client)),
        (False, client.logout),
    ):
        client.logout()
        enter()
        for address in places:
            shown = page(client, address)
            assert [judging(each) in shown for each in (comment, answer)] == [finds] * 2


def test_what_is_a_moderators_own_is_judged_by_another(client):
    judge = moderator()
    mine = CommentFactory(author=judge)
    beside = CommentFactory(thread=mine.thread)
    come(client, judge)
    shown = page(client, reverse("thread", args=["project", mine.thread.subject_id]))
    assert judging(beside) in shown
    assert judging(mine) not in shown
    CoAuthor.objects.create(project_id=mine.thread.subject_id, user=judge)
    shown = page(client, reverse("thread", args=["project", mine.thread.subject_id]))
    assert judging(beside) not in shown


def test_what_is_deleted_is_not_judged_and_what_is_hidden_is(client):
    gone = CommentFactory()
    hidden = CommentFactory(thread=gone.thread)
    delete_comment(gone, by=gone.author)
    hide(hidden)
    come(client)
    shown = page(client, reverse("thread", args=["project", gone.thread.subject_id]))
    assert judging(gone) not in shown
    assert judging(hidden) in shown


def test_projects_campaigns_and_updates_lead_moderators_to_where_they_are_judged(client):
    campaign = CampaignFactory()
    update = publish_update(
        campaign, by=campaign.creator, title="News", body="Soon.", audience=Audience.ALL
    )
    ways = {
        campaign.get_absolute_url(): reverse("judge_campaign", args=[campaign.pk]),
        campaign.project.get_absolute_url(): reverse("judge_project", args=[campaign.project_id]),
        update.get_absolute_url(): judging(update.words),
    }
    grant_role(campaign.creator, Role.MODERATOR, by=None)
    for person, finds in ((moderator(), True), (UserFactory(), False), (campaign.creator, False)):
        come(client, person)
        for address, way in ways.items():
            assert (way in page(client, address)) is finds, (address, finds)


def test_what_nobody_reported_is_hidden_by_that_way(client):
    comment = CommentFactory()
    come(client)
    client.post(judging(comment), {"act": "hide", "reason": "advert", "words": ""})
    assert Hiding.objects.get().comment == comment


def test_whoever_is_not_of_the_staff_is_asked_nothing_for_it(client):
    comment = CommentFactory()
    client.force_login(UserFactory())
    with CaptureQueriesContext(connection) as queries:
        page(client, comment.get_absolute_url())
    assert not [each for each in queries if "people_rolegrant" in each["sql"]]
