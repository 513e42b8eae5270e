"""The archive and a place's page, on both widths."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.factories.budgeting import running_cycle
from tests.factories.places import CityFactory, NeighborhoodFactory
from tests.factories.projects import ProjectFactory
from tests.town.test_archive import called_off, published

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def test_from_a_place_to_a_past_vote_and_what_became_of_it(page, phone, check_axe, screenshot):
    cycle = published(place=CityFactory())
    running_cycle(costs_minor=())
    gone = called_off(costs_minor=(), place=NeighborhoodFactory())
    place = cycle.proposals.first().project.neighborhood
    ProjectFactory(neighborhood=place)
    for each, width in ((phone, 390), (page, 1280)):
        each.goto(place.get_absolute_url())
        check_axe(each)
        screenshot(each, f"place-{width}")
        each.get_by_role("link", name=cycle.title).click()
        expect(each.get_by_role("heading", name="To read and to take away")).to_be_visible()
        check_axe(each)
        screenshot(each, f"past-vote-{width}")
        each.get_by_role("link", name="All past votes").click()
        expect(each.get_by_role("link", name=gone.title)).to_be_visible()
        check_axe(each)
        screenshot(each, f"archive-{width}")
