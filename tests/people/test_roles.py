from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from civicfund.audit.models import Event
from civicfund.people.enums import Role
from civicfund.people.models import RoleGrant, User
from civicfund.people.services import RoleError, grant_role, revoke_role
from tests.factories.people import UserFactory

pytestmark = pytest.mark.django_db


def test_a_role_opens_the_admin_site_and_is_a_permission():
    user = UserFactory()
    grant_role(user, Role.REVIEWER, by=UserFactory(is_superuser=True))
    user = User.objects.get(pk=user.pk)
    assert user.is_staff
    assert user.has_perm("people.reviewer")
    assert not user.has_perm("people.treasurer")


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
        grant_role(officer, Role.TREASURER, by=officer)
    with pytest.raises(RoleError):
        revoke_role(officer, Role.BUDGET_ADMINISTRATOR, by=user)
    assert list(RoleGrant.objects.values_list("role", flat=True)) == ["budget_administrator"]


def test_the_last_role_taken_closes_the_admin_site():
    user, root = UserFactory(), UserFactory(is_superuser=True)
    grant_role(user, Role.REVIEWER, by=root)
    grant_role(user, Role.TREASURER, by=root)
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
    root = UserFactory(is_superuser=True, is_staff=True)
    grant_role(root, Role.REVIEWER, by=root)
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
