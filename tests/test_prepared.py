"""What is put into SQL once brings what a new queryset would bring."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection, connections
from django.db.models import Sum
from django.test.utils import CaptureQueriesContext

from civicfund import prepared
from civicfund.people.selectors import residencies_on
from civicfund.places.models import Neighborhood
from civicfund.postgres.base import DatabaseWrapper
from civicfund.prepared import (
    FIRST_CHECKED,
    MOST_FORMS,
    THEN_ONE_OF,
    Prepared,
    at_hand,
    hang_on,
    in_all,
)
from civicfund.projects.models import CostLine, Project
from tests.factories.people import ResidencyFactory
from tests.factories.places import NeighborhoodFactory
from tests.factories.projects import ProjectFactory

pytestmark = pytest.mark.django_db


@Prepared
def by_keys(keys, state="ready"):
    rows = Project.objects.filter(pk__in=keys, state=state).select_related("neighborhood")
    return rows.defer("story").with_supports().order_by("-pk")


@Prepared
def by_name(name):
    return Neighborhood.objects.filter(name=name)


@Prepared
def homes(place, day):
    return residencies_on(day).filter(neighborhood=place).values_list("pk", "since")


def test_rows_are_those_of_a_new_queryset_for_any_keys():
    projects = [ProjectFactory() for _ in range(5)]
    keys = [each.pk for each in projects]
    for asked in ([], keys[:1], keys[:2], keys, keys[:2], [*keys, keys[0]], {keys[3]}, tuple(keys)):
        rows = by_keys(asked)
        expected = Project.objects.filter(pk__in=asked, state="ready").order_by("-pk")
        assert rows == list(expected)
        with CaptureQueriesContext(connection) as queries:
            assert all(each.neighborhood.name and each.support_count == 0 for each in rows)
        assert len(queries) == 0
    assert by_keys(keys, state="draft") == []
    assert by_keys.first(keys).pk == keys[-1]
    assert by_keys.first([0]) is None
    assert (by_keys.count(keys), by_keys.count([]), by_keys.count(keys[:2])) == (5, 0, 2)


def test_words_days_and_values_are_keys():
    home = ResidencyFactory()
    NeighborhoodFactory(name="It's 100 % “here”")
    assert [each.name for each in by_name("It's 100 % “here”")] == ["It's 100 % “here”"]
    assert by_name("'; DROP TABLE places_neighborhood; --") == []
    assert homes(home.neighborhood_id, home.since) == [(home.pk, home.since)]
    assert homes(home.neighborhood_id, home.since - timedelta(days=1)) == []


def test_a_key_that_no_row_can_have_finds_nothing():
    assert by_keys([10**30]) == []
    assert by_keys.count([2**63]) == 0


def test_what_is_asked_is_asked_each_time_and_in_one_query():
    [place] = [NeighborhoodFactory(name="Old")]
    assert by_name("Old") == [place]
    Neighborhood.objects.update(name="New")
    with CaptureQueriesContext(connection) as queries:
        assert by_name("Old") == []
    assert len(queries) == 1


def test_forms_of_a_question_are_not_kept_without_end():
    for size in range(1, 2 * MOST_FORMS):
        by_keys(range(size))
    assert len(by_keys._forms) <= MOST_FORMS


def test_what_changes_unseen_is_noticed_wherever_it_is_checked():
    states = iter(["ready", "ready", "draft"])

    @Prepared
    def shifting(key):
        return Project.objects.filter(pk=key, state=next(states))

    assert shifting(1) == []
    with pytest.raises(AssertionError, match="would ask"):
        shifting(1)


def test_what_changes_after_many_calls_is_noticed_before_long():
    state = "ready"

    @Prepared
    def shifting(key):
        return Project.objects.filter(pk=key, state=state)

    for _ in range(FIRST_CHECKED):
        assert shifting(1) == []
    state = "draft"
    with pytest.raises(AssertionError, match="would ask"):
        list(map(shifting, [1] * THEN_ONE_OF))


@pytest.mark.parametrize(
    "question",
    [
        lambda key: Project.objects.filter(pk=key).prefetch_related("supports"),
        lambda key: Project(pk=1).cost_lines.filter(pk=key),
        lambda key: Project.objects.all(),
        lambda key: Project.objects.filter(pk=key + 1),
    ],
)
def test_what_cannot_be_prepared_is_refused(question):
    with pytest.raises(TypeError):
        Prepared(question)(1)


@pytest.mark.parametrize("key", [None, 1.5, True, object()])
def test_only_keys_are_keys(key):
    with pytest.raises(TypeError):
        by_keys([key])


def test_sums_and_what_hangs_on_a_row():
    first, second = ProjectFactory(), ProjectFactory()
    CostLine.objects.all().delete()
    CostLine.objects.create(project=first, position=1, label="Wood", amount_minor=700)
    CostLine.objects.create(project=first, position=2, label="Nails", amount_minor=50)
    summed = Prepared(
        lambda project: in_all(CostLine.objects.filter(project=project), Sum("amount_minor"))
    )
    assert (sum(summed(first.pk)), summed(0) in ([], [None])) == (750, True)
    hang_on([first, second], "cost_lines", CostLine.objects.order_by("pk"), by="project")
    with CaptureQueriesContext(connection) as queries:
        assert [line.label for line in first.cost_lines.all()] == ["Wood", "Nails"]
        assert first.cost_lines.all()[0].project is first
        assert not second.cost_lines.exists()
        at_hand(first, "cost_lines", [])
        assert list(first.cost_lines.all()) == []
    assert len(queries) == 0


@pytest.fixture
def unchecked(monkeypatch):
    """As the site asks, outside of tests."""
    monkeypatch.setattr(Prepared, "checked", False)


@pytest.fixture
def in_web(monkeypatch):
    """A connection as a web process has it."""
    monkeypatch.setattr(DatabaseWrapper, "plans_once", True)
    connection.close()
    yield
    connection.close()


def told_of():
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM pg_prepared_statements")
        return {name for (name,) in cursor.fetchall()}


@pytest.mark.django_db(transaction=True)
def test_the_database_is_told_of_a_question_once(unchecked):
    projects = [ProjectFactory() for _ in range(3)]
    keys = [each.pk for each in projects]
    assert by_keys(keys) == projects[::-1]
    told = told_of()
    for asked in (keys, keys[::-1], [*keys[:2], 0]):
        with CaptureQueriesContext(connection) as queries:
            assert len(by_keys(asked)) == sum(1 for key in asked if key)
        [query] = queries
        assert query["sql"].startswith("EXECUTE asked_")
    assert (told_of(), by_keys.count(keys)) == (told, 3)


@pytest.mark.django_db(transaction=True)
def test_in_a_web_process_the_database_plans_a_question_once_for_any_keys(unchecked, in_web):
    keys = [ProjectFactory().pk for _ in range(3)]
    for asked in (keys, keys[::-1], [*keys[:2], 0]):
        by_keys(asked)
    with connection.cursor() as cursor:
        cursor.execute("SELECT generic_plans, custom_plans FROM pg_prepared_statements")
        assert cursor.fetchall() == [(3, 0)]


@pytest.mark.django_db(transaction=True)
def test_a_server_is_told_of_so_many_questions_at_most(unchecked, monkeypatch):
    monkeypatch.setattr(prepared, "MOST_TOLD", 5)
    prepared.forget(connection)
    project = ProjectFactory()
    for size in range(1, 20):
        assert by_keys([project.pk, *range(-size, 0)]) == [project]
        assert len(told_of()) <= 5


def test_within_a_transaction_a_question_is_asked_in_full(unchecked):
    project = ProjectFactory()
    connection.connection.execute("DEALLOCATE ALL")  # would be an error that nothing comes after
    with CaptureQueriesContext(connection) as queries:
        assert (by_keys([project.pk]), by_keys.count([project.pk])) == ([project], 1)
    assert all(query["sql"].startswith("SELECT") for query in queries)
    connection.told.clear()


@pytest.mark.django_db(transaction=True)
def test_a_server_that_has_forgotten_is_asked_in_full(unchecked):
    project = ProjectFactory()
    assert by_keys([project.pk]) == [project]
    connection.connection.execute("DEALLOCATE ALL")
    assert by_keys([project.pk]) == [project]
    assert by_keys.count([project.pk]) == 1


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_a_table_that_a_release_has_changed_meanwhile_is_read(unchecked):
    home = NeighborhoodFactory(name="Wide")
    assert by_name("Wide") == [home]
    with connections["owner"].cursor() as owner:
        owner.execute("ALTER TABLE places_neighborhood ALTER COLUMN name TYPE varchar(121)")
        try:
            assert by_name("Wide") == [home]
        finally:
            owner.execute("ALTER TABLE places_neighborhood ALTER COLUMN name TYPE varchar(120)")
    assert by_name("Wide") == [home]
