from __future__ import annotations

import pytest
from django.urls import reverse

from civicfund.audit.models import Event
from civicfund.people.enums import Role
from civicfund.people.services import grant_role
from tests.factories.people import UserFactory
from tests.factories.places import NeighborhoodFactory, square
from tests.signing_in import sign_in_with_second_factor

pytestmark = pytest.mark.django_db


def enter(client, role: Role):
    staff = UserFactory()
    grant_role(staff, role, by=None)
    staff.refresh_from_db()
    sign_in_with_second_factor(client, staff)
    return staff


def change(client, place, **typed):
    return client.post(reverse("admin:places_neighborhood_change", args=[place.pk]), typed)


def test_a_name_is_corrected_and_the_change_is_recorded(client):
    staff, place = enter(client, Role.BUDGET_ADMINISTRATOR), NeighborhoodFactory(name="Milside")
    change(client, place, name="Millside")
    place.refresh_from_db()
    assert place.name == "Millside"
    event = Event.objects.last()
    assert (event.verb, event.actor, event.data) == (
        "neighborhood.edited",
        staff,
        {"fields": ["name"]},
    )


def test_an_outline_cannot_be_typed_over(client):
    enter(client, Role.BUDGET_ADMINISTRATOR)
    place = NeighborhoodFactory(boundary=square(0, 0))
    change(client, place, name="Same", boundary="{}", slug="other", kind="city", parent="")
    place.refresh_from_db()
    assert (place.boundary, place.kind) == (square(0, 0), "neighborhood")


def test_how_many_people_live_there_is_not_typed_over_here_but_at_the_desk(client):
    enter(client, Role.BUDGET_ADMINISTRATOR)
    place = NeighborhoodFactory(name="Millside", population=900)
    page = client.get(reverse("admin:places_neighborhood_change", args=[place.pk]))
    assert 'name="population"' not in page.content.decode()
    change(client, place, name="Millside", population="1200")
    place.refresh_from_db()
    assert place.population == 900
    assert not Event.objects.filter(target_type="places.neighborhood").exists()


def test_others_look_and_change_nothing(client):
    enter(client, Role.POLL_OFFICER)
    place = NeighborhoodFactory(name="Millside")
    url = reverse("admin:places_neighborhood_change", args=[place.pk])
    assert client.get(url).status_code == 200
    assert change(client, place, name="Mine").status_code == 403
    place.refresh_from_db()
    assert place.name == "Millside"


def test_a_superuser_looks_and_changes_nothing(client):
    sign_in_with_second_factor(client, UserFactory(is_staff=True, is_superuser=True))
    place = NeighborhoodFactory(name="Millside")
    url = reverse("admin:places_neighborhood_change", args=[place.pk])
    assert client.get(url).status_code == 200
    assert change(client, place, name="Mine").status_code == 403
    place.refresh_from_db()
    assert place.name == "Millside"
