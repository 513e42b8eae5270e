"""Supporting a project: once per person, counted once."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from civicfund.projects.enums import ProjectState
from civicfund.projects.models import Project, Support
from civicfund.projects.selectors.supports import support_counts, supports_project
from civicfund.projects.services import ProjectError
from civicfund.projects.services.supporting import support_project, withdraw_support
from tests.factories.people import UserFactory
from tests.factories.projects import ProjectFactory

pytestmark = pytest.mark.django_db


def test_supporting_twice_is_once_and_ends_when_one_says_so():
    project, person = ProjectFactory(), UserFactory()
    support_project(project, by=person)
    support_project(project, by=person)
    assert support_counts([project.pk]) == {project.pk: 1}
    withdraw_support(project, by=person)
    withdraw_support(project, by=person)
    assert support_counts([project.pk]) == {project.pk: 0}


def test_whoever_supports_a_project_and_what_was_merged_into_it_counts_once():
    whole = ProjectFactory()
    child = ProjectFactory(state=ProjectState.MERGED, merged_into=whole)
    both, one, other = UserFactory.create_batch(3)
    for project, person in ((whole, both), (child, both), (whole, one), (child, other)):
        Support.objects.create(project=project, person=person)
    assert support_counts([whole.pk]) == {whole.pk: 3}
    assert Project.objects.with_supports().get(pk=whole.pk).support_count == 3
    assert supports_project(other, whole)
    withdraw_support(whole, by=both)
    assert support_counts([whole.pk]) == {whole.pk: 2}


@pytest.mark.parametrize("state", [ProjectState.WITHDRAWN, ProjectState.DRAFT])
def test_what_is_not_public_cannot_be_supported(client, state):
    project, person = ProjectFactory(state=state), UserFactory()
    with pytest.raises(ProjectError, match="cannot be supported"):
        support_project(project, by=person)
    client.force_login(person)
    assert client.post(reverse("project_support", args=[project.pk])).status_code == 404
    assert Support.objects.count() == 0


def test_the_page_supports_and_counts(client):
    project, person = ProjectFactory(), UserFactory()
    client.force_login(person)
    button = reverse("project_support", args=[project.pk])
    page = client.post(button, {"act": "support"}, follow=True).content.decode()
    assert "<strong>1</strong> person supports it." in page
    assert "You are one of them" in page
    assert "1 supports it" in client.get(reverse("projects")).content.decode()
    page = client.post(button, {"act": "withdraw"}, follow=True).content.decode()
    assert "<strong>0</strong> people support it." in page


def test_the_api_supports_and_counts(client):
    project = ProjectFactory()
    client.force_login(UserFactory())
    address = reverse("api_project_support", args=[project.pk])
    assert client.post(address).json()["support_count"] == 1
    assert client.delete(address).json()["support_count"] == 0


def test_the_database_refuses_a_second_support():
    project, person = ProjectFactory(), UserFactory()
    support_project(project, by=person)
    with pytest.raises(IntegrityError, match="support_once"), transaction.atomic():
        Support.objects.create(project=project, person=person)
