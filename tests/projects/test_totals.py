"""The sum of a project's cost lines is kept by the database, whoever writes what."""

from __future__ import annotations

import pytest

from civicfund.projects.models import CostLine, Project
from tests.factories.projects import ProjectFactory

pytestmark = pytest.mark.django_db


def total(project) -> int:
    return Project.objects.values_list("total_minor", flat=True).get(pk=project.pk)


def priced(*amounts: int) -> Project:
    project = ProjectFactory()
    project.cost_lines.all().delete()
    CostLine.objects.bulk_create(
        CostLine(project=project, position=n, label="Part", amount_minor=amount)
        for n, amount in enumerate(amounts)
    )
    return project


def test_a_project_costs_what_its_lines_come_to():
    assert total(priced()) == 0
    assert total(priced(3, 40, 500)) == 543


def test_lines_that_change_go_or_move_take_the_sum_along():
    one, other = priced(3, 40), priced(7)
    one.cost_lines.filter(amount_minor=3).update(amount_minor=5)
    assert total(one) == 45
    one.cost_lines.filter(amount_minor=40).update(project=other, position=9)
    assert (total(one), total(other)) == (5, 47)
    one.cost_lines.all().delete()
    assert (total(one), total(other)) == (0, 47)


def test_no_other_sum_can_be_written():
    project = priced(3, 40)
    Project.objects.filter(pk=project.pk).update(total_minor=1)
    assert total(project) == 43
    assert total(ProjectFactory(total_minor=99, cost_minor=7)) == 7


def test_whoever_saves_what_they_read_before_brings_no_old_sum_back():
    read = Project.objects.get(pk=priced(3).pk)
    CostLine.objects.create(project=read, position=2, label="More", amount_minor=40)
    read.title = "Another title"
    read.save()
    assert total(read) == 43


def test_a_list_shows_each_project_with_its_own_sum():
    made = [priced(*amounts).pk for amounts in ((1,), (2, 3), ())]
    found = Project.objects.with_cost().filter(pk__in=made).order_by("pk")
    assert [project.cost_minor for project in found] == [1, 5, 0]
