"""The first page names every vote that is under way, one's own neighborhood's before all others."""

from __future__ import annotations

import pytest
from django.urls import reverse

from tests.factories.budgeting import running_cycle
from tests.factories.people import ResidencyFactory
from tests.factories.places import NeighborhoodFactory

pytestmark = pytest.mark.django_db


def order_on_home(client, *cycles) -> list[object]:
    page = client.get(reverse("home")).content.decode()
    assert all(cycle.get_absolute_url() in page for cycle in cycles)
    return sorted(cycles, key=lambda cycle: page.index(cycle.get_absolute_url()))


def test_each_vote_under_way_is_named_and_ones_own_comes_first(client):
    home = NeighborhoodFactory()
    places = (home.parent, home, NeighborhoodFactory())
    whole, mine, elsewhere = (running_cycle(place=place)[0] for place in places)
    assert order_on_home(client, whole, mine, elsewhere)[0] == whole
    client.force_login(ResidencyFactory(neighborhood=home).user)
    assert order_on_home(client, whole, mine, elsewhere) == [mine, whole, elsewhere]


def test_of_very_many_the_others_are_one_link_away(client):
    cycles = [running_cycle()[0] for _ in range(5)]
    assert order_on_home(client, *cycles[:4]) == cycles[:4]
    page = client.get(reverse("home")).content.decode()
    assert cycles[4].get_absolute_url() not in page
    assert "All budgets" in page
