"""The pictures of a campaign's project, on its page and on its card."""

from __future__ import annotations

import re

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from civicfund.pledges.enums import CampaignState
from civicfund.pledges.models import Campaign, LeadPicture
from civicfund.pledges.services.terms import check_lead
from civicfund.projects.enums import FileKind, ProjectState, Wrong
from civicfund.projects.models import Project, ProjectFile, ProjectHiding
from civicfund.projects.services.files import remove_file
from civicfund.projects.services.veiling import veil_file
from tests.factories.people import UserFactory
from tests.factories.pledges import CampaignFactory
from tests.factories.projects import add_picture
from tests.pledges.test_moderating import moderator  # noqa: F401 -- a fixture
from tests.pledges.test_pages import campaign_form

pytestmark = pytest.mark.django_db


def picture_of(campaign, words, **more):
    return add_picture(campaign.project, words, **more)


def a_paper(campaign):
    return picture_of(campaign, "A plan", kind=FileKind.PDF, width=None, height=None)


def in_front(campaign, file):
    return LeadPicture.objects.create(campaign=campaign, file=file)


def shown_on(client, address):
    """The words of all pictures there, in their order."""
    page = client.get(address).content.decode()
    return re.findall(r'<img [^>]*src="/files/[^>]*alt="([^"]*)"', page)


@pytest.fixture
def campaign():
    campaign = CampaignFactory()
    for words in ("A bench", "A lane", "A mill"):
        picture_of(campaign, words)
    return campaign


def test_the_first_picture_stands_in_front_and_the_others_with_the_story(client, campaign):
    a_paper(campaign)
    first = ProjectFile.objects.get(words="A bench")
    page = client.get(campaign.get_absolute_url())
    small = reverse("project_file_small", args=[first.pk])
    text = page.content.decode()
    assert f'src="{small}" alt="A bench" width="1600" height="1200">' in text
    assert text.index("A bench") < text.index("How far it is") < text.index("A lane")
    assert text.count('loading="lazy"') == 2
    assert shown_on(client, campaign.get_absolute_url()) == ["A bench", "A lane", "A mill"]
    (shared,) = re.findall(r'property="og:image" content="([^"]*)"', text)
    assert re.fullmatch(f"https?://[^/]+{first.get_absolute_url()}", shared)


def test_its_card_shows_the_one_in_front_alone(client, campaign):
    in_front(campaign, ProjectFile.objects.get(words="A mill"))
    assert shown_on(client, reverse("campaigns")) == ["A mill"]
    assert shown_on(client, campaign.get_absolute_url()) == ["A mill", "A bench", "A lane"]


def test_a_campaign_without_pictures_is_as_before(client):
    campaign = CampaignFactory()
    page = client.get(campaign.get_absolute_url()).content.decode()
    assert shown_on(client, campaign.get_absolute_url()) == []
    assert "social" in re.search(r'property="og:image" content="([^"]*)"', page)[1]


def test_what_moderators_took_down_is_shown_nowhere(client, campaign, moderator):  # noqa: F811
    mill = ProjectFile.objects.get(words="A mill")
    in_front(campaign, mill)
    veil_file(mill, by=moderator, reason=Wrong.PRIVATE)
    client.force_login(campaign.creator)
    assert shown_on(client, campaign.get_absolute_url()) == ["A bench", "A lane"]
    assert shown_on(client, reverse("campaigns")) == ["A bench"]


def test_of_a_hidden_project_no_picture_is_left_on_its_campaign(client, campaign, moderator):  # noqa: F811
    Campaign.objects.update(state=CampaignState.UNFUNDED)
    ProjectHiding.objects.create(
        project=campaign.project,
        reason=Wrong.OTHER,
        hidden_by=moderator,
        state_before=ProjectState.READY,
    )
    Project.objects.update(state=ProjectState.HIDDEN)
    assert client.get(campaign.get_absolute_url()).status_code == 200
    assert shown_on(client, campaign.get_absolute_url()) == []


def test_with_the_picture_in_front_removed_the_first_one_stands_there(client, campaign):
    mill = ProjectFile.objects.get(words="A mill")
    in_front(campaign, mill)
    remove_file(mill, by=campaign.creator)
    assert LeadPicture.objects.count() == 0
    assert shown_on(client, reverse("campaigns")) == ["A bench"]


def test_the_database_takes_no_other_project_s_picture_and_no_paper(campaign):
    for file in (picture_of(CampaignFactory(), "Elsewhere"), a_paper(campaign)):
        with pytest.raises(IntegrityError, match="picture of its project"), transaction.atomic():
            in_front(campaign, file)
    assert LeadPicture.objects.count() == 0


@pytest.fixture
def draft(client, campaign):
    Campaign.objects.update(state=CampaignState.DRAFT, live_at=None)
    campaign.refresh_from_db()
    client.force_login(campaign.creator)
    return campaign


def send(client, campaign, **given):
    return client.post(reverse("campaign_edit", args=[campaign.pk]), campaign_form(**given))


def chosen():
    return list(LeadPicture.objects.values_list("file__words", flat=True))


def test_its_creator_chooses_which_one_stands_in_front(client, draft):
    form = client.get(reverse("campaign_edit", args=[draft.pk])).content.decode()
    assert "Picture in front" in form
    assert send(client, draft, lead=ProjectFile.objects.get(words="A lane").pk).status_code == 302
    assert chosen() == ["A lane"]
    again = client.get(reverse("campaign_edit", args=[draft.pk])).context["written"].form
    assert again.initial["lead"] == ProjectFile.objects.get(words="A lane").pk
    send(client, draft, lead="")
    assert chosen() == []


def test_another_project_s_picture_is_refused_and_the_choice_stays(client, draft):
    send(client, draft, lead=ProjectFile.objects.get(words="A lane").pk)
    other = picture_of(CampaignFactory(), "Elsewhere")
    answer = send(client, draft, lead=other.pk)
    assert answer.status_code == 400
    assert "This picture is not there any more" in answer.content.decode()
    assert chosen() == ["A lane"]


def test_one_that_is_removed_meanwhile_is_left_out_and_all_else_is_kept(client, draft, monkeypatch):
    lane = ProjectFile.objects.get(words="A lane")

    def then_removed(project, lead):
        check_lead(project, lead)
        remove_file(lane, by=draft.creator)

    monkeypatch.setattr("civicfund.pledges.services.campaigns.check_lead", then_removed)
    answer = send(client, draft, lead=lane.pk)
    assert answer.status_code == 302
    assert chosen() == []
    assert draft.rewards.filter(title="A cup").exists()


def test_with_one_picture_there_is_nothing_to_choose(client):
    campaign = CampaignFactory(state=CampaignState.DRAFT)
    picture_of(campaign, "The only one")
    client.force_login(campaign.creator)
    form = client.get(reverse("campaign_edit", args=[campaign.pk])).content.decode()
    assert "Picture in front" not in form
    assert send(client, campaign).status_code == 302


def test_a_stranger_sees_the_pictures_of_a_live_campaign_alone(client, draft):
    client.force_login(UserFactory())
    assert client.get(draft.get_absolute_url()).status_code == 404
