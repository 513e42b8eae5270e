"""Every route by every method for everybody, in one small town: nobody gets in undeclared."""

from __future__ import annotations

import logging

import pytest
from django.urls import get_resolver

from civicfund.people.enums import Role
from tests.factories.people import UserFactory
from tests.factories.pledges import PledgeFactory
from tests.town.matrix import differences, openings
from tests.town.people import ANONYMOUS, CO_AUTHOR, RESIDENT, ROLES, VOTER, every_role_but
from tests.town.routes import ADMINISTRATORS, ROUTES
from tests.town.small_town import Sessions, is_private, small_town
from tests.town.test_routes import room_of, walk

pytestmark = pytest.mark.django_db
# None of them prepares a cycle or writes what is private.
OUTSIDERS = (ANONYMOUS, RESIDENT, CO_AUTHOR, VOTER, *sorted(set(ROLES) - ADMINISTRATORS))


@pytest.fixture
def quiet():
    """What is refused on purpose writes thousands of lines."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


# Treasurers set money aside for a vote while it is a draft, and see that much of it.
LET_IN = {("budget/<slug:slug>/money/", str(Role.TREASURER))}


@pytest.fixture
def town(provider, settings, tmp_path, quiet):
    settings.ACCOUNT_RATE_LIMITS = {}
    settings.RESIDENCE_DOCUMENTS = str(tmp_path / "documents")
    return small_town()


@pytest.mark.long
@pytest.mark.timeout(300)
def test_everybody_is_answered_as_declared(town):
    found = [
        difference
        for route, declared in ROUTES.items()
        for difference in differences(route, declared, town.address(route), town.clients)
    ]
    if found:
        pytest.fail("\n".join(found))


@pytest.mark.timeout(300)
def test_what_is_not_public_opens_to_no_outsider(town):
    clients = {name: town.clients[name] for name in OUTSIDERS}
    found = [
        opening
        for route, declared in ROUTES.items()
        if is_private(route)
        for opening in openings(
            route,
            declared,
            town.address(route, private=True),
            {name: each for name, each in clients.items() if (route, name) not in LET_IN},
        )
    ]
    if found:
        pytest.fail("\n".join(found))


def test_a_door_left_open_is_found(client, settings, quiet):
    """The control: the same look at a site with two pages that let everybody in."""
    settings.ROOT_URLCONF = "tests.town.open_urls"
    client.force_login(UserFactory())
    pledge = PledgeFactory()
    addresses = {"treasury/": "/treasury/", "pledges/<uuid:pk>/": f"/pledges/{pledge.pk}/"}
    for route, address in addresses.items():
        found = list(differences(route, ROUTES[route], address, Sessions({RESIDENT: client})))
        began = tuple(
            f"{method} {route} by {person}: "
            for method, person in (
                ("GET", RESIDENT),
                ("POST", RESIDENT),
                ("GET", every_role_but(ROUTES[route].reads)),
            )
        )
        assert all(any(words.startswith(begin) for words in found) for begin in began), found
    assert list(openings("treasury/", ROUTES["treasury/"], "/treasury/", {RESIDENT: client}))


def test_a_door_that_nobody_declared_is_found():
    found = {route for route, _name in walk(get_resolver("tests.town.open_urls"))}
    undeclared = {route for route in found if not room_of(route)} - set(ROUTES)
    assert undeclared == {"treasury/backdoor/"}
