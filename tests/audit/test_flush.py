"""Between tests that commit: nothing is left, facts included, and numbers begin at one again."""

from __future__ import annotations

import psycopg
import pytest
from django.db import connections

from civicfund.audit.management.commands.flush import delete, may_pass_triggers, truncate
from civicfund.audit.models import Event
from civicfund.audit.services import record
from civicfund.people.models import User
from tests.factories.people import UserFactory

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


@pytest.fixture
def owner():
    given = connections["owner"].settings_dict
    with psycopg.connect(
        host=given["HOST"],
        port=given["PORT"],
        user=given["USER"],
        password=given["PASSWORD"],
        dbname=connections["default"].settings_dict["NAME"],
    ) as connection:
        yield connection


@pytest.mark.parametrize("empty", [delete, truncate])
def test_everything_is_gone_and_numbers_begin_at_one(owner, empty):
    person = UserFactory()
    record("something.happened", person, actor=person)
    empty(owner, ["people_user", "audit_event"])
    owner.commit()
    assert not User.objects.exists()
    assert not Event.objects.exists()
    assert UserFactory().pk == 1


def test_the_servers_of_tests_let_their_owner_pass_triggers_and_the_application_not(owner):
    assert may_pass_triggers(owner)
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT has_parameter_privilege('session_replication_role', 'SET')")
        assert cursor.fetchone() == (False,)
