from __future__ import annotations

import pytest
from django.urls import reverse

from civicfund.people.enums import Role
from civicfund.people.services import grant_role
from civicfund.projects.enums import ProjectState
from civicfund.projects.models import Project
from tests.factories.people import UserFactory
from tests.factories.projects import ProjectFactory
from tests.signing_in import sign_in_with_second_factor

pytestmark = pytest.mark.django_db


@pytest.fixture
def superusers_client(client):
    sign_in_with_second_factor(client, UserFactory(is_staff=True, is_superuser=True))
    return client


def page_of(project: Project, page: str) -> str:
    return reverse(f"admin:projects_project_{page}", args=[project.pk])


def test_a_superuser_looks_at_a_project_and_its_costs(superusers_client):
    project = ProjectFactory(title="Bench", cost_minor=4321)
    page = superusers_client.get(page_of(project, "change")).content.decode()
    assert "Bench" in page
    assert "4321" in page
    assert 'name="title"' not in page


def test_a_superuser_cannot_change_a_projects_state(superusers_client):
    project = ProjectFactory(state=ProjectState.STUB)
    refused = superusers_client.post(page_of(project, "change"), {"state": "ready", "title": "x"})
    assert refused.status_code == 403
    assert Project.objects.get().state == ProjectState.STUB


def test_a_superuser_cannot_delete_a_project(superusers_client):
    project = ProjectFactory()
    assert superusers_client.post(page_of(project, "delete"), {"post": "yes"}).status_code == 403
    listed = reverse("admin:projects_project_changelist")
    chosen = {"action": "delete_selected", "_selected_action": project.pk, "post": "yes"}
    superusers_client.post(listed, chosen)
    assert Project.objects.get() == project


@pytest.mark.parametrize(("role", "status"), [(Role.REVIEWER, 200), (Role.TREASURER, 403)])
def test_only_the_roles_that_need_it_look_at_projects(client, role, status):
    staff = UserFactory()
    grant_role(staff, role, by=None)
    staff.refresh_from_db()
    sign_in_with_second_factor(client, staff)
    answer = client.get(page_of(ProjectFactory(), "change"))
    assert answer.status_code == status
