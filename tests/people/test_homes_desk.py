"""The desk where officers confirm the homes of people who stand before it."""

from __future__ import annotations

from datetime import date

import pytest
from django.urls import reverse
from django.utils.timezone import localtime

from civicfund.audit.models import Event
from civicfund.people.domain import years_before
from civicfund.people.enums import Proof, Role
from civicfund.people.forms import ConfirmHomeForm
from civicfund.people.models import Residency
from civicfund.people.services import grant_role, state_residency
from tests.factories.people import ResidencyFactory, UserFactory
from tests.factories.places import NeighborhoodFactory
from tests.signing_in import sign_in_with_second_factor, verified

pytestmark = pytest.mark.django_db
DESK = "/desk/homes/"
MAY = date(2026, 5, 1)


@pytest.fixture
def officer(client):
    person = UserFactory()
    grant_role(person, Role.POLL_OFFICER, by=None)
    sign_in_with_second_factor(client, person)
    return person


@pytest.fixture
def home():
    return state_residency(verified(UserFactory()), NeighborhoodFactory(), since=MAY)


def find(client, email):
    return client.post(DESK, {"act": "find", "email": email})


def found(home, officer):
    """What the page gives an officer who has found the home."""
    return ConfirmHomeForm.of(home, by=officer).initial["found"]


def confirm(client, home, officer, /, **changed):
    sent = {"act": "confirm", "papers": "card", "found": found(home, officer)}
    return client.post(DESK, sent | changed)


def trail(home):
    told = Event.objects.filter(target_type="people.residency", target_id=str(home.pk))
    return [(event.verb, event.actor) for event in told.order_by("pk")]


def test_an_officer_finds_a_person_by_the_address_compares_and_confirms(client, officer, home):
    page = find(client, home.user.email.upper())
    assert page.status_code == 200
    for shown in (home.user.display_name, home.neighborhood.name, "1 May 2026"):
        assert shown in page.content.decode()
    assert home.user.email not in page.content.decode()
    assert found(home, officer).split(":")[0] in page.content.decode()
    answer = confirm(client, home, officer, papers="letter", at_least="16")
    assert answer["Location"] == DESK
    home.refresh_from_db()
    assert (home.proof, home.proved_by) == (Proof.OFFICER, officer)
    assert home.born_by == years_before(localtime(home.proved_at).date(), 16)
    assert trail(home)[1:] == [("residency.looked_up", officer), ("residency.proved", officer)]
    assert Event.objects.latest("pk").data == {"proof": "officer", "papers": "letter"}


@pytest.mark.parametrize("part", ["person", "@example.org", "%", "*", "nobody@example.org"])
def test_a_part_of_an_address_finds_nobody(client, officer, home, part):
    page = find(client, part)
    assert page.status_code == 400
    assert home.user.display_name not in page.content.decode()
    assert len(trail(home)) == 1


def test_an_address_that_nobody_proved_finds_nobody(client, officer):
    home = state_residency(UserFactory(), NeighborhoodFactory(), since=MAY)
    page = find(client, home.user.email)
    assert page.status_code == 400
    assert "Nobody has an account with this address." in page.content.decode()


def test_somebody_who_has_not_said_where_they_live_is_told_to(client, officer):
    page = find(client, verified(UserFactory()).email)
    assert page.status_code == 400
    assert "They have not said where they live yet" in page.content.decode()


def test_nobody_confirms_their_own_home_at_the_desk(client, officer):
    own = state_residency(officer, NeighborhoodFactory(), since=MAY)
    for answer in (find(client, officer.email), confirm(client, own, officer)):
        assert answer.status_code == 400
        assert "Somebody else has to confirm" in answer.content.decode()
    own.refresh_from_db()
    assert own.proved_at is None


def test_a_home_that_was_stated_anew_meanwhile_is_not_confirmed(client, officer, home):
    read = Residency.objects.get(pk=home.pk)
    state_residency(home.user, NeighborhoodFactory(), since=MAY)
    answer = confirm(client, read, officer)
    assert answer.status_code == 400
    assert "Another home was stated since" in answer.content.decode()
    home.refresh_from_db()
    assert home.proved_at is None


@pytest.mark.parametrize("wrong", [{"papers": ""}, {"papers": "none"}, {"at_least": "17"}])
def test_what_is_not_filled_in_confirms_nothing(client, officer, home, wrong):
    assert confirm(client, home, officer, **wrong).status_code == 400
    home.refresh_from_db()
    assert home.proved_at is None


def test_nobody_comes_to_a_home_that_they_have_not_looked_up(client, officer, home, monkeypatch):
    """With a number, a page of another officer, an altered one, or one of an hour ago."""
    mine = found(home, officer)
    for sent in ("", str(home.pk), found(home, UserFactory()), f"x{mine}", f"{mine}x"):
        answer = confirm(client, home, officer, found=sent)
        assert answer.status_code == 400
        assert home.user.display_name not in answer.content.decode()
    monkeypatch.setattr("civicfund.people.forms._FOUND_SECONDS", -1)
    assert confirm(client, home, officer).status_code == 400
    home.refresh_from_db()
    assert home.proved_at is None
    monkeypatch.undo()
    assert confirm(client, home, officer).status_code == 302  # the control


def test_a_confirmed_home_is_not_confirmed_again_but_an_age_is_noted(client, officer):
    home = ResidencyFactory(born_by=None)
    assert confirm(client, home, officer).status_code == 400
    assert confirm(client, home, officer, at_least="18").status_code == 302
    home.refresh_from_db()
    assert home.born_by is not None
    assert Event.objects.latest("pk").verb == "residency.age_seen"


def test_an_officer_who_looks_up_everybody_is_stopped(client, officer, home, settings):
    settings.ACCOUNT_RATE_LIMITS = {"find_home": "2/h/user"}
    codes = [find(client, home.user.email).status_code for _ in range(3)]
    assert codes == [200, 200, 429]


def test_nobody_else_finds_or_confirms_anybody(client, home):
    for role in set(Role) - {Role.POLL_OFFICER}:
        person = UserFactory()
        grant_role(person, role, by=None)
        sign_in_with_second_factor(client, person)
        assert find(client, home.user.email).status_code == 403
        assert confirm(client, home, person).status_code == 403
    home.refresh_from_db()
    assert home.proved_at is None
    assert len(trail(home)) == 1


def test_the_desk_is_among_an_officers_desks(client, officer):
    assert f'href="{DESK}"' in client.get(reverse("my_desks")).content.decode()
