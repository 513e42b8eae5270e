"""What is read together is of one instant, though others write meanwhile."""

from __future__ import annotations

import pytest
from django.db import connection, connections
from django.db.utils import InternalError

from civicfund.audit.services import one_moment
from civicfund.people.models import User
from tests.factories.people import UserFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def renamed_elsewhere():
    """``renamed_elsewhere()``: everybody is called Ann, written by another connection."""
    other = connections.create_connection("default")

    def write():
        with other.cursor() as cursor:
            cursor.execute("UPDATE people_user SET display_name = 'Ann'")

    yield write
    other.close()


def test_what_is_written_meanwhile_is_not_seen_until_it_is_over(renamed_elsewhere):
    UserFactory(display_name="Nell")
    with one_moment():
        assert User.objects.get().display_name == "Nell"
        renamed_elsewhere()
        assert User.objects.get().display_name == "Nell"
    assert User.objects.get().display_name == "Ann"


def test_control_two_questions_on_their_own_see_two_instants(renamed_elsewhere):
    UserFactory(display_name="Nell")
    assert User.objects.get().display_name == "Nell"
    renamed_elsewhere()
    assert User.objects.get().display_name == "Ann"


def test_nothing_can_be_written_inside():
    with pytest.raises(InternalError, match="read-only transaction"), one_moment():
        UserFactory()
    assert not User.objects.exists()
    assert not connection.in_atomic_block
