"""No page asks the database more when there is more to show."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from budgeting.selectors.options import _remembered
from budgeting.services.counting import count_cycle
from budgeting.services.results import certify, publish
from civicfund.projects.models import Support
from civicfund.talk.services import follow
from tests.budgeting.test_counting import unsealed
from tests.factories.budgeting import (
    certifier,
    running_cycle,
)
from tests.factories.people import ResidencyFactory
from tests.factories.places import NeighborhoodFactory
from tests.factories.pledges import CampaignFactory, PledgeFactory, RewardFactory
from tests.factories.projects import ProjectFactory
from tests.factories.talk import about
from tests.town import test_lists
from tests.town.people import OWNER
from tests.town.routes import LISTS, LISTS_ELSEWHERE, NEEDED, ONE_THING, ROUTES
from tests.town.rows import add_rows
from tests.town.small_town import small_town

pytestmark = pytest.mark.django_db

FEW, MANY = 3, 100


def queries_of(client, address):
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return [query["sql"] for query in queries]


def fill(resident, rows):
    """So many of everything that a resident of a neighborhood sees."""
    for _ in range(rows):
        project = ProjectFactory(neighborhood=resident.neighborhood, proposer=resident.user)
        campaign = CampaignFactory(project=project)
        RewardFactory(campaign=campaign)
        PledgeFactory(campaign=campaign, backer=resident.user, show_name=True)
        NeighborhoodFactory(parent=resident.neighborhood.parent)
        Support.objects.create(project=project, person=resident.user)
        follow(about(project), by=resident.user)


def test_pages_of_the_town_ask_as_much_for_a_hundred_rows_as_for_three(client):
    running_cycle()
    resident = ResidencyFactory()
    client.force_login(resident.user)
    addresses = [
        reverse("home"),
        reverse("my_page"),
        reverse("neighborhood", args=[resident.neighborhood.slug]),
        reverse("neighborhood", args=[resident.neighborhood.parent.slug]),
        reverse("projects"),
        reverse("campaigns"),
        reverse("cycles"),
        reverse("api_projects"),
        reverse("api_campaigns"),
        reverse("api_cycles"),
    ]
    fill(resident, FEW)
    few = {address: queries_of(client, address) for address in addresses}
    fill(resident, MANY - FEW)
    for address in addresses:
        many = queries_of(client, address)
        assert len(many) == len(few[address]), (address, many)


def test_a_campaign_asks_as_much_for_a_hundred_backers_as_for_three(client):
    campaign = CampaignFactory(goal_minor=10_000_000)
    counts = []
    for rows in (FEW, MANY - FEW):
        PledgeFactory.create_batch(rows, campaign=campaign, show_name=True)
        RewardFactory.create_batch(rows // 10 + 1, campaign=campaign)
        counts.append(len(queries_of(client, campaign.get_absolute_url())))
    assert counts[0] == counts[1]


# Nobody reads these: buttons, a kiosk that nobody unlocked, a copy behind a password.
CLOSED = {route for route, declared in ROUTES.items() if not declared.reads}


@pytest.mark.long
@pytest.mark.timeout(300)
def test_every_route_asks_as_much_for_a_hundred_of_everything_as_for_three(
    provider, settings, tmp_path
):
    settings.ACCOUNT_RATE_LIMITS = {}
    settings.RESIDENCE_DOCUMENTS = str(tmp_path / "documents")
    town = small_town()
    add_rows(town, range(1, FEW))
    readable = [route for route in ROUTES if route not in CLOSED]
    for route in readable:
        asked_by(town, route)  # fills what is kept between calls
    few = {route: asked_by(town, route) for route in readable}
    add_rows(town, range(FEW, MANY))
    many = {route: asked_by(town, route) for route in few}
    more = {
        route: [sql for sql in many[route].queries if sql not in few[route].queries]
        for route in few
        if len(many[route].queries) > len(few[route].queries)
    }
    assert more == {}
    grown = {route for route in few if many[route].size > few[route].size + FEW}
    assert LISTS - grown == set()  # the control: the rows are seen
    # A count of more digits is no list.
    longer = {route for route in grown if many[route].size > few[route].size + MANY}
    assert longer - LISTS - set(LISTS_ELSEWHERE) == set()


def test_every_page_says_whether_it_is_a_list_and_which_test_fills_it():
    declared = [*LISTS, *LISTS_ELSEWHERE, *ONE_THING]
    assert sorted(declared) == sorted(set(ROUTES) - CLOSED)
    assert {each for each in LISTS_ELSEWHERE.values() if not hasattr(test_lists, each)} == set()


def asked_by(town, route):
    """What the route asks the database for somebody whom it lets through, and how much it says."""
    readers = ROUTES[route].reads
    person = OWNER if OWNER in readers else min(readers)
    client, address = town.clients[person], town.address(route) + NEEDED.get(route, "")
    _remembered.cache_clear()  # for a minute: which may begin between few and many
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(address)
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return Asked([query["sql"] for query in queries], len(content))


@dataclass(frozen=True)
class Asked:
    queries: list[str]
    size: int


def pages_of_a_cycle(client, options):
    """The queries of a cycle's page, its ballot and, when all is counted, its results."""
    costs = [1_000 + number for number in range(options)]
    running, [voter] = running_cycle(costs_minor=costs)
    client.force_login(voter)
    addresses = [reverse(name, args=[running.slug]) for name in ("cycle", "ballot", "api_cycle")]
    asked = [queries_of(client, address) for address in addresses]
    done = unsealed([[0], [1]], costs_minor=costs)
    count_cycle(done)
    certify(done, by=certifier())
    publish(done, by=certifier())
    for name in ("results", "api_results"):
        asked.append(queries_of(client, reverse(name, args=[done.slug])))
    return asked


def test_a_ballot_of_a_hundred_projects_asks_as_much_as_one_of_three(client):
    for few, many in zip(
        pages_of_a_cycle(client, FEW), pages_of_a_cycle(client, MANY), strict=True
    ):
        assert len(few) == len(many), (few, many)
