"""Who is mailed the root of a vote at its close."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from budgeting.models import Board
from budgeting.selectors import told_nobody, told_the_root
from budgeting.services.closing import close_cycle
from civicfund.audit.services import db_now
from civicfund.notices.models import Message
from civicfund.people.enums import Role
from civicfund.people.models import RoleGrant, User
from civicfund.people.selectors import people_with_since
from civicfund.people.services import grant_role, revoke_role
from civicfund.town.selectors.laws import alarms
from tests.factories.budgeting import administrator, end_voting, running_cycle
from tests.factories.people import UserFactory
from tests.signing_in import sign_in_with_second_factor

pytestmark = pytest.mark.django_db


def holder(role, **fields):
    person = UserFactory(**fields)
    grant_role(person, role, by=None)
    return person


def close_now(cycle):
    end_voting(cycle)
    close_cycle(cycle)


def told():
    return {each.recipient for each in Message.objects.filter(kind="board_closed")}


def take_everything():
    """As one superuser could, minutes before the close."""
    root = UserFactory(is_superuser=True, is_staff=True)
    for grant in RoleGrant.objects.all():
        revoke_role(grant.user, Role(grant.role), by=root)


def test_those_who_lost_the_role_since_the_opening_are_told_the_root():
    watcher, certifier = holder(Role.OBSERVER), holder(Role.CERTIFIER)
    cycle, _ = running_cycle()
    late = holder(Role.OBSERVER)
    take_everything()
    close_now(cycle)
    assert {watcher, certifier, late} <= told()
    assert told_the_root(cycle) == len(told())
    [message] = Message.objects.filter(kind="board_closed", recipient=watcher)
    assert message.context["root"] == Board.objects.get(pk=cycle.pk).root


def test_who_lost_it_before_the_opening_holds_another_role_or_is_gone_is_not_told():
    before, clerk = holder(Role.OBSERVER), holder(Role.CLERK)
    gone = holder(Role.OBSERVER)
    revoke_role(before, Role.OBSERVER, by=None)
    cycle, _ = running_cycle()
    take_everything()
    User.objects.filter(pk=gone.pk).update(is_active=False)
    close_now(cycle)
    assert not {before, clerk, gone} & told()


def test_a_role_taken_past_the_service_silences_nobody():
    watcher = holder(Role.OBSERVER)
    cycle, _ = running_cycle()
    RoleGrant.objects.all().delete()
    close_now(cycle)
    assert watcher in told()


def test_a_role_that_was_taken_and_given_again_before_counts():
    watcher = holder(Role.OBSERVER)
    revoke_role(watcher, Role.OBSERVER, by=None)
    grant_role(watcher, Role.OBSERVER, by=None)
    assert list(people_with_since([Role.OBSERVER], db_now())) == [watcher]


def test_to_ask_who_watched_takes_two_questions_however_many_did():
    counts, now = [], db_now()
    for _ in range(2):
        for _ in range(2):
            holder(Role.OBSERVER)
        with CaptureQueriesContext(connection) as queries:
            list(people_with_since([Role.OBSERVER], now))
        counts.append(len(queries))
    assert counts == [2, 2]


ALARM = "closed votes whose root was mailed to nobody"


def alarm():
    return next(number for name, number in alarms().items() if name.startswith(ALARM))


def test_where_nobody_is_told_the_desk_and_the_health_page_warn(client):
    cycle, _ = running_cycle()
    RoleGrant.objects.all().delete()
    User.objects.update(is_active=False)
    assert alarm() == 0
    close_now(cycle)
    assert not told()
    assert (told_the_root(cycle), told_nobody(), alarm()) == (0, [cycle], 1)
    sign_in_with_second_factor(client, administrator())
    page = client.get(reverse("cycle_desk", args=[cycle.slug])).content.decode()
    assert "The root was mailed to nobody" in page


def test_the_desk_says_how_many_were_told(client):
    holder(Role.OBSERVER)
    cycle, _ = running_cycle()
    close_now(cycle)
    assert alarm() == 0
    sign_in_with_second_factor(client, administrator())
    page = client.get(reverse("cycle_desk", args=[cycle.slug])).content.decode()
    assert f"The root was mailed to {len(told())} people" in page
