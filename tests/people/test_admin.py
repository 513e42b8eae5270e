from __future__ import annotations

import pytest
from django.urls import reverse

from civicfund.audit.models import Withdrawal
from civicfund.people.enums import Role
from civicfund.people.models import Residency, RoleGrant, RoleRequest, User
from civicfund.people.services import agree_to_role, ask_for_role, grant_role
from tests.factories.people import ResidencyFactory, UserFactory
from tests.signing_in import sign_in_with_second_factor

pytestmark = pytest.mark.django_db

RESIDENCIES = reverse("admin:people_residency_changelist")
PEOPLE = reverse("admin:people_user_changelist")
REQUESTS = reverse("admin:people_rolerequest_changelist")
QUERIES = 5


@pytest.fixture
def officer(client):
    user = UserFactory()
    grant_role(user, Role.POLL_OFFICER, by=None)
    user.refresh_from_db()
    sign_in_with_second_factor(client, user)
    return user


@pytest.fixture
def superuser(client):
    user = UserFactory(is_staff=True, is_superuser=True)
    sign_in_with_second_factor(client, user)
    return user


def new_superuser():
    return UserFactory(is_staff=True, is_superuser=True)


def stated(**fields) -> Residency:
    return ResidencyFactory(proof="", proved_at=None, **fields)


def act(client, listed: str, name: str, row):
    chosen = {"action": name, "_selected_action": row.pk, "index": "0"}
    return client.post(listed, chosen, follow=True)


def test_a_poll_officer_reads_no_list_of_homes_and_confirms_none(client, officer):
    """They find one at a time at their desk, where it is recorded that they looked."""
    home = stated()
    page = reverse("admin:people_residency_change", args=[home.pk])
    for address in (RESIDENCIES, f"{RESIDENCIES}?q={home.user.email}", page):
        assert client.get(address).status_code == 403
    act(client, RESIDENCIES, "confirm_seen", home)
    home.refresh_from_db()
    assert home.proved_at is None
    assert "residency" not in client.get(reverse("admin:index")).content.decode()
    assert client.get(reverse("homes_desk")).status_code == 200  # the control


def test_a_superuser_looks_at_homes_and_confirms_none_as_an_officer_either(client, superuser):
    grant_role(superuser, Role.POLL_OFFICER, by=None)
    home = stated()
    page = client.get(reverse("admin:people_residency_change", args=[home.pk]))
    assert page.status_code == 200
    assert "Confirm:" not in page.content.decode()
    act(client, RESIDENCIES, "confirm_seen", home)
    home.refresh_from_db()
    assert home.proved_at is None


def test_a_proof_cannot_be_typed_in(client, superuser):
    home = stated()
    url = reverse("admin:people_residency_change", args=[home.pk])
    typed = {"proof": "officer", "proved_at_0": "2026-01-01", "proved_at_1": "00:00"}
    assert client.post(url, typed).status_code == 403
    home.refresh_from_db()
    assert home.proved_at is None


def test_a_superuser_asks_for_a_role_that_another_gives_and_takes(client, superuser):
    person = UserFactory(display_name="Ann")
    act(client, PEOPLE, "ask_for_reviewer", person)
    asked = RoleRequest.objects.get()
    own = act(client, REQUESTS, "agree", asked).content.decode()
    assert "Somebody else than who asked for it has to agree." in own
    assert not RoleGrant.objects.exists()
    another = UserFactory(is_staff=True, is_superuser=True)
    sign_in_with_second_factor(client, another)
    listed = client.get(REQUESTS).content.decode()
    assert "Ann" in listed
    assert "waits for another superuser" in listed
    act(client, REQUESTS, "agree", asked)
    grant = RoleGrant.objects.get()
    assert (grant.user, grant.role, grant.granted_by) == (person, Role.REVIEWER, superuser)
    assert f"{another} agreed" in client.get(REQUESTS).content.decode()
    assert str(another) in client.get(f"{PEOPLE}{person.pk}/change/").content.decode()
    act(client, PEOPLE, "revoke_reviewer", person)
    assert RoleGrant.objects.count() == 0


def test_to_agree_takes_a_second_factor_given_just_now(client, superuser, settings):
    asked = ask_for_role(UserFactory(), Role.CLERK, by=new_superuser())
    settings.SECOND_FACTOR_RECENT_SECONDS = -1
    chosen = {"action": "agree", "_selected_action": asked.pk, "index": "0"}
    answer = client.post(REQUESTS, chosen)
    assert answer.url.startswith(reverse("mfa_reauthenticate"))
    assert not RoleGrant.objects.exists()


@pytest.mark.parametrize("deed", ["revoke_observer", "ask_for_clerk"])
def test_to_ask_for_a_role_and_to_take_one_takes_a_second_factor_given_just_now(
    client, superuser, settings, deed
):
    person = UserFactory()
    grant_role(person, Role.OBSERVER, by=None)
    settings.SECOND_FACTOR_RECENT_SECONDS = -1
    chosen = {"action": deed, "_selected_action": person.pk, "index": "0"}
    answer = client.post(PEOPLE, chosen)
    assert answer.url.startswith(reverse("mfa_reauthenticate"))
    assert RoleGrant.objects.get().role == Role.OBSERVER
    assert not RoleRequest.objects.exists()


def test_whoever_asked_takes_it_back(client, superuser):
    asked = ask_for_role(UserFactory(), Role.CLERK, by=superuser)
    act(client, REQUESTS, "take_back", asked)
    assert Withdrawal.objects.get().request_id == asked.pk
    assert "taken back" in client.get(REQUESTS).content.decode()


def test_only_superusers_see_and_agree_to_roles_that_were_asked_for(client, officer):
    asked = ask_for_role(officer, Role.CLERK, by=new_superuser())
    assert client.get(REQUESTS).status_code == 403
    act(client, REQUESTS, "agree", asked)
    assert list(RoleGrant.objects.values_list("role", flat=True)) == ["poll_officer"]


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_of_roles_takes_as_many_queries_for_many(
    client, superuser, django_assert_num_queries, rows
):
    for role in list(Role)[:rows]:
        agree_to_role(ask_for_role(UserFactory(), role, by=superuser), by=new_superuser())
        ask_for_role(UserFactory(), role, by=superuser)
    client.get(REQUESTS)
    with django_assert_num_queries(QUERIES):
        client.get(REQUESTS)


def test_a_poll_officer_does_not_see_peoples_accounts(client, officer):
    assert client.get(PEOPLE).status_code == 403
    act(client, PEOPLE, "ask_for_treasurer", officer)
    assert not RoleRequest.objects.exists()
    assert list(RoleGrant.objects.values_list("role", flat=True)) == ["poll_officer"]


def test_nobody_makes_a_superuser_through_the_admin(client, superuser):
    person = UserFactory()
    url = reverse("admin:people_user_change", args=[person.pk])
    assert client.post(url, {"is_superuser": "on", "is_staff": "on"}).status_code == 403
    assert not User.objects.get(pk=person.pk).is_superuser


def test_passwords_are_not_shown(client, superuser):
    page = client.get(reverse("admin:people_user_change", args=[superuser.pk])).content.decode()
    assert superuser.password not in page
