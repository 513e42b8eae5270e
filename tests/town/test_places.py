"""The page of a place: everything about it, and the way to the rest."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from budgeting.services.results import certify, publish
from civicfund.places.enums import PlaceKind
from civicfund.pledges.enums import CampaignState
from civicfund.pledges.models import Campaign
from civicfund.pledges.selectors.lists import MOST_SHOWN
from civicfund.projects.enums import ProjectState
from civicfund.projects.models import Project
from civicfund.talk.models import Thread
from civicfund.town.selectors import MOST_ASKED, MOST_BUILT
from tests.budgeting.test_publishing import counted
from tests.factories.budgeting import certifier
from tests.factories.delivery import planned, reach
from tests.factories.places import NeighborhoodFactory
from tests.factories.pledges import CampaignFactory
from tests.factories.projects import ProjectFactory
from tests.factories.talk import CommentFactory
from tests.talk.test_moderating import hide
from tests.talk.test_questions import answer

pytestmark = pytest.mark.django_db


@pytest.fixture
def place():
    return NeighborhoodFactory(parent=NeighborhoodFactory(kind=PlaceKind.DISTRICT))


def shown(client, place):
    return client.get(place.get_absolute_url())


def built(client, place):
    return [each.project for each in shown(client, place).context["built"]]


def funded(place, *shares):
    """A project whose campaign was collected, with a plan."""
    campaign = CampaignFactory(project__neighborhood=place)
    planned(campaign.project, *shares)
    Campaign.objects.filter(pk=campaign.pk).update(state=CampaignState.SETTLED)
    return campaign.project


def asked(about, kind="project", body="Who waters it?"):
    thread, _new = Thread.objects.get_or_create(kind=kind, subject_id=about.pk)
    return CommentFactory(thread=thread, asks_city=True, body=body)


def test_what_is_being_built_stands_there_with_what_comes_next(client, place):
    project = funded(place, 40, 60)
    first, second = project.milestones.order_by("position")
    reach(first)
    elsewhere = funded(NeighborhoodFactory(), 100)
    for each in (place, place.parent):
        page = shown(client, each).content.decode()
        assert "Being built" in page
        assert "1 of 2 milestones reached" in page
        assert f"Next: {second.title}" in page
        assert project in built(client, each)
        assert elsewhere not in built(client, each)
    reach(second)
    assert built(client, place) == []
    assert "Being built" not in shown(client, place).content.decode()


def test_a_plan_without_money_is_not_being_built_and_a_winner_is(client):
    cycle = counted()
    for proposal in cycle.proposals.select_related("project__neighborhood"):
        planned(proposal.project, 100)
        place = proposal.project.neighborhood
    assert built(client, place) == []
    publish(certify(cycle, by=certifier()), by=certifier())
    won = {each.project for each in cycle.proposals.filter(state="selected")}
    assert set(built(client, place)) == won != set()


def got_money(client, place, **asked):
    page = client.get(reverse("place_funded", args=[place.slug]), asked)
    return [each.project for each in page.context["came"]]


def test_what_got_money_stands_in_one_list_with_what_came_of_it(client, place):
    """Also what has no plan, and what is done: neither is among what is being built."""
    done, to_do = funded(place, 100), funded(place, 40, 60)
    bare = CampaignFactory(project__neighborhood=place, state=CampaignState.COLLECTING).project
    CampaignFactory(project__neighborhood=place, state=CampaignState.FAILED_SHORT)
    CampaignFactory(project__neighborhood=place, state=CampaignState.DRAFT, project=to_do)
    reach(done.milestones.get())
    elsewhere = funded(NeighborhoodFactory(), 100)
    for each in (place, place.parent):
        assert set(got_money(client, each)) == {done, to_do, bare}
    assert got_money(client, place, show="done") == [done]
    assert set(got_money(client, place, show="to-do")) == {to_do, bare}
    assert set(got_money(client, place, show="'")) == {done, to_do, bare}
    page = client.get(reverse("place_funded", args=[place.slug])).content.decode()
    assert "1 of 1 milestone reached" in page
    assert "0 of 2 milestones reached" in page
    assert page.count(">Campaign</a>") == 3
    assert elsewhere.title not in page
    Project.objects.filter(pk=done.pk).update(state=ProjectState.WITHDRAWN)
    assert set(got_money(client, place)) == {to_do, bare}


def test_winners_are_in_it_from_the_instant_the_vote_is_published(client):
    cycle = counted()
    place = cycle.proposals.first().project.neighborhood
    assert got_money(client, place) == []
    assert "What got money here" not in shown(client, place).content.decode()
    publish(certify(cycle, by=certifier()), by=certifier())
    won = {each.project for each in cycle.proposals.filter(state="selected")}
    assert set(got_money(client, place)) == won != set()
    assert reverse("place_funded", args=[place.slug]) in shown(client, place).content.decode()
    page = client.get(reverse("place_funded", args=[place.slug])).content.decode()
    assert page.count(cycle.title) == len(won)


def test_what_the_city_was_asked_stands_there_the_open_ones_first(client, place):
    project = ProjectFactory(neighborhood=place)
    campaign = CampaignFactory(project__neighborhood=place)
    answered, still_open = asked(project), asked(campaign, "campaign", body="What if?")
    answer(answered)
    later = asked(campaign.project)
    answer(later)
    hide(asked(project, body="Hidden words."))
    CommentFactory(thread=answered.thread, body="No question.")
    asked(ProjectFactory())
    for each in (place, place.parent):
        page = shown(client, each)
        assert list(page.context["asked"]) == [still_open, later, answered]
        text = page.content.decode()
        assert still_open.get_absolute_url() in text
        assert "Hidden words." not in text
    gone = ProjectFactory(neighborhood=place)
    asked(gone, body="About what is gone.")
    Project.objects.filter(pk=gone.pk).update(state=ProjectState.WITHDRAWN)
    assert "About what is gone." not in shown(client, place).content.decode()


def test_of_much_that_is_built_or_was_asked_the_first_are_shown_and_a_link_leads_to_all(
    client, place
):
    made = {"built": [funded(place, 50, 50) for _ in range(MOST_BUILT)]}
    project = ProjectFactory(neighborhood=place)
    made["asked"] = [asked(project, body=f"Question {n}?") for n in range(MOST_ASKED)]
    everything = {name: reverse(f"place_{name}", args=[place.slug]) for name in made}
    for name, most in (("built", MOST_BUILT), ("asked", MOST_ASKED)):
        assert everything[name] in shown(client, place).content.decode()
        made[name].append(funded(place, 100) if name == "built" else asked(project))
        assert len(shown(client, place).context[name]) == most
        page = client.get(everything[name])
        assert len(page.context["page"]) == most + 1
        text = page.content.decode()
        assert all(each.get_absolute_url() in text for each in made[name])
        above = client.get(reverse(f"place_{name}", args=[place.parent.slug]))
        assert above.context["page"].paginator.count == most + 1
        assert client.get(everything[name], {"page": "2"}).status_code == 404


def test_where_nothing_is_built_and_nothing_was_asked_the_lists_say_so(client, place):
    for name in ("built", "asked", "funded"):
        page = client.get(reverse(f"place_{name}", args=[place.slug]))
        assert 'class="empty' in page.content.decode()
        assert (
            reverse(f"place_{name}", args=[place.slug]) not in shown(client, place).content.decode()
        )
        assert client.get(reverse(f"place_{name}", args=["nowhere"])).status_code == 404


def test_the_page_leads_to_all_campaigns_that_have_ended_there(client, place):
    ended = [
        CampaignFactory(project__neighborhood=place, state=CampaignState.UNFUNDED)
        for _ in range(MOST_SHOWN + 1)
    ]
    elsewhere = CampaignFactory(state=CampaignState.UNFUNDED)
    page = shown(client, place)
    assert len(page.context["ended"]) == MOST_SHOWN
    everything = f"{reverse('campaigns')}?show=finished&neighborhood={place.slug}"
    assert everything.replace("&", "&amp;") in page.content.decode()
    text = client.get(everything).content.decode()
    assert all(each.project.title in text for each in ended)
    assert elsewhere.project.title not in text


def test_of_many_campaigns_the_first_are_shown_and_a_link_leads_to_all(client, place):
    campaigns = [CampaignFactory(project__neighborhood=place) for _ in range(MOST_SHOWN + 2)]
    page = shown(client, place)
    assert len(page.context["campaigns"]) == MOST_SHOWN
    everything = f"{reverse('campaigns')}?neighborhood={place.slug}"
    assert f'href="{everything}">All {MOST_SHOWN + 2} campaigns here<' in page.content.decode()
    text = client.get(everything).content.decode()
    assert all(each.project.title in text for each in campaigns)


def test_the_page_asks_as_much_for_three_as_for_one(client, place):
    counts = []
    for rows in (1, 2):
        for _ in range(rows):
            project = funded(place, 40, 60)
            asked(project)
            answer(asked(project))
        with CaptureQueriesContext(connection) as queries:
            assert shown(client, place).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]
