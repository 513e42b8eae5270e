"""What a project takes each year, how long it lasts, and where it is in words."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from civicfund.projects.models import Project
from tests.factories.people import UserFactory
from tests.factories.projects import ProjectFactory
from tests.projects.test_pages import place, proposer, typed  # noqa: F401

pytestmark = pytest.mark.django_db


def test_running_cost_lifetime_and_address_are_kept_and_shown(client, proposer, place):  # noqa: F811
    said = {"running": "120.50", "lifetime_years": "20", "address": "Mill Lane 12"}
    client.post(reverse("project_new"), typed(publish="yes", **said))
    project = Project.objects.get()
    assert (project.running_minor, project.lifetime_years) == (12_050, 20)
    assert project.lifetime_minor == 241_000
    page = client.get(project.get_absolute_url()).content.decode()
    for words in ("Mill Lane 12", "120.50", "20 years", "2,410"):
        assert words in page


def test_nothing_a_year_is_an_answer_and_not_the_same_as_not_said(client, proposer, place):  # noqa: F811
    client.post(reverse("project_new"), typed(save="yes", running="0"))
    assert Project.objects.get().running_minor == 0
    client.post(reverse("project_new"), typed(save="yes", title="Another"))
    assert Project.objects.get(title="Another").running_minor is None


@pytest.mark.parametrize(
    ("field", "value"), [("running", "-1"), ("lifetime_years", "0"), ("lifetime_years", "201")]
)
def test_what_cannot_be_is_refused_and_kept_as_typed(client, proposer, place, field, value):  # noqa: F811
    answer = client.post(reverse("project_new"), typed(save="yes", **{field: value}))
    assert answer.status_code == 400
    assert f'value="{value}"' in answer.content.decode()
    assert Project.objects.count() == 0


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ({"running_minor": -1}, "project_running_cost_in_bounds"),
        ({"running_minor": 10**12 + 1}, "project_running_cost_in_bounds"),
        ({"lifetime_years": 0}, "project_lifetime_in_bounds"),
        ({"lifetime_years": 201}, "project_lifetime_in_bounds"),
    ],
)
def test_the_database_refuses_what_cannot_be(change, constraint):
    project = ProjectFactory()
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Project.objects.filter(pk=project.pk).update(**change)


def test_the_api_writes_and_reads_them(client):
    project = ProjectFactory(proposer=UserFactory())
    client.force_login(project.proposer)
    said = {"running_minor": 500, "lifetime_years": 3, "address": "At the pond"}
    address = reverse("api_project", args=[project.pk])
    answer = client.patch(address, said, content_type="application/json")
    assert {name: answer.json()[name] for name in said} == said
