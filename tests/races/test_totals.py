"""Two who change cost lines of one project at once: its sum misses neither."""

from __future__ import annotations

import pytest
from django.db import OperationalError, connections, transaction

from civicfund.projects.models import CostLine, Project
from tests.factories.projects import ProjectFactory

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def add(project, position, amount_minor, using="default"):
    CostLine.objects.using(using).create(
        project_id=project.pk, position=position, label="Part", amount_minor=amount_minor
    )


def test_whoever_comes_second_waits_and_then_counts_the_first_as_well():
    project, other = ProjectFactory(cost_minor=500), ProjectFactory(cost_minor=500)
    with transaction.atomic():
        add(project, 2, 40)
        with transaction.atomic(using="owner"):
            with connections["owner"].cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '200ms'")
            add(other, 2, 40, "owner")  # the control: another project's waits for nobody
            waits = pytest.raises(OperationalError, match="lock timeout")
            with waits, transaction.atomic(using="owner"):
                add(project, 3, 3, "owner")
    add(project, 3, 3, "owner")
    totals = Project.objects.order_by("pk").values_list("total_minor", flat=True)
    assert list(totals) == [543, 540]
    connections["owner"].close()
