from __future__ import annotations

from datetime import timedelta
from importlib import import_module

import pytest
from django.db import DatabaseError, IntegrityError, connection, connections, transaction

from civicfund.audit.checks import town_is_not_made_up
from civicfund.audit.models import LAPSES_AFTER, ActRequest, Approval, Event
from civicfund.audit.services import approve_act, db_now, request_act
from civicfund.people.enums import Role
from civicfund.people.models import GIVE_ROLE, RoleGrant, RoleRequest, User
from civicfund.people.services import (
    RoleError,
    agree_to_role,
    ask_for_role,
    grant_role,
    mark_as_made_up,
    revoke_role,
    take_back_role_request,
)
from civicfund.people.services.made_up import MADE_UP, is_made_up
from tests.factories.people import UserFactory

pytestmark = pytest.mark.django_db


def superuser(**fields):
    return UserFactory(is_superuser=True, is_staff=True, **fields)


def given(user, role, *, asked_by=None):
    return agree_to_role(ask_for_role(user, role, by=asked_by or superuser()), by=superuser())


def test_a_role_opens_the_admin_site_and_is_a_permission():
    user = UserFactory()
    given(user, Role.REVIEWER)
    user = User.objects.get(pk=user.pk)
    assert user.is_staff
    assert user.has_perm("people.reviewer")
    assert not user.has_perm("people.treasurer")


def test_one_superuser_asks_another_gives_and_both_are_known():
    user, one, another = UserFactory(), superuser(), superuser()
    asked = ask_for_role(user, Role.REVIEWER, by=one)
    assert not RoleGrant.objects.exists()
    grant = agree_to_role(asked, by=another)
    assert (grant.user, grant.role, grant.granted_by) == (user, Role.REVIEWER, one)
    assert grant.approval.approved_by == another
    [event] = Event.objects.all()
    assert (event.verb, event.actor, event.data) == ("role.granted", another, {"role": "reviewer"})


def test_nobody_gives_a_role_alone_by_the_service():
    one = superuser()
    asked = ask_for_role(one, Role.CERTIFIER, by=one)
    with pytest.raises(RoleError, match="Somebody else"):
        agree_to_role(asked, by=one)
    assert not Approval.objects.exists()
    assert not RoleGrant.objects.exists()


def by_their_own_name(user, role, one):
    RoleGrant.objects.create(user=user, role=role, granted_by=one)


def with_an_approval_of_another_role(user, role, one):
    grant = given(user, Role.OBSERVER, asked_by=one)
    RoleGrant.objects.create(user=user, role=role, granted_by=one, approval=grant.approval)


def with_an_approval_for_somebody_else(user, role, one):
    grant = given(UserFactory(), role, asked_by=one)
    grant.delete()
    RoleGrant.objects.create(user=user, role=role, granted_by=one, approval_id=grant.approval_id)


def as_asked_for_by_somebody_else(user, role, one):
    grant = given(user, role)
    grant.delete()
    RoleGrant.objects.create(user=user, role=role, granted_by=one, approval_id=grant.approval_id)


def with_an_approval_of_another_act(user, role, one):
    asked = request_act("cycle.open", user, requested_by=one, role=role)
    approval = approve_act(asked, approved_by=superuser())
    RoleGrant.objects.create(user=user, role=role, granted_by=one, approval=approval)


def as_asked_and_agreed_to(user, role, one, **agreed):
    """A request, an approval and the grant, written by hand."""
    asked = request_act(GIVE_ROLE, user, requested_by=one, role=role)
    approval = Approval.objects.create(request=asked, requested_by=one, **agreed)
    RoleGrant.objects.create(user=user, role=role, granted_by=one, approval=approval)


def agreed_to_by_somebody_who_is_no_superuser(user, role, one):
    as_asked_and_agreed_to(user, role, one, approved_by=UserFactory(is_staff=True))


def agreed_to_by_a_superuser_whose_account_is_closed(user, role, one):
    as_asked_and_agreed_to(user, role, one, approved_by=superuser(is_active=False))


def asked_for_by_somebody_who_is_no_superuser(user, role, one):
    as_asked_and_agreed_to(user, role, UserFactory(is_staff=True), approved_by=one)


def with_an_approval_of_an_hour_ago(user, role, one):
    as_asked_and_agreed_to(
        user, role, one, approved_by=superuser(), at=db_now() - timedelta(hours=1)
    )


def by_nobody_with_an_approval(user, role, one):
    grant = given(user, role, asked_by=one)
    grant.delete()
    RoleGrant.objects.create(user=user, role=role, approval_id=grant.approval_id)


def by_changing_a_role_that_is_held(user, role, one):
    grant_role(user, Role.OBSERVER, by=None)
    RoleGrant.objects.filter(user=user).update(role=role)


@pytest.mark.parametrize(
    "forge",
    [
        by_their_own_name,
        with_an_approval_of_another_role,
        with_an_approval_for_somebody_else,
        as_asked_for_by_somebody_else,
        with_an_approval_of_another_act,
        agreed_to_by_somebody_who_is_no_superuser,
        agreed_to_by_a_superuser_whose_account_is_closed,
        asked_for_by_somebody_who_is_no_superuser,
        with_an_approval_of_an_hour_ago,
        by_nobody_with_an_approval,
        by_changing_a_role_that_is_held,
    ],
)
def test_the_database_refuses_a_role_that_two_did_not_give(forge):
    user = UserFactory()
    with pytest.raises(DatabaseError, match=r"by two people|given and taken"), transaction.atomic():
        forge(user, Role.CERTIFIER, superuser())
    assert not RoleGrant.objects.filter(user=user, role=Role.CERTIFIER).exists()


def test_two_superusers_give_a_role_by_the_same_way():
    user, one = UserFactory(), superuser()
    as_asked_and_agreed_to(user, Role.CERTIFIER, one, approved_by=superuser())
    assert RoleGrant.objects.get().user == user


def test_the_database_refuses_an_approval_that_is_dated_ahead():
    asked = request_act(GIVE_ROLE, UserFactory(), requested_by=superuser(), role=Role.CERTIFIER)
    with pytest.raises(DatabaseError, match="ahead of time"), transaction.atomic():
        Approval.objects.create(
            request=asked,
            requested_by=asked.requested_by,
            approved_by=superuser(),
            at=db_now() + timedelta(minutes=1),
        )
    assert not Approval.objects.exists()


REAL = import_module("civicfund.people.migrations.0016_roles_of_made_up_towns").REAL.replace(
    "CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"
)


@pytest.fixture
def real_town():
    """As every town is that its owner did not mark as made up."""
    with connections["owner"].cursor() as owner:
        owner.execute(REAL)
    yield
    with connections["owner"].cursor() as owner:
        owner.execute(MADE_UP)


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_in_a_real_town_nobody_gives_a_role_and_two_superusers_do(real_town):
    user = UserFactory()
    with pytest.raises(DatabaseError, match="by two people"):
        grant_role(user, Role.CERTIFIER, by=None)
    with pytest.raises(DatabaseError, match="by two people"):
        RoleGrant.objects.bulk_create([RoleGrant(user=user, role=Role.CERTIFIER)])
    assert not RoleGrant.objects.exists()
    assert not User.objects.get(pk=user.pk).is_staff
    assert given(user, Role.CERTIFIER)


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_the_application_cannot_say_that_a_town_is_made_up(real_town):
    with (
        pytest.raises(DatabaseError, match=r"permission denied|must be owner"),
        connection.cursor() as application,
    ):
        application.execute(MADE_UP)
    assert not is_made_up()


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_a_town_with_people_is_not_marked_as_made_up(real_town):
    UserFactory()
    with pytest.raises(RoleError, match="not made up"):
        mark_as_made_up()
    assert not is_made_up()


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_production_is_warned_of_a_town_that_is_marked_as_made_up(settings):
    settings.DEBUG = False
    (said,) = town_is_not_made_up(databases=["default"])
    assert said.id == "civicfund.E002"
    with connections["owner"].cursor() as owner:
        owner.execute(REAL)
    try:
        assert town_is_not_made_up(databases=["default"]) == []
        mark_as_made_up()
        assert is_made_up()
    finally:
        with connections["owner"].cursor() as owner:
            owner.execute(MADE_UP)


@pytest.mark.django_db(transaction=True)
def test_an_approval_gives_a_role_once_and_not_again_after_it_was_taken():
    user, one = UserFactory(), superuser()
    grant = given(user, Role.CERTIFIER, asked_by=one)
    revoke_role(user, Role.CERTIFIER, by=one)
    with pytest.raises(DatabaseError, match="by two people"):
        RoleGrant.objects.create(
            user=user, role=Role.CERTIFIER, granted_by=one, approval_id=grant.approval_id
        )
    assert not RoleGrant.objects.exists()


def agreed_already(asked, asker):
    agree_to_role(asked, by=superuser())


def taken_back(asked, asker):
    take_back_role_request(asked, by=asker)


def asker_is_none_any_more(asked, asker):
    User.objects.filter(pk=asker.pk).update(is_superuser=False)


def account_closed(asked, asker):
    User.objects.filter(pk=asked.target_id).update(is_active=False)


def given_otherwise(asked, asker):
    grant_role(User.objects.get(pk=asked.target_id), Role.CLERK, by=None)


@pytest.mark.parametrize(
    ("meanwhile", "words"),
    [
        (agreed_already, "already"),
        (taken_back, "already"),
        (asker_is_none_any_more, "no superuser any more"),
        (account_closed, "no account that is in use"),
        (given_otherwise, "holds the role already"),
    ],
)
def test_what_was_asked_for_is_not_given_where_something_came_between(meanwhile, words):
    asker = superuser()
    asked = ask_for_role(UserFactory(), Role.CLERK, by=asker)
    meanwhile(asked, asker)
    before = RoleGrant.objects.count()
    with pytest.raises(RoleError, match=words):
        agree_to_role(asked, by=superuser())
    assert RoleGrant.objects.count() == before


def test_what_was_asked_for_lapses_after_a_week():
    user, asker = UserFactory(), superuser()
    long_ago = db_now() - LAPSES_AFTER["people.user"]
    asked = ActRequest.objects.create(
        at=long_ago, act=GIVE_ROLE, target_type="people.user", target_id=str(user.pk),
        parameters={"role": "clerk"}, requested_by=asker,
    )  # fmt: skip
    with pytest.raises(RoleError, match="lapsed"):
        agree_to_role(asked, by=superuser())
    with pytest.raises(DatabaseError, match="lapsed"), transaction.atomic():
        approve_act(asked, approved_by=superuser())
    assert agree_to_role(ask_for_role(user, Role.CLERK, by=asker), by=superuser())


def test_the_same_role_is_not_asked_for_twice_at_once():
    user = UserFactory()
    ask_for_role(user, Role.CLERK, by=superuser())
    with pytest.raises(RoleError, match="waits for another superuser"):
        ask_for_role(user, Role.CLERK, by=superuser())
    ask_for_role(user, Role.OBSERVER, by=superuser())
    assert RoleRequest.objects.waiting().count() == 2


def test_only_who_asked_takes_it_back():
    asked = ask_for_role(UserFactory(), Role.CLERK, by=superuser())
    with pytest.raises(RoleError, match="Only the person who asked"):
        take_back_role_request(asked, by=superuser())
    assert agree_to_role(asked, by=superuser())


def test_granting_twice_is_granting_once():
    user = UserFactory()
    for _ in range(2):
        grant_role(user, Role.REVIEWER, by=None)
    assert RoleGrant.objects.count() == 1
    assert Event.objects.count() == 1


def test_only_a_superuser_gives_and_takes_roles():
    user, officer = UserFactory(), UserFactory()
    grant_role(officer, Role.BUDGET_ADMINISTRATOR, by=None)
    with pytest.raises(RoleError):
        ask_for_role(officer, Role.TREASURER, by=officer)
    asked = ask_for_role(user, Role.TREASURER, by=superuser())
    with pytest.raises(RoleError):
        agree_to_role(asked, by=officer)
    with pytest.raises(RoleError):
        agree_to_role(asked, by=superuser(is_active=False))
    with pytest.raises(RoleError):
        revoke_role(officer, Role.BUDGET_ADMINISTRATOR, by=user)
    assert list(RoleGrant.objects.values_list("role", flat=True)) == ["budget_administrator"]


def test_the_last_role_taken_closes_the_admin_site():
    user, root = UserFactory(), superuser()
    given(user, Role.REVIEWER)
    given(user, Role.TREASURER)
    revoke_role(user, Role.REVIEWER, by=root)
    assert User.objects.get(pk=user.pk).is_staff
    revoke_role(user, Role.TREASURER, by=root)
    assert not User.objects.get(pk=user.pk).is_staff
    assert Event.objects.last().verb == "role.revoked"


def test_a_role_that_is_not_held_cannot_be_taken():
    with pytest.raises(RoleError, match="does not hold"):
        revoke_role(UserFactory(), Role.REVIEWER, by=None)
    assert Event.objects.count() == 0


def test_a_superuser_without_roles_stays_in_the_admin_site():
    root = superuser()
    given(root, Role.REVIEWER, asked_by=root)
    revoke_role(root, Role.REVIEWER, by=root)
    assert User.objects.get(pk=root.pk).is_staff


def test_the_database_refuses_a_role_that_is_none():
    with pytest.raises(IntegrityError, match="role_grant_known"), transaction.atomic():
        RoleGrant.objects.create(user=UserFactory(), role="emperor")


def test_the_database_refuses_an_address_in_capitals():
    with pytest.raises(IntegrityError, match="user_email_lower_case"), transaction.atomic():
        User.objects.create(email="Ann@Example.org")


def test_an_address_is_kept_in_lower_case():
    user = User.objects.create_user(" Ann@Example.ORG ", "correct horse battery")
    assert user.email == "ann@example.org"
