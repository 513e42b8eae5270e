"""What creators and backers type runs in no page, mail or feed."""

from __future__ import annotations

import pytest
from django.urls import reverse

from civicfund.pledges.enums import Audience, CampaignState, PledgeState, QuestionKind
from civicfund.pledges.models import ShippingZone
from civicfund.pledges.services.news import tell_of_surveys, tell_of_updates
from civicfund.pledges.services.surveys import Asked, answer_survey, send_survey, write_survey
from civicfund.pledges.services.updates import correct_update, publish_update
from civicfund.projects.models import CoAuthor
from tests.factories.people import UserFactory
from tests.factories.pledges import CampaignFactory, PledgeFactory
from tests.talk.test_injection import (
    assert_harmless,
    assert_mails_harmless,
    hostile_and_harmless,
    page,
    sent,
)

pytestmark = pytest.mark.django_db


def assert_all_harmless(shown):
    for pages in shown.values():
        *hostile, harmless = pages
        assert len(hostile) > 30
        for each in hostile:
            assert_harmless(each, harmless)


def told_of(text):
    """A campaign whose title, update, correction, question and team are this text."""
    campaign = CampaignFactory(project__title=text)
    CoAuthor.objects.create(project=campaign.project, user=UserFactory(), does=text)
    PledgeFactory(campaign=campaign)
    update = publish_update(
        campaign, by=campaign.creator, title=text, body=text, audience=Audience.ALL
    )
    correct_update(update, by=campaign.creator, body=text)
    return update


def test_updates_and_their_mails(client):
    shown: dict[str, list[str]] = {}
    mails = []
    for text in hostile_and_harmless(115):
        update = told_of(text)
        tell_of_updates()
        mails += sent()
        for name, address in (
            ("one", update.get_absolute_url()),
            ("all", reverse("campaign_updates", args=[update.campaign_id])),
            ("campaign", update.campaign.get_absolute_url()),
        ):
            shown.setdefault(name, []).append(page(client, address))
    assert_all_harmless(shown)
    assert len(mails) > 30
    assert_mails_harmless(mails[:-1], mails[-1])


def asked(text):
    """A collected pledge whose backer was asked this text and answered it."""
    campaign = CampaignFactory(state=CampaignState.SETTLED)
    zone = ShippingZone.objects.create(
        campaign=campaign, position=0, name=text[:80], amount_minor=0
    )
    pledge = PledgeFactory(campaign=campaign, state=PledgeState.COLLECTED, shipping_zone=zone)
    questions = [
        Asked(text, QuestionKind.TEXT),
        Asked(text, QuestionKind.CHOICE, (text[:40], "Another")),
    ]
    survey = write_survey(
        campaign, by=campaign.creator, reward=None, intro=text, questions=questions
    )
    return send_survey(survey, by=campaign.creator), pledge


def test_surveys_and_their_answers(client):
    shown: dict[str, list[str]] = {}
    for text in hostile_and_harmless(115):
        survey, pledge = asked(text)
        words, choice = survey.questions.all()
        replies = {words.pk: text, choice.pk: "Another"}
        answer_survey(survey, pledge, replies=replies, address=text)
        client.force_login(pledge.backer)
        mine = page(client, reverse("pledge_survey", args=[pledge.pk]))
        client.force_login(survey.campaign.creator)
        answers = page(client, reverse("survey", args=[survey.campaign_id, 0]))
        shown.setdefault("mine", []).append(mine)
        shown.setdefault("answers", []).append(answers)
    assert_all_harmless(shown)
    assert tell_of_surveys() == 0  # all of them have answered
