"""Questions that a large town's pages ask are answered by indexes, whatever the tables hold."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from civicfund.projects.access import authored_by, visible_projects
from civicfund.projects.enums import Part
from civicfund.projects.models import Project
from tests.factories.people import UserFactory
from tests.factories.projects import ProjectFactory

pytestmark = pytest.mark.django_db

READS_ALL = ("Seq Scan on projects_project", "using project_newest")


@pytest.fixture(autouse=True)
def _small_tables_are_not_read_whole():
    """What still is, is so because no index answers."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")


def test_what_somebody_writes_is_found_without_reading_every_project():
    plan = Project.objects.filter(authored_by(UserFactory())).explain()
    assert not any(words in plan for words in READS_ALL), plan


def test_one_project_is_found_without_reading_what_else_is_public():
    plan = visible_projects(UserFactory()).filter(pk=ProjectFactory().pk).explain()
    assert not any(words in plan for words in READS_ALL), plan


def test_who_looks_for_help_is_counted_by_indexes():
    with CaptureQueriesContext(connection) as asked:
        Project.objects.count_wanting()
    [query] = asked
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {query['sql']}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "project_wanting" in plan
    assert not any(words in plan for words in READS_ALL), plan


def test_a_place_by_cost_is_found_by_its_index():
    here = Project.objects.listed().with_cost().filter(neighborhood=ProjectFactory().neighborhood)
    assert "project_by_cost" in here.order_by("-cost_minor", "pk").values("pk").explain()


def test_the_count_is_that_of_what_is_found():
    ProjectFactory(bare=True)
    ProjectFactory(wanted=["hands", "photo"])
    ProjectFactory().cost_lines.all().delete()
    ProjectFactory(story="", latitude=None, longitude=None)
    ProjectFactory()
    assert Project.objects.count_wanting() == Project.objects.wanting().count() == 4
    for part in Part:
        found = Project.objects.wanting(part).count()
        assert Project.objects.count_wanting(part) == found, part
