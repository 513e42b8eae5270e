"""Past votes stay readable, and a place's page leads to all that concerns it."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from budgeting.enums import CycleState
from budgeting.selectors import awarded_in_minor
from budgeting.services.cycles import cancel_cycle, request_cancelling
from budgeting.services.results import certify, publish
from civicfund.delivery.selectors import Progress
from civicfund.ledger.domain import Leg, balanced, project_award
from civicfund.ledger.services import post
from civicfund.places.enums import PlaceKind
from civicfund.pledges.enums import CampaignState, PledgeState
from civicfund.projects.enums import Part, ProjectState
from tests.budgeting.test_publishing import counted
from tests.factories.budgeting import administrator, certifier, draft_cycle, running_cycle
from tests.factories.delivery import planned, reach
from tests.factories.places import CityFactory, NeighborhoodFactory
from tests.factories.pledges import CampaignFactory, PledgeFactory
from tests.factories.projects import ProjectFactory

pytestmark = pytest.mark.django_db


def published(**cycle):
    return publish(certify(counted(**cycle), by=certifier()), by=certifier())


def called_off(**cycle):
    running, _people = running_cycle(**cycle)
    request_cancelling(running, by=administrator(), reason="The flood.")
    return cancel_cycle(running, by=administrator())


def page_of(client, name, *args, query=""):
    answer = client.get(reverse(name, args=args) + query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_past_vote_says_what_won_what_is_paid_and_what_there_is_to_take_away(client):
    cycle = published()
    first, second = cycle.proposals.filter(state="selected").order_by("pk")[:2]
    CampaignFactory(project=first.project, state=CampaignState.UNFUNDED)
    reach(planned(first.project, 40, 60)[0])
    paid = balanced(Leg(project_award(first.project_id), 120_000), Leg("bank", -120_000))
    post("withdrawal", source_type="made.up", source_id="1", legs=paid, currency="EUR")
    shown = page_of(client, "archived_cycle", cycle.slug)
    context = client.get(reverse("archived_cycle", args=[cycle.slug])).context
    [(_result, winners)] = context["decided"]
    by_project = {winner.project.pk: winner for winner in winners}
    cost = first.option.cost_minor
    assert by_project[first.project_id].owed_minor == cost - 120_000
    assert by_project[second.project_id].owed_minor == second.option.cost_minor
    assert by_project[first.project_id].progress == Progress(1, 2)
    assert by_project[second.project_id].progress is None
    assert by_project[first.project_id].campaign.state == CampaignState.UNFUNDED
    for words in (first.option.name, "Not funded", "1 of 2", "3 people voted"):
        assert words in shown
    for address, _words in context["files"]:
        assert f'href="{address}"' in shown
        assert client.get(address).status_code == 200, address


def test_a_vote_that_was_called_off_stays_with_its_reason(client):
    cycle = called_off()
    assert "The flood." in page_of(client, "archived_cycle", cycle.slug)
    assert cycle.title in page_of(client, "archive")
    for address, _words in client.get(reverse("archived_cycle", args=[cycle.slug])).context[
        "files"
    ]:
        assert client.get(address).status_code == 200, address


@pytest.mark.parametrize("make", [lambda: draft_cycle(), lambda: running_cycle()[0], counted])
def test_what_is_not_over_is_not_in_the_archive(client, make):
    cycle = make()
    assert client.get(reverse("archived_cycle", args=[cycle.slug])).status_code == 404
    assert cycle.title not in page_of(client, "archive")


def test_the_archive_of_a_place_holds_what_had_money_for_it(client):
    district, beside = (NeighborhoodFactory(kind=PlaceKind.DISTRICT) for _ in range(2))
    home = NeighborhoodFactory(parent=district)
    of_district = called_off(costs_minor=(), place=district)
    of_city = called_off(costs_minor=())
    for place, expected in (
        (home, {of_district, of_city}),
        (district, {of_district, of_city}),
        (beside, {of_city}),
        (CityFactory(), {of_district, of_city}),
    ):
        listed = client.get(reverse("archive"), {"place": place.slug}).context["page"]
        assert set(listed) == expected, place
    assert client.get(reverse("archive"), {"place": "nowhere"}).status_code == 404
    assert client.get(reverse("archive"), {"page": "9"}).status_code == 404


def test_a_place_leads_to_everything_within_two_clicks(client):
    cycle = published(place=CityFactory())
    project = cycle.proposals.filter(state="selected").first().project
    place = project.neighborhood
    running, _people = running_cycle(costs_minor=())
    ended = CampaignFactory(project__neighborhood=place, state=CampaignState.SETTLED)
    live = CampaignFactory(project__neighborhood=place)
    wanting = ProjectFactory(neighborhood=place, state=ProjectState.STUB, wanted=[Part.PERMIT])
    PledgeFactory(campaign=ended, state=PledgeState.COLLECTED, amount_minor=4_200)
    shown = page_of(client, "neighborhood", place.slug)
    for address in (
        project.get_absolute_url(),
        wanting.get_absolute_url(),
        live.get_absolute_url(),
        ended.get_absolute_url(),
        running.get_absolute_url(),
        reverse("archived_cycle", args=[cycle.slug]),
        reverse("archive") + f"?place={place.slug}",
        reverse("help_wanted") + f"?neighborhood={place.slug}",
        reverse("atom", args=["neighborhood", place.pk]),
        reverse("calendar", args=["neighborhood", place.pk]),
    ):
        assert f'href="{address}"' in shown, address
        assert client.get(address).status_code == 200, address
    context = client.get(reverse("neighborhood", args=[place.slug])).context
    assert context["collected_minor"] == 4_200
    assert context["awarded_minor"] == awarded_in_minor([place.pk]) > 0


def test_a_place_that_no_row_can_hold_is_not_found(client):
    assert client.get(reverse("archive"), {"place": "a\x00b"}).status_code == 404


def test_archive_and_place_ask_as_much_for_many_as_for_one(client):
    place, counts = NeighborhoodFactory(), []
    address = reverse("neighborhood", args=[place.slug])
    for more in (1, 4):
        for _ in range(more):
            called_off(costs_minor=(), place=place)
            running_cycle(costs_minor=())
            CampaignFactory(project__neighborhood=place, state=CampaignState.UNFUNDED)
            ProjectFactory(neighborhood=place, state=ProjectState.STUB, wanted=[Part.PERMIT])
        asked = []
        for page in (address, reverse("archive"), f"{reverse('archive')}?place={place.slug}"):
            with CaptureQueriesContext(connection) as queries:
                client.get(page)
            asked.append(len(queries))
        counts.append(asked)
    assert counts[0] == counts[1]


def test_a_past_vote_asks_as_much_for_many_winners_as_for_one(client):
    counts = []
    for number in (1, 4):
        cycle = published(costs_minor=[1_000] * number, votes=(tuple(range(number)),))
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("archived_cycle", args=[cycle.slug]))
        counts.append(len(queries))
        assert cycle.state == CycleState.PUBLISHED
    assert counts[0] == counts[1]
