"""Questions that a large town's pages ask are put so that indexes can answer them."""

from __future__ import annotations

import pytest

from civicfund.projects.access import authored_by, visible_projects
from civicfund.projects.enums import Part
from civicfund.projects.models import Project
from tests.factories.people import UserFactory
from tests.factories.projects import ProjectFactory

pytestmark = pytest.mark.django_db

# A set of ids that is made first, and looked up for each row.
SET = "hashed SubPlan"


def test_what_somebody_writes_is_found_without_looking_at_every_project():
    plan = Project.objects.filter(authored_by(UserFactory())).explain()
    assert SET not in plan


def test_one_project_is_found_without_a_set_of_all_that_is_public():
    plan = visible_projects(UserFactory()).filter(pk=ProjectFactory().pk).explain()
    assert plan.count(SET) == 1  # what one writes


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
