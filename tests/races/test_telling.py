"""Two sweeps that tell the same fact at once give one notice to each follower."""

from __future__ import annotations

from threading import Barrier

import pytest
from django.db import IntegrityError

from civicfund.talk.enums import NewsKind, SubjectKind
from civicfund.talk.models import Fact, News
from civicfund.talk.services import facts, follow
from civicfund.talk.services.facts import Happened, tell_facts
from tests.factories.people import UserFactory
from tests.factories.projects import ProjectFactory
from tests.factories.talk import about
from tests.races.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


@pytest.fixture
def told_by_two(monkeypatch):
    """What two workers return or raise who both have seen that nobody has told it yet."""
    project = ProjectFactory()
    for _ in range(3):
        person = UserFactory()
        follow(about(project, person), by=person)
    gate, look = Barrier(2), facts._untold

    def both_look(found):
        new = look(found)
        gate.wait(timeout=30)
        return new

    monkeypatch.setattr(facts, "_untold", both_look)
    found = [Happened((SubjectKind.PROJECT, project.pk), NewsKind.GOAL, "made-up:1")]
    return lambda: at_once(2, lambda _n: tell_facts(found))


def test_one_of_two_tells_it(told_by_two):
    assert sorted(told_by_two()) == [0, 1]
    assert (Fact.objects.count(), News.objects.count()) == (1, 3)


def test_told_without_looking_for_the_other_the_database_refuses_one(told_by_two, monkeypatch):
    careless = facts._WRITE_FACTS.replace("ON CONFLICT (source) DO NOTHING", "")
    monkeypatch.setattr(facts, "_WRITE_FACTS", careless)
    got = told_by_two()
    [lost] = [each for each in got if isinstance(each, IntegrityError)]
    assert lost.__cause__.diag.constraint_name == "fact_told_once"
    assert (Fact.objects.count(), News.objects.count()) == (1, 3)
