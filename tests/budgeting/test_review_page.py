"""What the page of a review shows of a project: all that its own page does."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from budgeting.services.proposals import submit_proposal
from civicfund.projects.enums import FileKind
from civicfund.projects.models import CostLine, ProjectFile
from tests.budgeting.test_changing_pots import HOUR, entered, two_pots
from tests.factories.budgeting import administrator
from tests.factories.projects import ProjectFactory
from tests.factories.reviews import reviewer
from tests.signing_in import sign_in_with_second_factor

pytestmark = pytest.mark.django_db


def shown(client, proposal):
    with CaptureQueriesContext(connection) as queries:
        page = client.get(reverse("review", args=[proposal.cycle.slug, proposal.pk]))
    assert page.status_code == 200
    return page.content.decode(), len(queries)


def file_of(project, kind, words):
    size = {"width": 40, "height": 30} if kind == FileKind.PICTURE else {}
    return ProjectFile.objects.create(
        project=project, kind=kind, words=words, size=1000, added_by=project.proposer, **size
    )


def test_a_review_shows_all_that_the_project_says_in_as_many_queries(client):
    cycle, place = two_pots()
    bare = entered(cycle, place)
    CostLine.objects.filter(project=bare.project).delete()
    project = ProjectFactory(
        neighborhood=place, story="**Shade** for all.", address="Quay 4", latitude=1.5,
        longitude=2.25, running_minor=120_00, lifetime_years=15,
    )  # fmt: skip
    whole = submit_proposal(project, cycle.pots.get(name="Whole town"), by=administrator())
    for n in range(3):
        file_of(project, FileKind.PICTURE, f"The square, {n}")
        file_of(project, FileKind.PDF, f"The permit, {n}")
        CostLine.objects.create(project=project, position=5 + n, label=f"x{n}", amount_minor=1)
    sign_in_with_second_factor(client, reviewer())
    shown(client, bare)
    _page, few = shown(client, bare)
    page, many = shown(client, whole)
    assert few == many
    for words in (
        "<strong>Shade</strong> for all.", "Quay 4", "Latitude 1.50000, longitude 2.25000",
        'alt="The square, 2"', "The permit, 2", "15 years", "Running cost a year",
        "0 people support it.", "data-map-canvas",
    ):  # fmt: skip
        assert words in page, words


def test_a_review_shows_how_many_supports_it_has_of_those_that_its_pot_needs(client):
    cycle, place = two_pots(supports=3, supporting=(-HOUR, HOUR))
    proposal = entered(cycle, place)
    sign_in_with_second_factor(client, reviewer())
    assert "0 of 3 supports, 3 to go" in shown(client, proposal)[0]
