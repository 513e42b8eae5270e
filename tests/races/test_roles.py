"""Two superusers who take a role from each other at the same moment."""

from __future__ import annotations

import pytest
from django.db import connection, transaction

from civicfund.audit.models import Event
from civicfund.people.enums import Role
from civicfund.people.models import RoleGrant
from civicfund.people.services import grant_role, revoke_role
from tests.factories.people import UserFactory
from tests.races.test_complaint_locks import elsewhere

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def superuser():
    person = UserFactory(is_superuser=True, is_staff=True)
    grant_role(person, Role.OBSERVER, by=None)
    return person


def without_waiting(act):
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '3s'")
    act()


def test_two_who_take_a_role_from_each_other_wait_for_nobody():
    one, other = superuser(), superuser()
    with transaction.atomic():
        revoke_role(other, Role.OBSERVER, by=one)
        answer = elsewhere(
            lambda: without_waiting(lambda: revoke_role(one, Role.OBSERVER, by=other))
        )
    assert answer is None
    assert not RoleGrant.objects.exists()
    assert Event.objects.filter(verb="role.revoked").count() == 2
