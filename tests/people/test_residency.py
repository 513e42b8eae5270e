from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from civicfund.audit.models import Event
from civicfund.people.domain import years_before
from civicfund.people.enums import Proof, Role
from civicfund.people.models import Residency, User
from civicfund.people.selectors import proved_residencies_on, residency_of
from civicfund.people.services import (
    ResidencyError,
    grant_role,
    prove_residency,
    state_residency,
)
from tests.factories.people import ResidencyFactory, UserFactory
from tests.factories.places import CityFactory, NeighborhoodFactory, square

pytestmark = pytest.mark.django_db

MAY = date(2026, 5, 1)
JUNE = date(2026, 6, 1)


def officer() -> User:
    user = UserFactory()
    grant_role(user, Role.POLL_OFFICER, by=None)
    return user


def test_a_stated_home_proves_nothing():
    user = UserFactory()
    home = state_residency(user, NeighborhoodFactory(), since=MAY)
    assert residency_of(user) == home
    assert list(proved_residencies_on(JUNE)) == []


def test_an_officer_confirms_somebodys_home():
    home, by = state_residency(UserFactory(), NeighborhoodFactory(), since=MAY), officer()
    prove_residency(home, by=by)
    assert (home.proof, home.proved_by) == (Proof.OFFICER, by)
    assert list(proved_residencies_on(JUNE)) == [home]
    assert Event.objects.last().verb == "residency.proved"


def test_nobody_confirms_their_own_home():
    by = officer()
    home = state_residency(by, NeighborhoodFactory(), since=MAY)
    with pytest.raises(ResidencyError, match="Somebody else"):
        prove_residency(home, by=by)
    home.refresh_from_db()
    assert home.proved_at is None


def test_even_a_superuser_who_is_no_poll_officer_confirms_nothing():
    home = state_residency(UserFactory(), NeighborhoodFactory(), since=MAY)
    with pytest.raises(ResidencyError, match="Only a poll officer"):
        prove_residency(home, by=UserFactory(is_superuser=True))
    home.refresh_from_db()
    assert home.proved_at is None


def test_a_home_is_confirmed_once():
    home = state_residency(UserFactory(), NeighborhoodFactory(), since=MAY)
    first = officer()
    prove_residency(home, by=first)
    with pytest.raises(ResidencyError, match="already been confirmed"):
        prove_residency(home, by=officer())
    home.refresh_from_db()
    assert (home.proof, home.proved_by) == (Proof.OFFICER, first)


def test_a_home_that_was_only_stated_is_corrected():
    user, place = UserFactory(), NeighborhoodFactory()
    state_residency(user, NeighborhoodFactory(), since=JUNE)
    state_residency(user, place, since=MAY)
    assert list(Residency.objects.values_list("neighborhood", "since")) == [(place.pk, MAY)]


def test_a_confirmed_home_ends_where_the_next_one_starts():
    user, place = UserFactory(), NeighborhoodFactory()
    old = state_residency(user, NeighborhoodFactory(), since=MAY)
    prove_residency(old, by=officer())
    new = state_residency(user, place, since=JUNE)
    old.refresh_from_db()
    assert (old.until, new.until, new.proved_at) == (JUNE, None, None)
    assert residency_of(user) == new


@pytest.mark.parametrize("since", [MAY, MAY - timedelta(days=1)])
def test_a_move_before_the_confirmed_home_is_refused(since):
    user = UserFactory()
    home = state_residency(user, NeighborhoodFactory(), since=MAY)
    prove_residency(home, by=officer())
    with pytest.raises(ResidencyError, match="Give a later day"):
        state_residency(user, NeighborhoodFactory(), since=since)
    assert list(Residency.objects.values_list("since", "until")) == [(MAY, None)]


def test_a_correction_cannot_reach_into_a_former_home():
    user = UserFactory()
    ResidencyFactory(user=user, since=MAY, until=JUNE)
    state_residency(user, NeighborhoodFactory(), since=JUNE)
    with pytest.raises(ResidencyError, match="lived elsewhere on that day"):
        state_residency(user, NeighborhoodFactory(), since=MAY)


def test_tomorrow_is_too_early():
    tomorrow = timezone.localdate() + timedelta(days=1)
    with pytest.raises(ResidencyError, match="still to come"):
        state_residency(UserFactory(), NeighborhoodFactory(), since=tomorrow)
    assert Residency.objects.count() == 0


def test_nobody_lives_in_the_whole_town():
    with pytest.raises(ResidencyError, match="Choose a neighborhood"):
        state_residency(UserFactory(), CityFactory(), since=MAY)


def test_the_database_refuses_two_homes_at_a_time():
    user = UserFactory()
    ResidencyFactory(user=user, since=MAY)
    with pytest.raises(IntegrityError, match="residency_one_home"), transaction.atomic():
        ResidencyFactory(user=user, since=JUNE)


def test_the_database_lets_one_home_follow_another():
    user = UserFactory()
    ResidencyFactory(user=user, since=MAY, until=JUNE)
    ResidencyFactory(user=user, since=JUNE)
    assert Residency.objects.count() == 2


@pytest.mark.parametrize(
    "proof", [{"proof": Proof.OFFICER, "proved_at": None}, {"proof": ""}, {"proof": "hearsay"}]
)
def test_the_database_refuses_a_proof_without_its_date_or_kind(proof):
    fields = {"proved_at": datetime(2026, 5, 2, tzinfo=UTC)} | proof
    with pytest.raises(IntegrityError, match="residency_proof"), transaction.atomic():
        ResidencyFactory(**fields)


def test_the_database_refuses_a_home_that_ends_before_it_starts():
    with pytest.raises(IntegrityError), transaction.atomic():
        ResidencyFactory(since=JUNE, until=MAY)


class TestPage:
    @pytest.fixture
    def resident(self, client):
        user = UserFactory()
        client.force_login(user)
        return user

    def test_a_stranger_is_asked_to_sign_in(self, client):
        assert client.get(reverse("residency")).url == "/accounts/login/?next=/me/residency/"

    def test_a_neighborhood_is_chosen_from_the_list(self, client, resident):
        place = NeighborhoodFactory(slug="millside")
        client.post(reverse("residency"), {"neighborhood": "millside", "since": "2026-05-01"})
        assert residency_of(resident).neighborhood == place
        assert "not confirmed yet" in client.get(reverse("residency")).content.decode()

    def test_a_neighborhood_is_found_by_a_point(self, client, resident):
        place = NeighborhoodFactory(boundary=square(0, 0))
        point = {"latitude": "0.5", "longitude": "0.5", "since": "2026-05-01"}
        client.post(reverse("residency"), point)
        assert residency_of(resident).neighborhood == place

    def test_a_confirmed_home_is_shown_as_such(self, client, resident):
        ResidencyFactory(user=resident)
        assert "Confirmed on" in client.get(reverse("residency")).content.decode()

    @pytest.mark.parametrize(
        ("typed", "wrong"),
        [
            ({"since": "2026-05-01"}, "neighborhood"),
            ({"neighborhood": "atlantis", "since": "2026-05-01"}, "neighborhood"),
            ({"neighborhood": "marrowmere", "since": "2026-05-01"}, "neighborhood"),
            ({"latitude": "50", "longitude": "50", "since": "2026-05-01"}, "latitude"),
            ({"neighborhood": "millside"}, "since"),
            ({"neighborhood": "millside", "since": "yesterday"}, "since"),
            ({"neighborhood": "millside", "since": "2999-01-01"}, "since"),
        ],
    )
    def test_a_wrong_field_is_named_and_nothing_is_kept(self, client, resident, typed, wrong):
        NeighborhoodFactory(slug="millside", boundary=square(0, 0))
        answer = client.post(reverse("residency"), typed)
        assert answer.status_code == 400
        assert list(answer.context["form"].errors) == [wrong]
        assert Residency.objects.count() == 0


def test_an_age_is_noted_only_of_a_home_that_is_confirmed():
    with pytest.raises(IntegrityError, match="residency_age_with_its_proof"), transaction.atomic():
        ResidencyFactory(proof="", proved_at=None, born_by=MAY)


def test_who_is_born_on_a_leap_day_is_older_on_the_first_of_march():
    assert years_before(date(2024, 2, 29), 16) == date(2008, 2, 29)
    assert years_before(date(2024, 2, 29), 15) == date(2009, 2, 28)
    assert years_before(date(2026, 5, 1), 16) == date(2010, 5, 1)
