"""How a campaign would look, beside the form in which it is written: drawn, and nothing kept."""

from __future__ import annotations

import pytest
from django.urls import reverse

from civicfund.audit.models import Event
from civicfund.pledges.enums import CampaignState
from civicfund.pledges.models import Campaign
from civicfund.projects.models import CoAuthor
from tests.factories.people import UserFactory
from tests.factories.pledges import CampaignFactory
from tests.factories.projects import ProjectFactory, add_picture
from tests.pledges.test_drafting import draft
from tests.pledges.test_pages import campaign_form

pytestmark = pytest.mark.django_db


def look(client, campaign, **given):
    return client.post(reverse("campaign_edit_preview", args=[campaign.pk]), campaign_form(**given))


def first_look(client, project, **given):
    return client.post(reverse("campaign_new_preview", args=[project.pk]), campaign_form(**given))


@pytest.fixture
def campaign(client):
    campaign = draft()
    client.force_login(campaign.creator)
    return campaign


def kept(campaign):
    return list(Campaign.objects.values()), campaign.rewards.count(), Event.objects.count()


def test_what_is_typed_is_drawn_and_nothing_is_kept(client, campaign):
    add_picture(campaign.project, "The lane")
    before = kept(campaign)
    answer = look(client, campaign)
    page = answer.content.decode()
    assert answer.status_code == 200
    for words in ("€1,200", "A cup", "Elsewhere", "Nails", "The lane", campaign.project.story):
        assert words in page
    assert "<html" not in page
    assert "pledges/_page.html" in [each.name for each in answer.templates]
    assert kept(campaign) == before


def test_it_says_what_the_checklist_would(client, campaign):
    assert "Nothing is missing" in look(client, campaign).content.decode()
    answer = look(client, campaign, **{"lines-1-amount": "100"})
    assert "The parts of the goal lack €100." in answer.content.decode()


@pytest.mark.parametrize(
    "wrong", [{"rewards-0-amount": "a lot"}, {"rewards-0-amount": "0.01"}, {"rewards-2-title": ""}]
)
def test_what_cannot_be_kept_is_left_out_and_the_rest_is_drawn(client, campaign, wrong):
    before = kept(campaign)
    page = look(client, campaign, **wrong).content.decode()
    assert "What cannot be kept like this is left out here." in page
    assert "€1,200" in page
    assert "A cup" not in page
    assert kept(campaign) == before


def test_while_nothing_of_it_can_be_it_is_drawn_as_it_is_kept(client, campaign):
    wrong = {"goal": "", "lines-0-amount": "x", "rewards-0-amount": "x", "zones-1-amount": "x"}
    page = look(client, campaign, **wrong).content.decode()
    assert "€1,000" in page


def test_a_first_campaign_is_drawn_before_there_is_one(client):
    project = ProjectFactory()
    client.force_login(project.proposer)
    assert "A cup" in first_look(client, project).content.decode()
    early = first_look(client, project, goal="").content.decode()
    assert "once there are a goal and a last day" in early
    assert Campaign.objects.count() == 0


def test_words_are_shown_as_words(client, campaign):
    page = look(client, campaign, **{"rewards-0-title": "<script>x</script>"}).content.decode()
    assert "&lt;script&gt;x" in page
    assert "<script" not in page


@pytest.mark.parametrize("who", ["stranger", "member", "author"])
def test_nobody_else_has_it_drawn(client, campaign, who):
    client.logout()
    if who != "stranger":
        person = UserFactory()
        client.force_login(person)
        if who == "author":
            CoAuthor.objects.create(project=campaign.project, user=person)
    statuses = (
        look(client, campaign).status_code,
        first_look(client, campaign.project).status_code,
    )
    refused = {"stranger": (302, 302), "member": (404, 403), "author": (403, 403)}
    assert statuses == refused[who]


def test_it_is_only_drawn_when_asked_by_post(client, campaign):
    assert client.get(reverse("campaign_edit_preview", args=[campaign.pk])).status_code == 405


def test_what_was_sent_for_review_is_drawn_as_it_stays(client, campaign):
    Campaign.objects.update(state=CampaignState.SUBMITTED)
    page = look(client, campaign).content.decode()
    assert "€1,000" in page
    assert "A cup" not in page


def test_who_looks_too_often_waits_and_keeps_what_was_typed(client, campaign, settings):
    limits = settings.ACCOUNT_RATE_LIMITS | {"preview_campaign": "1/m/user"}
    settings.ACCOUNT_RATE_LIMITS = limits
    assert look(client, campaign).status_code == 200
    assert look(client, campaign).status_code == 429
    answer = client.post(reverse("campaign_edit", args=[campaign.pk]), campaign_form(act="beside"))
    assert answer.status_code == 400
    assert "a lot within a minute" in answer.content.decode()
    assert 'value="A cup"' in answer.content.decode()


def test_without_a_script_a_button_draws_it_beside_what_was_typed(client, campaign):
    before = kept(campaign)
    address = reverse("campaign_edit", args=[campaign.pk])
    seen = client.get(address).context["seen"]
    answer = client.post(address, campaign_form(act="beside", seen=seen))
    page = answer.content.decode()
    assert answer.status_code == 200
    assert 'value="A cup"' in page
    assert '<h3 class="card-title text-lg">A cup</h3>' in page
    assert str(answer.context["seen"]) == str(seen)
    assert kept(campaign) == before


def test_without_a_script_a_first_one_is_drawn_too(client):
    project = ProjectFactory()
    client.force_login(project.proposer)
    answer = client.post(
        reverse("campaign_new", args=[project.pk]), campaign_form(act="beside", goal="0")
    )
    assert answer.status_code == 200
    assert "once there are a goal and a last day" in answer.content.decode()
    assert Campaign.objects.count() == 0


def test_another_s_campaign_is_as_if_it_were_not_there(client, campaign):
    other = CampaignFactory(state=CampaignState.DRAFT)
    assert look(client, other).status_code == 404
